"""Decodes one frame to its innermost TCP or UDP packet, through tunnels. The plain twin of the kernel.

Contract: `decode(link_type, data)` gives a `Packet`, or a `Fragment` (to be put together, then decoded by
`decode_ip`), or a defect word. It never raises, whatever the bytes. Checksums are not looked at: a capture
on the sender's side holds them unfilled. A total length of 0 (segmentation offload) means "to the end".

Sources: RFC 791, RFC 8200 (extension headers), RFC 9293, RFC 768, RFC 2784 and 2890 (GRE), RFC 7348 (VXLAN),
RFC 8926 (Geneve), 3GPP TS 29.281 (GTP-U), RFC 4213 (6in4), RFC 2003 (IP-in-IP), RFC 4380 (Teredo),
RFC 2661 (L2TP), RFC 3931 (L2TPv3).
"""

from __future__ import annotations

from msgspec import Struct

from netminer_detect.kernel.link import IPV4, IPV6, network_packet, peel, ppp_payload

MAX_TUNNELS = 8
TCP, UDP = 6, 17
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION, _MOBILITY = 0, 43, 44, 51, 60, 135
_OPTIONS_LIKE = {_HOP_BY_HOP, _ROUTING, _DESTINATION, _MOBILITY, 139, 140}
_IP_IN_IP = {4: IPV4, 41: IPV6}
_GRE = 47
_GRE_PPP, _ERSPAN_1_2, _ERSPAN_3, _BRIDGED = 0x880B, 0x88BE, 0x22EB, 0x6558
_L2TP_3 = 115
_VXLAN, _GENEVE, _GTP_U, _TEREDO, _L2TP = 4789, 6081, 2152, 3544, 1701

FIN, SYN, RST, PUSH, ACK = 1, 2, 4, 8, 16


class Packet(Struct, frozen=True):
    """The innermost TCP segment or UDP datagram. Addresses are packed (4 or 16 bytes), ports host order.

    `missing` counts payload bytes that the headers promise and the capture does not hold.
    """

    protocol: int
    source: bytes
    destination: bytes
    source_port: int
    destination_port: int
    sequence: int
    flags: int
    payload: bytes
    missing: int
    vlans: tuple[int, ...] = ()
    tunnels: tuple[str, ...] = ()
    acknowledgement: int = 0


class Fragment(Struct, frozen=True):
    """A piece of a fragmented packet: `key` names the packet, `offset` is in bytes."""

    key: tuple[bytes, bytes, int, int]
    offset: int
    more: bool
    data: bytes
    vlans: tuple[int, ...] = ()
    tunnels: tuple[str, ...] = ()


class _Envelope(Struct, frozen=True):
    """What was peeled off around the packet so far."""

    vlans: tuple[int, ...]
    tunnels: tuple[str, ...]

    def inside(self, tunnel: str, vlans: tuple[int, ...] = ()) -> _Envelope:
        return _Envelope(self.vlans + vlans, (*self.tunnels, tunnel))


Decoded = Packet | Fragment | str


def decode(link_type: int, data: bytes) -> Decoded:
    """Decode a frame. A string is a defect word (see `link`), or "tunnel_depth", "not_tcp_udp"."""
    peeled = network_packet(link_type, data)
    if isinstance(peeled, str):
        return peeled
    ethertype, at, vlans = peeled
    try:
        return _ip(ethertype, data, at, _Envelope(vlans, ()))
    except IndexError:
        return "truncated"


def decode_payload(protocol: int, fragment: Fragment, payload: bytes) -> Decoded:
    """Decode a packet put together from fragments; `fragment` is any of them."""
    source, destination = fragment.key[:2]
    envelope = _Envelope(fragment.vlans, fragment.tunnels)
    try:
        return _transport(protocol, payload, 0, len(payload), source, destination, envelope)
    except IndexError:
        return "truncated"


def _u16(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]


def _ip(ethertype: int, data: bytes, at: int, envelope: _Envelope) -> Decoded:
    if len(envelope.tunnels) > MAX_TUNNELS:
        return "tunnel_depth"
    if ethertype == IPV4 and data[at] >> 4 == 4:
        return _ipv4(data, at, envelope)
    if ethertype == IPV6 and data[at] >> 4 == 6:
        return _ipv6(data, at, envelope)
    return "not_ip"


