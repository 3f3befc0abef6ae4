"""Duino-Coin: text, mostly without ends of lines from the miner; the server speaks first.

    server 3.0                                   (its version)
    client MOTD                                  -> a greeting
    client JOB,user,LOW,key                      -> 40 hex,40 hex,difficulty
    client result,rate,software,rig,chip,id      -> GOOD, BLOCK (good, and a block) or BAD,why

A miner counts up until the SHA-1 fits: a result is exactly result + 1 hashes. The rate is a claim. Messages of the
miner end where the server speaks. Also in WebSocket. Source: revoxhere/duino-coin PC_Miner.py.
"""

from __future__ import annotations

import re
from collections import deque
from fractions import Fraction
from typing import ClassVar

from netminer_detect.dialects.answers import MAX_REASON
from netminer_detect.dialects.binary import Start
from netminer_detect.marks import Mark
from netminer_detect.observations import (
    CoinHinted,
    DialectRecognised,
    Evidence,
    HandshakeAnswered,
    HandshakeAsked,
    JobAssigned,
    Observation,
    RateClaimed,
    ShareAnswered,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.patterns import pattern
from netminer_detect.work import number

ALGORITHM = "duco-s1"
MAX_TEXT, MAX_WAITING = 1024, 64
_JOB_ASKED = pattern(rb"JOB(XX)?,([^,\s]{1,64})(?:,([A-Z0-9_]{1,16}))?(?:,([^,\s]{0,64}))?(?:,[^,\s]{0,32})?\s*\Z")
# Program and rig are told where another field follows: what ends the message may be cut.
_RESULT = pattern(rb"(\d{1,12}),([0-9.]{0,20})(?:,([^,]{0,64})(?=,))?(?:,([^,]{0,64})(?=,))?(?:,[^,]{0,64}){0,4}\s*\Z")
_JOB = pattern(rb"([0-9a-f]{40}),([0-9a-f]{40}),(\d{1,9})\s*\Z")
# What a server says first, perhaps with a greeting behind it.
_VERSION = pattern(rb"\d{1,2}(?:\Z|\.(?:\Z|\d{1,2}(?:\Z|[^\d.])))")
_ASKS, _GREETS = b"JOB", b"MOTD"
_LEVELS = frozenset({"LOW", "MEDIUM", "NET", "EXTREME", "AVR", "DUE", "MEGA", "ARM", "PICO", "ESP8266", "ESP8266H",
                     "ESP8266N", "ESP8266NH", "ESP32", "ESP32S", "ESP32C"})  # fmt: skip


def _asked(text: bytes) -> re.Match[bytes] | None:
    return _JOB_ASKED.match(text.removeprefix(_GREETS).lstrip())


def _begins(head: bytes) -> bool | None:
    """A miner's first words, or a job in the middle; None while it may become one, or is but a version."""
    text = head.removeprefix(_GREETS).lstrip()
    if re.match(rb"JOB(?:XX)?,[^,\s]+,", text) or re.match(rb"[0-9a-f]{40},[0-9a-f]{40},\d", head):
        return True
    asks = text.startswith((b"JOB,", b"JOBXX,")) and len(text) < 70 and text.isascii()
    if asks or _VERSION.match(head) or any(word.startswith(head) for word in (_GREETS, _ASKS + b"XX,", _ASKS + b",")):
        return None
    if re.fullmatch(rb"[0-9a-f]{1,40}(?:,[0-9a-f]{0,40},?)?", head):
        return None
    return None if head.startswith(_GREETS) and (_ASKS + b",").startswith(text[:4]) else False


class DuinoCoin:
    """See the module's contract."""

    NAME: ClassVar[str] = "duino-coin"

    def __init__(self) -> None:
        self.done = False
        self._texts = dict.fromkeys(Side, b"")
        self._marks: dict[Side, Mark] = {}
        self._swapped: bool | None = None
        self._before: tuple[Side, bytes, Mark] | None = None
        self._asked = False
        self._user: str | None = None
        # (user, program, rig) of those that are told.
        self._rigs: set[tuple[str, str | None, str | None]] = set()
        self._algorithm: str | None = None
        self._waiting: deque[int] = deque(maxlen=MAX_WAITING)
        self._shares = 0

    @staticmethod
    def begins(start: Start) -> bool | None:
        """See `BinaryDialect`. One side alone may hold it open: a version, or the miner's first words."""
        verdicts = [_begins(head) for head in start.heads.values() if head]
        if True in verdicts:
            return True
        return False if False in verdicts else None

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        found = self._flush(side.other)
        held = self._texts[side]
        if held and (data.startswith((b"JOB", _GREETS)) or _RESULT.match(data)):
            found += self._flush(side)  # the server's side is not in the capture: packets end messages
        *lines, rest = (self._texts[side] + data).split(b"\n")
        self._marks[side] = mark
        for line in lines:
            found += self._line(side, line[:MAX_TEXT], mark)
        self._texts[side] = rest[:MAX_TEXT]
        return found

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`."""
        self._texts = dict.fromkeys(Side, b"")
        self._waiting.clear()
        return []

    def close(self) -> list[Observation]:
        """See `Reader`."""
        found = [one for side in Side for one in self._flush(side)]
        self.done = True
        return found

    def _flush(self, side: Side) -> list[Observation]:
        text, self._texts[side] = self._texts[side], b""
        return self._line(side, text, self._marks[side]) if text else []

    def _line(self, side: Side, text: bytes, mark: Mark) -> list[Observation]:
        if self._swapped is None:
            return self._recognise(side, text, mark)
        asked, job = _asked(text), _JOB.search(text)
        found: list[Observation] = []
        if (side is Side.CLIENT) is not self._swapped:
            if asked is not None:
                return found + self._ask(asked, mark)
            result = _RESULT.match(text)
            return found + (self._submit(result, mark) if result is not None else [])
        evidence = Evidence(mark, Side.SERVER, "job" if job else "answer", text[:200].decode("utf-8", "replace"))
        if job is not None:
            difficulty = number(job[3].decode())
            return [*found, HandshakeAnswered(evidence, True),
                    JobAssigned(evidence, job[2].decode(), None, difficulty, self._algorithm)]
        return found + self._answer(text, evidence)

    def _recognise(self, side: Side, text: bytes, mark: Mark) -> list[Observation]:
        """Two digests and a number may be anything, and so may JOB with two words: it takes two of a request, a job
        and a result, or a request for one of the kinds of job there are."""
        asked, job, before = _asked(text), _JOB.search(text), self._before
        by_miner = job is None and (asked is not None or _RESULT.match(text) is not None)
        sure = asked is not None and (asked[3] or b"").decode() in _LEVELS
        if before is not None and before[0] is not side:
            sure = by_miner is not (_JOB.search(before[1]) is None)
        if not by_miner and job is None:
            return []
        if not sure:
            if asked is not None or job is not None:
                self._before = (side, text, mark)
            return []
        self._swapped = (side is Side.SERVER) is by_miner
        evidence = Evidence(mark, Side.CLIENT if by_miner else Side.SERVER, "dialect", "")
        found: list[Observation] = [DialectRecognised(evidence, self.NAME, self._swapped),
                                    CoinHinted(evidence, "DUCO", None, "dialect")]
        if before is not None:
            found += self._line(*before)
        return found + self._line(side, text, mark)

    def _ask(self, asked: re.Match[bytes], mark: Mark) -> list[Observation]:
        self._user = asked[2].decode("utf-8", "replace")
        self._algorithm = None if asked[1] else ALGORITHM
        if (self._user, None, None) in self._rigs:
            return []
        self._rigs.add((self._user, None, None))
        level = "" if asked[3] is None else "," + asked[3].decode()
        key = "" if asked[4] is None else ",***"
        evidence = Evidence(mark, Side.CLIENT, "login", f"JOB,{self._user}{level}{key}")
        return [HandshakeAsked(evidence), WorkerLogin(evidence, self._user, self._user, None)]

    def _submit(self, result: re.Match[bytes], mark: Mark) -> list[Observation]:
        software, rig = (_text(result[3]), _text(result[4]))
        evidence = Evidence(mark, Side.CLIENT, "share", result[0][:200].decode("utf-8", "replace"))
        found: list[Observation] = []
        told = None if self._user is None else (self._user, software, rig)
        if told is not None and told not in self._rigs and len(self._rigs) < MAX_WAITING:
            self._rigs.add(told)
            found.append(WorkerLogin(evidence, self._user, self._user, rig, None, software))
        rate = number(result[2].decode())
        if rate is not None:
            found.append(RateClaimed(evidence, self._user, rate, self._algorithm))
        self._shares += 1
        self._waiting.append(self._shares)
        found.append(ShareSubmitted(evidence, self._shares, self._user, None, Fraction(int(result[1]) + 1),
                                    self._algorithm))
        return found

    def _answer(self, text: bytes, evidence: Evidence) -> list[Observation]:
        word, _, why = text.strip().partition(b",")
        reason = why.decode("utf-8", "replace")[:MAX_REASON] or None
        if word in (b"GOOD", b"BLOCK") and self._waiting:
            return [ShareAnswered(evidence, self._waiting.popleft(), True)]
        if word == b"BAD" and self._waiting:
            return [ShareAnswered(evidence, self._waiting.popleft(), False, reason)]
        return [HandshakeAnswered(evidence, False, reason)] if word in (b"BAD", b"NO") else []


def _text(field: bytes | None) -> str | None:
    text = (field or b"").decode("utf-8", "replace").strip()
    return text if text and text != "None" else None


BINARY_DIALECT = DuinoCoin
