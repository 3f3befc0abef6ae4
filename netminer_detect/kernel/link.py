"""Peels link layers: from a frame's first byte to its network packet.

Contract: `network_packet(link_type, data)` gives (EtherType, offset, VLAN ids) of what the frame carries,
or a defect word: "link_type" (unknown to us), "truncated", "not_ip". It never raises.

Link types are those of tcpdump.org/linktypes.html. Every layer is peeled inside one bound (MAX_LAYERS), so
a frame of nothing but tags ends.
"""

from __future__ import annotations

from collections.abc import Callable

IPV4, IPV6 = 0x0800, 0x86DD
_ARP_FAMILY = 0x0800
MAX_LAYERS = 16

_VLAN_TAGS = {0x8100, 0x88A8, 0x9100, 0x9200, 0x9300}
_MPLS = {0x8847, 0x8848}
_PPPOE_SESSION, _PROVIDER_BACKBONE, _ETHERNET_BRIDGED = 0x8864, 0x88E7, 0x6558
# PPP protocol numbers (RFC 1332, RFC 5072).
_PPP_TO_ETHERTYPE = {0x0021: IPV4, 0x0057: IPV6, 0x0281: 0x8847, 0x0283: 0x8848}
# Address families of BSD null/loop; IPv6 has a number of its own on each BSD.
_NULL_FAMILIES = {2: IPV4, 10: IPV6, 24: IPV6, 28: IPV6, 30: IPV6}

Peeled = tuple[int, int, tuple[int, ...]]


def _u16(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]


def network_packet(link_type: int, data: bytes) -> Peeled | str:
    """(EtherType, offset of the packet, VLAN ids) or a defect word."""
    first = _FIRST_LAYER.get(link_type)
    if first is None:
        return "link_type"
    try:
        ethertype, at = first(data)
        return peel(ethertype, data, at)
    except IndexError:
        return "truncated"


def peel(ethertype: int, data: bytes, at: int) -> Peeled | str:
    """Peel tags and shims behind an EtherType until a network packet. IndexError where bytes end."""
    vlans: list[int] = []
    for _ in range(MAX_LAYERS):
        if ethertype in (IPV4, IPV6):
            return ethertype, at, tuple(vlans)
        if ethertype in _VLAN_TAGS:
            vlans.append(_u16(data, at) & 0x0FFF)
            ethertype, at = _ethertype_or_llc(data, at + 2)
        elif ethertype in _MPLS:
            ethertype, at = _mpls(data, at)
        elif ethertype == _PPPOE_SESSION:
            ethertype, at = _PPP_TO_ETHERTYPE.get(_u16(data, at + 6), 0), at + 8
        elif ethertype == _PROVIDER_BACKBONE:
            # 802.1ah: a 4-byte service tag, then a whole Ethernet header.
            ethertype, at = _ethernet(data, at + 4)
        elif ethertype == _ETHERNET_BRIDGED:
            ethertype, at = _ethernet(data, at)
        else:
            return "not_ip"
    return "not_ip"


def _ethernet(data: bytes, at: int = 0) -> tuple[int, int]:
    return _ethertype_or_llc(data, at + 12)


def _ethertype_or_llc(data: bytes, at: int) -> tuple[int, int]:
    """An EtherType, or below 1536 an 802.3 length before LLC."""
    value = _u16(data, at)
    return (value, at + 2) if value >= 0x0600 else _llc(data, at + 2)


def _llc(data: bytes, at: int) -> tuple[int, int]:
    """LLC with SNAP (RFC 1042), or with the IP service access point (0x06)."""
    if data[at] == 0xAA and data[at + 1] == 0xAA:
        return _u16(data, at + 6), at + 8
    return (IPV4, at + 3) if data[at] == 0x06 else (0, at)


def _mpls(data: bytes, at: int) -> tuple[int, int]:
    """Skip labels to the bottom of the stack (RFC 3032); what follows tells itself by its first nibble."""
    for _ in range(MAX_LAYERS):
        bottom = data[at + 2] & 1
        at += 4
        if bottom:
            nibble = data[at] >> 4
            if nibble == 4:
                return IPV4, at
            if nibble == 6:
                return IPV6, at
            # A pseudowire: with a control word (first nibble 0, RFC 4385) or bare Ethernet.
            return _ethernet(data, at + 4 if nibble == 0 else at)
    return 0, at


def _raw(data: bytes) -> tuple[int, int]:
    return {4: IPV4, 6: IPV6}.get(data[0] >> 4, 0), 0


def _null(data: bytes) -> tuple[int, int]:
    """BSD null is in the capturing host's byte order, loop in network order: one family has both zeroes."""
    little, big = data[0] | data[1] << 8, _u16(data, 2)
    return _NULL_FAMILIES.get(little or big, 0), 4


def _linux_cooked(data: bytes) -> tuple[int, int]:
    return _u16(data, 14), 16


def _linux_cooked_2(data: bytes) -> tuple[int, int]:
    return _u16(data, 0), 20


def _ppp(data: bytes, at: int = 0) -> tuple[int, int]:
    if data[at] == 0xFF and data[at + 1] == 0x03:
        at += 2
    if data[at] & 1:  # protocol field compression (RFC 1661, 6.5)
        return _PPP_TO_ETHERTYPE.get(data[at], 0), at + 1
    return _PPP_TO_ETHERTYPE.get(_u16(data, at), 0), at + 2