def _ipv4(data: bytes, at: int, envelope: _Envelope) -> Decoded:
    header = (data[at] & 0x0F) * 4
    if header < 20 or at + header > len(data):
        return "truncated"
    total = _u16(data, at + 2)
    end = at + total if total else len(data)
    if total and total < header:
        return "ip_length"
    source, destination = data[at + 12 : at + 16], data[at + 16 : at + 20]
    protocol, fragment = data[at + 9], _u16(data, at + 6)
    if fragment & 0x3FFF:
        key = (source, destination, _u16(data, at + 4), protocol)
        piece = data[at + header : end]
        return Fragment(key, (fragment & 0x1FFF) * 8, bool(fragment & 0x2000), piece, envelope.vlans, envelope.tunnels)
    return _transport(protocol, data, at + header, end, source, destination, envelope)


def _ipv6(data: bytes, at: int, envelope: _Envelope) -> Decoded:
    if at + 40 > len(data):
        return "truncated"
    length, protocol = _u16(data, at + 4), data[at + 6]
    source, destination = data[at + 8 : at + 24], data[at + 24 : at + 40]
    end = at + 40 + length if length else len(data)
    at += 40
    for _ in range(16):
        if protocol in _OPTIONS_LIKE:
            protocol, at = data[at], at + 8 + data[at + 1] * 8
        elif protocol == _AUTHENTICATION:
            protocol, at = data[at], at + 8 + data[at + 1] * 4
        elif protocol == _FRAGMENT:
            after, where = data[at], _u16(data, at + 2)
            if where & 0xFFF9:
                identity = int.from_bytes(data[at + 4 : at + 8], "big")
                piece = data[at + 8 : end]
                key = (source, destination, identity, after)
                return Fragment(key, where & 0xFFF8, bool(where & 1), piece, envelope.vlans, envelope.tunnels)
            protocol, at = after, at + 8
        else:
            return _transport(protocol, data, at, end, source, destination, envelope)
    return "not_tcp_udp"


def _transport(
    protocol: int, data: bytes, at: int, end: int, source: bytes, destination: bytes, envelope: _Envelope
) -> Decoded:
    held = min(end, len(data))
    acknowledgement = 0
    if protocol == TCP:
        offset = (data[at + 12] >> 4) * 4
        if offset < 20:
            return "tcp_header"
        start = at + offset
        sequence = int.from_bytes(data[at + 4 : at + 8], "big")
        flags = data[at + 13]
        if flags & ACK:
            acknowledgement = int.from_bytes(data[at + 8 : at + 12], "big")
    elif protocol == UDP:
        start, sequence, flags = at + 8, 0, 0
        inner = _udp_tunnel(data, at, held, envelope)
        if inner is not None:
            return inner
        length = _u16(data, at + 4)
        if 8 <= length <= end - at:
            end, held = at + length, min(at + length, len(data))
    elif protocol in _IP_IN_IP:
        return _ip(_IP_IN_IP[protocol], data, at, envelope.inside(_ip_in_ip_name(protocol, source)))
    elif protocol == _GRE:
        return _gre(data, at, envelope)
    elif protocol == _L2TP_3:
        return _l2tp_3(data, at, envelope)
    else:
        return "not_tcp_udp"
    ports = _u16(data, at), _u16(data, at + 2)
    payload = data[start:held]
    missing = max(0, end - max(held, start))
    return Packet(protocol, source, destination, *ports, sequence, flags, payload, missing, envelope.vlans,
                  envelope.tunnels, acknowledgement)


def _ip_in_ip_name(protocol: int, outer_source: bytes) -> str:
    outer = 4 if len(outer_source) == 4 else 6
    inner = 4 if protocol == 4 else 6
    return "ip-in-ip" if outer == inner == 4 else f"{inner}in{outer}"


def _bridged(data: bytes, at: int, envelope: _Envelope) -> Decoded:
    """An Ethernet frame inside a tunnel."""
    peeled = peel(_BRIDGED, data, at)
    if isinstance(peeled, str):
        return peeled
    ethertype, at, vlans = peeled
    return _ip(ethertype, data, at, _Envelope(envelope.vlans + vlans, envelope.tunnels))


def _gre(data: bytes, at: int, envelope: _Envelope) -> Decoded:
    flags, kind = _u16(data, at), _u16(data, at + 2)
    start = at + 4 + 4 * bool(flags & 0x8000) + 4 * bool(flags & 0x2000) + 4 * bool(flags & 0x1000)
    if flags & 7 == 1:  # version 1 carries PPP (RFC 2637), with an acknowledgement field of its own
        start += 4 * bool(flags & 0x0080)
    if kind in (_ERSPAN_1_2, _ERSPAN_3):
        return _erspan(data, start, bool(flags & 0x1000), kind, envelope)
    inside = envelope.inside("gre")
    if kind == _GRE_PPP:
        return _ppp(data, start, inside)
    if kind == _BRIDGED:
        return _bridged(data, start, inside)
    return _ip(kind, data, start, inside)


