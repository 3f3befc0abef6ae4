"""Proxies in a row, and one that first says no: the pool is the server that the dialect was spoken with."""

from __future__ import annotations

from tests.conversations import load
from tests.dialogue import M, P, found, talk

OPEN = "HTTP/1.1 200 Connection established\r\n\r\n"


def connect(server: str) -> str:
    return f"CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n\r\n"


def dialled(*turns):
    """(name, address, port, proxy, carriers) of the one who mines behind these turns."""
    mines = load("monero_xmrig").lines
    turns += tuple(part for line in mines for part in (M if line.by_client else P, line.data))
    (finding,) = found(talk(*turns, port=8080))
    pool = finding.pool
    return pool.name, pool.ip, pool.port, (pool.via.ip, pool.via.port, pool.via.kind), finding.carriers


def test_a_proxy_behind_a_proxy():
    reached = dialled(M, connect("inner.example:3128"), P, OPEN, M, connect("xmr.example:3333"), P, OPEN)
    assert reached == ("xmr.example", None, 3333, ("203.0.113.9", 8080, "connect"), ["tcp", "connect", "connect"])


def test_socks_behind_a_proxy():
    greeting, asks = b"\x05\x01\x00", b"\x05\x01\x00\x01\xc6\x33\x64\x07\x0d\x05"
    reached = dialled(M, connect("inner.example:1080"), P, OPEN, M, greeting, P, b"\x05\x00", M, asks,
                      P, b"\x05\x00\x00\x01" + bytes(6))
    assert reached[:3] == (None, "198.51.100.7", 3333)


def test_a_proxy_that_refuses_one_server_and_opens_the_next():
    refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    reached = dialled(M, connect("shut.example:3333"), P, refusal, M, connect("open.example:443"), P, OPEN)
    assert reached[:3] == ("open.example", None, 443)


def test_what_a_proxy_is_asked_for_later_changes_nothing():
    asked, answered = (line.data for line in load("getwork_http").lines[:2])
    asked = asked.replace(b"POST / ", b"POST http://pool.example:8332/ ")
    (finding,) = found(talk(M, asked, P, answered, M, connect("other.example:443"), P, OPEN, port=3128))
    assert (finding.pool.name, finding.pool.port) == ("pool.example", 8332)