def _cisco_hdlc(data: bytes, at: int = 0) -> tuple[int, int]:
    if data[at] == 0xFF and data[at + 1] == 0x03:
        return _ppp(data, at)
    return _u16(data, at + 2), at + 4


def _frame_relay(data: bytes, at: int = 0) -> tuple[int, int]:
    """Q.922 address (2 to 4 bytes, the last has bit 0 set), then an NLPID (RFC 2427) or Cisco's EtherType."""
    while not data[at] & 1:
        at += 1
    at += 1
    if data[at] == 0x03:
        at += 1
        if data[at] == 0:
            at += 1
        nlpid = data[at]
        if nlpid == 0x80:
            return _u16(data, at + 4), at + 6
        return {0xCC: IPV4, 0x8E: IPV6}.get(nlpid, 0), at + 1
    return _u16(data, at), at + 2


def ppp_payload(data: bytes, at: int) -> tuple[int, int]:
    """(EtherType or 0, offset) of what a PPP frame at `at` carries. IndexError where bytes end."""
    return _ppp(data, at)


def _ieee80211(data: bytes, at: int = 0) -> tuple[int, int]:
    """Unencrypted data frames only; 802.11 fields are little-endian."""
    control, flags = data[at], data[at + 1]
    if control & 0x0C != 0x08 or control & 0x40 or flags & 0x40:
        return 0, at
    size = 30 if flags & 0x03 == 0x03 else 24
    if control & 0x80:  # QoS, and with the order bit an HT control field
        size += 6 if flags & 0x80 else 2
    return _llc(data, at + size)


def _radiotap(data: bytes) -> tuple[int, int]:
    return _ieee80211(data, data[2] | data[3] << 8)


def _prism(data: bytes) -> tuple[int, int]:
    """Prism's 144-byte header, or AVS behind the same link type (magic 8021100x, length at 4)."""
    if data[0] == 0x80 and data[1] == 0x21:
        return _ieee80211(data, _u16(data, 6))
    return _ieee80211(data, 144)


def _ieee80211_avs(data: bytes) -> tuple[int, int]:
    return _ieee80211(data, _u16(data, 6))


def _slip(data: bytes) -> tuple[int, int]:
    """A 16-byte pseudo-header (direction, compressed header), then IP."""
    return _raw_at(data, 16)


def _raw_at(data: bytes, at: int) -> tuple[int, int]:
    return {4: IPV4, 6: IPV6}.get(data[at] >> 4, 0), at


def _arcnet(data: bytes, at: int) -> tuple[int, int]:
    """The protocol byte: RFC 1051's IP has a short header, RFC 1201's one with flag and sequence (7 more bytes
    where the flag says that the packet is an exception). Pieces of split packets are left."""
    if data[at] == 0xF0:
        return IPV4, at + 1
    if data[at] not in (0xD4, 0xC4) or data[at + 1]:
        return 0, at
    return (IPV4 if data[at] == 0xD4 else IPV6), at + 4


def _juniper_ethernet(data: bytes) -> tuple[int, int]:
    """Magic "MGC", flags (0x80: extensions behind their length; 0x02: no Ethernet header follows)."""
    if data[:3] != b"MGC" or data[3] & 0x02:
        return 0, 0
    return _ethernet(data, 6 + _u16(data, 4) if data[3] & 0x80 else 4)


def _switch_tag(size: int) -> Callable[[bytes], tuple[int, int]]:
    """Ethernet with a switch's tag of `size` bytes between the addresses and the EtherType."""
    return lambda data: _ethertype_or_llc(data, 12 + size)


def _pflog(data: bytes) -> tuple[int, int]:
    return _raw_at(data, (data[0] + 3) & ~3)


_FIRST_LAYER: dict[int, Callable[[bytes], tuple[int, int]]] = {
    0: _null,
    1: _ethernet,
    7: lambda data: _arcnet(data, 2),
    8: _slip,
    9: _ppp,
    10: lambda data: _llc(data, 13),
    12: _raw,
    14: _raw,
    50: _ppp,
    51: lambda data: (_PPPOE_SESSION, 0),
    100: lambda data: _llc(data, 0),
    101: _raw,
    104: _cisco_hdlc,
    105: _ieee80211,
    107: _frame_relay,
    108: _null,
    109: lambda data: _raw_at(data, 12),
    113: _linux_cooked,
    117: _pflog,
    119: _prism,
    127: _radiotap,
    129: lambda data: _arcnet(data, 4),
    138: lambda data: (_u16(data, 16), 18),
    163: _ieee80211_avs,
    166: _ppp,
    178: _juniper_ethernet,
    204: lambda data: _ppp(data, 1),
    205: lambda data: _cisco_hdlc(data, 1),
    206: lambda data: _frame_relay(data, 1),
    226: lambda data: _raw_at(data, 24),
    228: lambda data: (IPV4, 0),
    229: lambda data: (IPV6, 0),
    276: _linux_cooked_2,
    281: _switch_tag(4),
    282: lambda data: _ethernet(data, 4),
    284: _switch_tag(4),
    285: _switch_tag(8),
}
