"""Frames decoded to their innermost packet: vectors by hand and by dpkt, tunnels, and damage."""

import socket
import struct

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.kernel.packet import TCP, UDP, Fragment, Packet, decode

A, B = socket.inet_aton("10.0.0.1"), socket.inet_aton("203.0.113.9")
A6, B6 = (socket.inet_pton(socket.AF_INET6, a) for a in ("fd00::1", "2001:db8::9"))
BODY = b'{"id":1,"method":"mining.subscribe","params":[]}\n'


def tcp(body=BODY):
    return bytes(dpkt.tcp.TCP(sport=50000, dport=3333, seq=7, flags=0x18, data=body))


def ipv4(payload, protocol=TCP, **fields):
    return bytes(dpkt.ip.IP(src=A, dst=B, p=protocol, data=payload, len=20 + len(payload), **fields))


def ipv6(payload, protocol=TCP):
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + A6 + B6 + payload


def udp(payload, port):
    return struct.pack(">HHHH", 40000, port, 8 + len(payload), 0) + payload


def ethernet(kind, payload):
    return b"\x02" * 6 + b"\x04" * 6 + struct.pack(">H", kind) + payload


IP = ipv4(tcp())
INNER = ethernet(0x0800, IP)
LINKS = {
    "ethernet": (1, INNER, ()),
    "vlan": (1, ethernet(0x8100, b"\x00\x2a\x08\x00" + IP), (42,)),
    "qinq": (1, ethernet(0x88A8, b"\x00\x07\x81\x00\x00\x2a\x08\x00" + IP), (7, 42)),
    "802.1ah": (1, ethernet(0x88E7, bytes(4) + INNER), ()),
    "mpls": (1, ethernet(0x8847, b"\x00\x01\x00\x40\x00\x02\x01\x40" + IP), ()),
    "mpls pseudowire": (1, ethernet(0x8847, b"\x00\x02\x01\x40" + bytes(4) + INNER), ()),
    "pppoe": (1, ethernet(0x8864, b"\x11\x00\x00\x01\x00\x00\x00\x21" + IP), ()),
    "snap": (1, ethernet(len(IP) + 8, b"\xaa\xaa\x03\x00\x00\x00\x08\x00" + IP), ()),
    "raw": (101, IP, ()),
    "null little": (0, b"\x02\0\0\0" + IP, ()),
    "loop big": (108, b"\0\0\0\x02" + IP, ()),
    "cooked": (113, bytes(14) + b"\x08\x00" + IP, ()),
    "cooked 2": (276, b"\x08\x00" + bytes(18) + IP, ()),
    "ppp": (9, b"\xff\x03\x00\x21" + IP, ()),
    "ppp compressed": (50, b"\x21" + IP, ()),
    "hdlc": (104, b"\x0f\x00\x08\x00" + IP, ()),
    "frame relay": (107, b"\x18\x41\x03\xcc" + IP, ()),
    "802.11": (105, b"\x08\x01" + bytes(22) + b"\xaa\xaa\x03\0\0\0\x08\0" + IP, ()),
    "802.11 qos": (105, b"\x88\x01" + bytes(24) + b"\xaa\xaa\x03\0\0\0\x08\0" + IP, ()),
    "radiotap": (127, b"\0\0\x08\0" + bytes(4) + b"\x08\x01" + bytes(22) + b"\xaa\xaa\x03\0\0\0\x08\0" + IP, ()),
    "slip": (8, bytes(16) + IP, ()),
    "arcnet, old": (129, b"\xbe\0\0\0\xf0" + IP, ()),
    "arcnet, new": (7, b"\xbe\0\xd4\0\0\1" + IP, ()),
    "fddi": (10, b"\x50" + bytes(12) + b"\xaa\xaa\3\0\0\0\x08\0" + IP, ()),
    "atm": (100, b"\xaa\xaa\3\0\0\0\x08\0" + IP, ()),
    "enc": (109, bytes(12) + IP, ()),
    "pflog": (117, b"\x3d" + bytes(63) + IP, ()),
    "firewire": (138, bytes(16) + b"\x08\0" + IP, ()),
    "juniper": (178, b"MGC\x80\0\x04ABCD" + INNER, ()),
    "ppp with direction": (204, b"\1\xff\3\0\x21" + IP, ()),
    "hdlc with direction": (205, b"\0\x0f\0\x08\0" + IP, ()),
    "frame relay with direction": (206, b"\0\x18\x41\3\xcc" + IP, ()),
    "ipnet": (226, b"\1\2" + bytes(22) + IP, ()),
    "broadcom tag": (281, INNER[:12] + bytes(4) + INNER[12:], ()),
    "broadcom tag before": (282, bytes(4) + INNER, ()),
    "dsa tag": (284, INNER[:12] + b"\xc0\1\5\x39" + INNER[12:], ()),
    "edsa tag": (285, INNER[:12] + b"\xda\xda\0\0\xc0\1\5\x39" + INNER[12:], ()),
}
TUNNELS = {
    "ip-in-ip": ipv4(IP, 4),
    "6in4": ipv4(ipv6(tcp()), 41),
    "gre": ipv4(b"\x00\x00\x08\x00" + IP, 47),
    "erspan-1": ipv4(b"\x00\x00\x88\xbe" + INNER, 47),
    "erspan-2": ipv4(b"\x10\x00\x88\xbe" + bytes(4) + bytes(8) + INNER, 47),
    "erspan-3": ipv4(b"\x10\x00\x22\xeb" + bytes(4) + bytes(12) + INNER, 47),
    "vxlan": ipv4(udp(b"\x08\0\0\0\0\0\x2a\0" + INNER, 4789), UDP),
    "geneve": ipv4(udp(b"\x01\0\x65\x58\0\0\x2a\0" + bytes(4) + INNER, 6081), UDP),
    "gtp-u": ipv4(udp(b"\x34\xff\0\0\0\0\0\1\0\0\0\x85\x01\0\0\0" + IP, 2152), UDP),
    "l2tp": ipv4(udp(b"\x42\x02\0\0\0\1\0\1\0\2ab\xff\3\0\x21" + IP, 1701), UDP),
    "l2tp-3": ipv4(b"\0\0\0\7cook" + INNER, 115),
    "teredo": ipv4(udp(ipv6(tcp()), 3544), UDP),
}