def _ppp(data: bytes, at: int, envelope: _Envelope) -> Decoded:
    ethertype, at = ppp_payload(data, at)
    return _ip(ethertype, data, at, envelope)


def _l2tp(data: bytes, at: int, envelope: _Envelope) -> Decoded:
    """L2TP over UDP: data messages of version 2 carry PPP, of version 3 what the session was made for."""
    flags = _u16(data, at)
    if flags & 0x8000:
        return "not_tcp_udp"
    if flags & 0x000F == 3:
        return _l2tp_3(data, at + 4, envelope)
    if flags & 0x000F != 2:
        return "not_ip"
    start = at + 6 + 2 * bool(flags & 0x4000) + 4 * bool(flags & 0x0800)
    if flags & 0x0200:
        start += 2 + _u16(data, start)
    return _ppp(data, start, envelope.inside("l2tp"))


def _l2tp_3(data: bytes, at: int, envelope: _Envelope) -> Decoded:
    """A session id, then a cookie of 0, 4 or 8 bytes and perhaps a sublayer of 4, which only the ends know: the
    first reading that gives an Ethernet frame with a whole packet is taken."""
    if data[at : at + 4] == b"\0\0\0\0":
        return "not_tcp_udp"
    for skip in (4, 8, 12, 16):
        try:
            inner = _bridged(data, at + skip, envelope.inside("l2tp-3"))
        except IndexError:
            break
        if not isinstance(inner, str):
            return inner
    return "not_ip"


def _erspan(data: bytes, at: int, sequenced: bool, kind: int, envelope: _Envelope) -> Decoded:
    """ERSPAN: type I has no header and no GRE sequence, II has 8 bytes, III 12 and 8 more with the O bit."""
    if kind == _ERSPAN_3:
        skip = 20 if data[at + 11] & 1 else 12
        return _bridged(data, at + skip, envelope.inside("erspan-3"))
    if sequenced:
        return _bridged(data, at + 8, envelope.inside("erspan-2"))
    return _bridged(data, at, envelope.inside("erspan-1"))


def _udp_tunnel(data: bytes, at: int, end: int, envelope: _Envelope) -> Decoded | None:
    """The inner packet where a UDP datagram is a tunnel: by port and by a header that fits; else None."""
    ports = {_u16(data, at), _u16(data, at + 2)}
    start, inner = at + 8, None
    if end - start < 20:
        return None
    if _VXLAN in ports and data[start] & 0x08 and data[start + 7] == 0:
        inner = _bridged(data, start + 8, envelope.inside("vxlan"))
    elif _GENEVE in ports and data[start] >> 6 == 0:
        inside, kind = envelope.inside("geneve"), _u16(data, start + 2)
        after = start + 8 + (data[start] & 0x3F) * 4
        inner = _bridged(data, after, inside) if kind == _BRIDGED else _ip(kind, data, after, inside)
    elif _GTP_U in ports and data[start] >> 5 == 1 and data[start + 1] == 0xFF:
        inner = _gtp(data, start, envelope.inside("gtp-u"))
    elif _L2TP in ports:
        inner = _l2tp(data, start, envelope)
    elif _TEREDO in ports:
        inner = _teredo(data, start, envelope.inside("teredo"))
    return None if isinstance(inner, str) else inner


def _gtp(data: bytes, at: int, envelope: _Envelope) -> Decoded:
    """GTP-U: 8 bytes, 4 more where any of E, S, PN is set, then extension headers while E asks."""
    flags, start = data[at], at + 8
    if flags & 7:
        kind, start = data[at + 11], at + 12
        for _ in range(16):
            if not flags & 4 or kind == 0:
                break
            size = data[start] * 4
            if size == 0:
                return "not_ip"
            kind, start = data[start + size - 1], start + size
    return _ip({4: IPV4, 6: IPV6}.get(data[start] >> 4, 0), data, start, envelope)


def _teredo(data: bytes, at: int, envelope: _Envelope) -> Decoded:
    """IPv6 behind an optional authentication (00 01) and origin indication (00 00)."""
    if _u16(data, at) == 1:
        at += 13 + data[at + 2] + data[at + 3]
    if _u16(data, at) == 0:
        at += 8
    return _ip(IPV6, data, at, envelope)
