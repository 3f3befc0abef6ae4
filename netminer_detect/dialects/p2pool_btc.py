"""Bitcoin's P2Pool: its nodes among themselves, a pool without an operator.

    message: prefix 8 bytes (2472ef181efcd37b on Bitcoin's main chain), command 12 bytes (padded by NUL), length u32 LE,
    checksum 4 bytes, payload
    version: version u32, services u64, two addresses of 26 bytes, nonce u64, sub-version (length u8 and text), mode, …

Both ends say version and answer with shares of their own chain; who mines behind which is not told. The prefix, not the
port, decides: 9333 is Litecoin's, too. Source: p2pool/p2pool p2pool/p2p.py, networks/bitcoin.py.
"""

from __future__ import annotations

from typing import ClassVar

from netminer_detect.dialects.binary import Frames, Start
from netminer_detect.marks import Mark
from netminer_detect.observations import (
    CoinHinted,
    DialectRecognised,
    Evidence,
    NetworkJoined,
    Observation,
    Side,
)

PREFIX = bytes.fromhex("2472ef181efcd37b")
_HEAD = 28
_SUBVERSION = _HEAD + 4 + 8 + 26 + 26 + 8
_COMMANDS = frozenset({
    b"version", b"ping", b"addrme", b"addrs", b"getaddrs", b"shares", b"sharereq", b"sharereply", b"bestblock",
    b"have_tx", b"losing_tx", b"remember_tx", b"forget_tx",
})  # fmt: skip


def _size_of(head: bytes) -> int | None:
    if len(head) < _HEAD:
        return None if PREFIX.startswith(head[:8]) or head[:8] == PREFIX else 0
    known = head[:8] == PREFIX and head[8:20].rstrip(b"\x00") in _COMMANDS
    return _HEAD + int.from_bytes(head[20:24], "little") if known else 0


def _begins(head: bytes) -> bool | None:
    return head[:8] == PREFIX if len(head) >= 8 else (None if PREFIX.startswith(head) else False)


class P2PoolBtc:
    """See the module's contract."""

    NAME: ClassVar[str] = "p2pool-btc"

    def __init__(self) -> None:
        self.done = False
        self._frames = {side: Frames(_size_of) for side in Side}
        self._spoke: set[Side] = set()

    @staticmethod
    def begins(start: Start) -> bool | None:
        """See `BinaryDialect`."""
        return start.any(_begins)

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        found: list[Observation] = []
        for frame in self._frames[side].feed(data):
            command = frame[8:20].rstrip(b"\x00").decode()
            evidence = Evidence(mark, side, command, f"P2Pool {command} ({len(frame)} bytes)")
            if not self._spoke:
                found += [DialectRecognised(evidence, self.NAME), CoinHinted(evidence, "BTC", "sha256d", "dialect")]
            agent = _subversion(frame) if command == "version" and side is Side.CLIENT else None
            if side not in self._spoke or agent:
                found.append(NetworkJoined(evidence, agent))
            self._spoke.add(side)
        return found

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`."""
        self._frames[side].gap(size)
        return []

    def close(self) -> list[Observation]:
        """See `Reader`."""
        self.done = True
        return []


def _subversion(frame: bytes) -> str | None:
    size = frame[_SUBVERSION] if len(frame) > _SUBVERSION else 0
    text = frame[_SUBVERSION + 1 : _SUBVERSION + 1 + size]
    return text.decode("utf-8", "replace") if 0 < len(text) == size < 128 else None


BINARY_DIALECT = P2PoolBtc
