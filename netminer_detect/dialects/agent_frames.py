"""The binary frames that BTC.com's agent and its pools put between JSON lines.

Contract: `frame_size(head)` gives the size of the frame that begins so, HEADER where the head is too short to
say, None where it is no frame. `read_frame(frame)` gives a whole frame's fields as an object, None where they are
unsound: {"method": "agent.submit_share", "params": {…}}. Layout, numbers little-endian: 7f, command u8, length
u16 of the whole frame, body. Sources: btccom/btcpool docs/AGENT.md, btccom/btcagent.
"""

from __future__ import annotations

import struct
from typing import Any

MAGIC = b"\x7f"
HEADER = 4
_REGISTER, _UNREGISTER, _SET_DIFFICULTY, _ANSWER = 0x01, 0x04, 0x05, 0x10
# Command -> name, and the whole frame's size: fixed for all but two.
_SHARES = {0x02: ("", 0x0F), 0x03: ("t", 0x13), 0x12: ("v", 0x13), 0x13: ("tv", 0x17)}
_LEAST = {_REGISTER: 8, _SET_DIFFICULTY: 7}
_NAMES = {"t": "time", "v": "version"}
# What says nothing of shares (nonces of Ethereum) has a size all the same.
_FIXED = {command: size for command, (_, size) in _SHARES.items()} | {_UNREGISTER: 6, _ANSWER: 10, 0x21: 6, 0x22: 10}
# log2 of a difficulty: beyond 2^64 there is none.
MAX_EXPONENT = 64


def frame_size(head: bytes | bytearray) -> int | None:
    """See the module's contract."""
    if head[:1] != MAGIC:
        return None
    if len(head) < HEADER:
        return HEADER if len(head) < 2 or _is_command(head[1]) else None
    command, size = head[1], int.from_bytes(head[2:4], "little")
    if command in _FIXED:
        return size if size == _FIXED[command] else None
    return size if size >= _LEAST.get(command, 1 << 16) else None


def _is_command(command: int) -> bool:
    return command in _FIXED or command in _LEAST


def read_frame(frame: bytes) -> dict[str, Any] | None:
    """See the module's contract."""
    command, body = frame[1], frame[HEADER:]
    if command in _SHARES:
        return _named("submit_share", _share(body, _SHARES[command][0]))
    if command == _UNREGISTER:
        return _named("unregister_worker", {"session": _u16(body)})
    if command == _ANSWER:
        return _named("answer_share", {"index": _u16(body), "status": int.from_bytes(body[2:], "little")})
    if command == _SET_DIFFICULTY:
        exponent, count = body[0], int.from_bytes(body[1:3], "little")
        sessions = [_u16(body[at : at + 2]) for at in range(3, len(body) - 1, 2)]
        if exponent > MAX_EXPONENT or count != len(sessions):
            return None
        return _named("set_difficulty", {"exponent": exponent, "sessions": sessions})
    if command != _REGISTER:
        return None
    agent, end, worker = body[2:].partition(b"\x00")
    if not end or not worker.endswith(b"\x00"):
        return None
    names = {"agent": agent.decode("utf-8", "replace"), "worker": worker[:-1].decode("utf-8", "replace")}
    return _named("register_worker", {"session": _u16(body), **names})


def _named(name: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"method": f"agent.{name}", "params": params}


def _u16(body: bytes) -> int:
    return int.from_bytes(body[:2], "little")


def _share(body: bytes, extra: str) -> dict[str, Any]:
    job, session, extranonce, nonce, *rest = struct.unpack(f"<BHII{len(extra)}I", body)
    more = {_NAMES[letter]: f"{value:08x}" for letter, value in zip(extra, rest, strict=True)}
    return {"job": job, "session": session, "extranonce2": extranonce, "nonce": f"{nonce:08x}", **more}
