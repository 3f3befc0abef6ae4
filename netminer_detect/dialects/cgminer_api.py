"""cgminer's API on port 4028 and its kin's: bfgminer, sgminer, ccminer, and the firmware of Antminer, Avalon, Braiins,
LuxOS, Vnish and others.

    {"command":"summary"} or {"command":"summary+pools"} or summary|
        -> {"STATUS":[{"STATUS":"S","Code":11,…,"Description":"cgminer 4.11.1"}],"SUMMARY":[{"GHS av":…}],"id":1} and a
        NUL, or STATUS=S,Code=11,…|SUMMARY,MHS av=…| ; then the end

Who answers runs a miner; who asks manages it. ccminer answers in a form of its own: NAME=ccminer;VER=…;ALGO=…;KHS=…|.
Sources: ckolivas/cgminer api.c and API-README, UpstreamData/pyasic rpc/, tpruvot/ccminer api.cpp.
"""

from __future__ import annotations

import re
from typing import ClassVar

from netminer_detect.dialects.binary import Start
from netminer_detect.dialects.device_text import MAX_TEXT, Pairs, first, host_of, rate_of, sections, watts_of
from netminer_detect.marks import Mark
from netminer_detect.observations import DeviceReported, DialectRecognised, Evidence, Observation, Side
from netminer_detect.patterns import pattern
from netminer_detect.work import number

_BLANKS = b" \t\r\n\x00"
_ASKS, _TELLS = b'{"command":"', b'{"STATUS":[{"STATUS":"'
_TEXT_TELLS = (b"STATUS=", b"NAME=ccminer;")
_WORDS = pattern(rb"[a-z][a-z+]{0,200}(?:\|[^|]{0,128})?[|\r\n\x00]{0,3}\Z")
_COMMAND = pattern(rb'"(?:command|cmd)"\s*:\s*"[A-Za-z0-9_.+]{1,128}"')
_CODES = frozenset("SIWEF")
_SHOWN = 200
_WHATSMINER = "whatsminer-api"


def _begins(head: bytes) -> bool | None:
    compact = head.translate(None, _BLANKS)
    for begin in (_ASKS, _TELLS):
        if compact.startswith(begin):
            return True
        if begin.startswith(compact):
            return None
    if any(head.startswith(begin) for begin in _TEXT_TELLS):
        return True
    if any(begin.startswith(head) for begin in _TEXT_TELLS) or _WORDS.match(head):
        return None
    return False


def reported(text: str, evidence: Evidence) -> DeviceReported | None:
    """What a reply tells of its device; None where it is none of this API's."""
    parts = sections(text)
    status = parts.get("STATUS", []) + parts.get("", []) + parts.get("NAME", [])
    if first(status, "NAME") == "ccminer":
        return _ccminer(status, evidence)
    if (first(status, "STATUS") or "") not in _CODES or first(status, "Code", "Msg", "Description") is None:
        return None
    everything = [pairs for group in parts.values() for pairs in group]
    summary, agent = parts.get("SUMMARY", []), first(status, "Description") or first(everything, "Description")
    url, login = _pool(parts.get("POOLS", []) + parts.get("POOL", []))
    pool, port = host_of(url) or (None, None)
    return DeviceReported(
        evidence, agent if agent and re.search(r"[A-Za-z]", agent) else None,
        first(everything, "Type", "PROD", "Model", "MODEL"), pool, port, login,
        rate=rate_of(summary), power_w=watts_of(first(summary, "Power")),
    )  # fmt: skip


def _ccminer(status: list[Pairs], evidence: Evidence) -> DeviceReported:
    rate = number(first(status, "KHS"))
    version, algorithm = first(status, "VER"), first(status, "ALGO")
    return DeviceReported(
        evidence, f"ccminer {version}" if version else None, algorithm=algorithm.lower() if algorithm else None,
        rate=rate * 1000 if rate is not None else None,
    )  # fmt: skip


def _pool(pools: list[Pairs]) -> tuple[str | None, str | None]:
    """URL and user of the pool in use: the active one, else the one of highest priority that lives."""
    best: tuple[int, int, str | None, str | None] | None = None
    for place, pairs in enumerate(pools[:32]):
        pool = [pairs]
        url = first(pool, "URL", "Stratum URL")
        if url is None:
            continue
        active = (first(pool, "Stratum Active") or "").lower() == "true"
        alive = (first(pool, "Status") or "Alive") == "Alive"
        rank = 0 if active else 1 if alive else 2
        if best is None or rank < best[0]:
            best = rank, place, url, first(pool, "User")
    return (None, None) if best is None else best[2:]


class CgminerApi:
    """See the module's contract."""

    NAME: ClassVar[str] = "cgminer-api"

    def __init__(self) -> None:
        self.done = False
        self._texts = {side: bytearray() for side in Side}
        self._speaker: Side | None = None
        self._device: Side | None = None
        self._mark: Mark | None = None

    @staticmethod
    def begins(start: Start) -> bool | None:
        """See `BinaryDialect`. A word alone may be anything: the answer decides."""
        verdicts = [_begins(head) for head in start.heads.values() if head]
        if True in verdicts:
            return True
        return False if False in verdicts else None

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        # A side that speaks again behind the other begins anew.
        found = self._reply(side) if side is not self._speaker else []
        self._speaker = side
        text = self._texts[side]
        text += data[: MAX_TEXT - len(text)]
        self._mark = mark
        if data.rstrip(b"\r\n").endswith(b"\x00"):
            found += self._reply(side)
        return found

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`. Pairs are read one by one: a gap costs those it hides, and the two that it cuts."""
        self._texts[side] += b"\x00"
        return []

    def close(self) -> list[Observation]:
        """See `Reader`."""
        found = [one for side in Side for one in self._reply(side)]
        self.done = True
        return found

    def _reply(self, side: Side) -> list[Observation]:
        """What a side said is whole: a command, or a device's answer."""
        raw, self._texts[side] = bytes(self._texts[side]), bytearray()
        raw = raw.strip(_BLANKS)
        if _COMMAND.search(raw[:1024]) or _WORDS.match(raw.strip()):
            return []
        text = raw.decode("utf-8", "replace")
        if not raw.strip() or self._mark is None:
            return []
        evidence = Evidence(self._mark, Side.SERVER, "device", text.strip("\x00 \r\n")[:_SHOWN])
        seen = self.reported(text, evidence)
        if seen is None:
            return []
        found: list[Observation] = []
        if self._device is None:
            self._device = side
            # WhatsMiner's, where the request that tells was not captured.
            name = _WHATSMINER if seen.agent and seen.agent.startswith("btminer") else self.NAME
            found.append(DialectRecognised(evidence, name, side is Side.CLIENT))
        return [*found, seen] if side is self._device else found

    @staticmethod
    def reported(text: str, evidence: Evidence) -> DeviceReported | None:
        """What a reply tells of its device."""
        return reported(text, evidence)


BINARY_DIALECT = CgminerApi
