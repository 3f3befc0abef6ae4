"""Tells cryptocurrency nodes by their own protocols: what they say is context, never mining.

Contract: a carriers Reader. Bitcoin and its kin: magic of the network u32, command of 12 bytes (ASCII, padded by
NUL), length u32 LE, checksum 4 bytes (Bitcoin's protocol documentation, chainparams.cpp of each coin). Monero's
levin: signature 0121010101010101, length u64 LE, flag, command u32 LE (contrib/epee levin_base.h). Ethereum's
RLPx: the first message of each side is its own length u16 BE, then 04 and an elliptic-curve point (EIP-8). One
message is enough; then the reader is done.
"""

from __future__ import annotations

from msgspec import Struct

from netminer_detect.marks import Mark
from netminer_detect.observations import ContextSeen, Evidence, Observation, Side

MAGICS = {
    b"\xf9\xbe\xb4\xd9": "Bitcoin",
    b"\x0b\x11\x09\x07": "Bitcoin testnet",
    b"\x1c\x16\x3f\x28": "Bitcoin testnet",
    b"\x0a\x03\xcf\x40": "Bitcoin signet",
    b"\xfa\xbf\xb5\xda": "Bitcoin regtest",
    b"\xe3\xe1\xf3\xe8": "Bitcoin Cash",
    b"\xfb\xc0\xb6\xdb": "Litecoin",
    b"\xc0\xc0\xc0\xc0": "Dogecoin",
    b"\xbf\x0c\x6b\xbd": "Dash",
    b"\x24\xe9\x27\x64": "Zcash",
}
LEVIN = b"\x01\x21\x01\x01\x01\x01\x01\x01"
HEADER = 24
_COMMANDS = frozenset({
    b"version", b"verack", b"addr", b"addrv2", b"sendaddrv2", b"inv", b"getdata", b"notfound", b"getblocks",
    b"getheaders", b"headers", b"block", b"tx", b"getaddr", b"mempool", b"ping", b"pong", b"reject", b"alert",
    b"sendheaders", b"feefilter", b"sendcmpct", b"cmpctblock", b"getblocktxn", b"blocktxn", b"merkleblock",
    b"filterload", b"filteradd", b"filterclear", b"wtxidrelay", b"getcfilters", b"cfilter", b"getcfheaders",
    b"cfheaders", b"getcfcheckpt", b"cfcheckpt", b"sendtxrcncl", b"protoconf", b"senddsq", b"mnauth",
})  # fmt: skip


# An RLPx handshake: 65 bytes of key, 16 of initialisation vector, 194 or more of ciphertext, 32 of tag, and 100 to
# 300 bytes of padding (EIP-8).
RLPX = range(200, 1024)


def begins(head: bytes) -> bool:
    """Whether bytes may be the start of a node's protocol; short heads may still turn out otherwise."""
    if any(magic.startswith(head[:4]) for magic in MAGICS) or LEVIN.startswith(head[:8]):
        return True
    return head[:1] in (b"\x00", b"\x01", b"\x02", b"\x03") and head[2:3] in (b"\x04", b"")


def is_rlpx(message: bytes) -> bool:
    """Whether a side's first message is an RLPx handshake: it says its own length."""
    size = int.from_bytes(message[:2], "big")
    return size in RLPX and len(message) == size + 2 and message[2] == 4


def node_of(head: bytes) -> str | None:
    """The coin of a node's message, from its first HEADER bytes; None where it is none."""
    if head[:8] == LEVIN and len(head) >= 17:
        return "Monero"
    coin = MAGICS.get(head[:4])
    if coin is None or len(head) < HEADER:
        return None
    command = head[4:16]
    name = command.rstrip(b"\x00")
    length = int.from_bytes(head[16:20], "little")
    return coin if name in _COMMANDS and length <= 32 * 1024 * 1024 else None


class Nodes(Struct):
    """See the module's contract."""

    done: bool = False
    _client: bytes = b""
    _server: bytes = b""

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        if self.done:
            return []
        before = self._client if side is Side.CLIENT else self._server
        held = before + data[:HEADER]
        coin = "Ethereum" if not before and is_rlpx(data) else node_of(held)
        if coin is not None:
            self.done = True
            evidence = Evidence(mark, side, "node", f"{coin} node message")
            return [ContextSeen(evidence, f"{coin} node", "node")]
        if len(held) >= HEADER:
            self.done = True
        elif side is Side.CLIENT:
            self._client = held
        else:
            self._server = held
        return []

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`."""
        self.done = True
        return []

    def close(self) -> list[Observation]:
        """See `Reader`."""
        return []