@pytest.mark.parametrize("name", LINKS)
def test_link_types(name):
    link_type, frame, vlans = LINKS[name]
    packet = decode(link_type, frame)
    assert isinstance(packet, Packet)
    assert (packet.payload, packet.vlans, packet.source, packet.destination_port) == (BODY, vlans, A, 3333)


@pytest.mark.parametrize("name", TUNNELS)
def test_tunnels_are_opened_and_told(name):
    packet = decode(1, ethernet(0x0800, TUNNELS[name]))
    assert isinstance(packet, Packet)
    assert (packet.payload, packet.tunnels) == (BODY, (name,))


def test_4in6():
    assert decode(101, ipv6(IP, 4)).tunnels == ("4in6",)


def test_ipv6_extension_headers():
    extended = struct.pack(">BB6x", 60, 0) + struct.pack(">BB6x", TCP, 0) + tcp()
    assert decode(101, ipv6(extended, 0)).payload == BODY


def test_padding_is_cut_and_offload_length_tolerated():
    assert decode(1, INNER + bytes(30)).payload == BODY
    offload = bytearray(IP)
    offload[2:4] = b"\0\0"
    assert decode(101, bytes(offload)).payload == BODY


def test_snap_length_is_counted():
    packet = decode(101, IP[:-9])
    assert (packet.payload, packet.missing) == (BODY[:-9], 9)


def test_fragments():
    first = decode(101, ipv4(tcp()[:24], id=5, _flags_offset=0x2000))
    assert isinstance(first, Fragment)
    assert (first.offset, first.more, len(first.data)) == (0, True, 24)
    last = decode(101, ipv4(tcp()[24:], id=5, _flags_offset=3))
    assert (last.offset, last.more, last.key) == (24, False, first.key)


def test_tunnels_without_end():
    nested = IP
    for _ in range(40):
        nested = ipv4(nested, 4)
    assert decode(101, nested) == "tunnel_depth"
    assert decode(1, b"\x02" * 12 + b"\x81\x00\x00\x01" * 400) in ("not_ip", "truncated")


SOUND = [frame[:2] for frame in LINKS.values()] + [(101, frame) for frame in TUNNELS.values()] + [(101, ipv6(IP, 4))]


@given(st.sampled_from(SOUND), st.integers(0, 400), st.lists(st.tuples(st.integers(0, 120), st.integers(0, 255))))
def test_damage_never_raises(sound, end, flips):
    link_type, frame = sound
    data = bytearray(frame[:end])
    for where, value in flips:
        if data:
            data[where % len(data)] = value
    assert isinstance(decode(link_type, bytes(data)), (Packet, Fragment, str))
