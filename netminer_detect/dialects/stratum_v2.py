"""Stratum V2 in the clear, as on a farm's own network.

    00 SetupConnection -> 01 Success or 02 Error; 10, 13 Open(Standard|Extended)MiningChannel -> 11, 14 or 12
    15, 1f New(Extended)MiningJob, 20 SetNewPrevHash, 21 SetTarget
    1a, 1b SubmitShares(Standard|Extended) -> 1c Success (a batch: last sequence, count, difficulties) or 1d Error

Work of accepted shares: the sum that the server says, difficulty 1 = 2^32; where it says none, 2^256 / (target + 1) of
their channel. The miner's nominal rate is a claim. Sources: stratum-mining/sv2-spec 03 to 08, stratum-mining/stratum.
"""

from __future__ import annotations

import math
import struct
from collections import OrderedDict
from collections.abc import Callable
from fractions import Fraction
from itertools import islice, takewhile
from typing import Any, ClassVar

from msgspec import Struct, field

from netminer_detect.carriers.names import server_name
from netminer_detect.dialects.binary import Frames, Start
from netminer_detect.dialects.bitcoin import is_bitcoin
from netminer_detect.dialects.logins import split_login
from netminer_detect.dialects.sv2_messages import TYPES, Fields, begins_frame, frame_size, speaker_of
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
    ServerNamed,
    ShareAnswered,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.work import DIFFICULTY_1

ALGORITHM = "sha256d"
MAX_CHANNELS, MAX_WAITING = 1024, 4096


class _Channel(Struct):
    """A channel: who opened it, the work of a share under its target, shares that wait by sequence number."""

    login: str | None = None
    hashes: Fraction | None = None
    waiting: OrderedDict[int, int] = field(default_factory=OrderedDict)


class _Message(Struct):
    """A frame with what it is for evidence."""

    frame: bytes
    mark: Mark
    side: Side

    def evidence(self, what: str, **fields: Any) -> Evidence:
        return Evidence(self.mark, self.side, what, {"message": TYPES[self.frame[2]][4], **fields})


class StratumV2:
    """See the module's contract."""

    NAME: ClassVar[str] = "stratum-v2"

    def __init__(self) -> None:
        self.done = False
        self._frames = {side: Frames(frame_size) for side in Side}
        self._swapped: bool | None = None
        self._opening: OrderedDict[int, str | None] = OrderedDict()
        self._channels: OrderedDict[int, _Channel] = OrderedDict()
        self._shares = 0
        self._agent: str | None = None
        self._is_bitcoin = False

    @staticmethod
    def begins(start: Start) -> bool | None:
        """See `BinaryDialect`."""
        return start.any(begins_frame)

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        found: list[Observation] = []
        for frame in self._frames[side].feed(data):
            speaker = speaker_of(frame)
            if self._swapped is None and speaker is not None:
                self._swapped = speaker is not side
                evidence = _Message(frame, mark, speaker).evidence("dialect")
                found.append(DialectRecognised(evidence, self.NAME, self._swapped))
            true_side = side.other if self._swapped else side
            if speaker is true_side and frame[2] in _READERS:
                found += _READERS[frame[2]](self, _Message(frame, mark, true_side), Fields(frame))
        return found

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`."""
        self._frames[side].gap(size)
        if (side is Side.SERVER) is not bool(self._swapped):
            for channel in self._channels.values():
                channel.hashes = None  # a new target may have been lost
        return []

    def close(self) -> list[Observation]:
        """See `Reader`."""
        self.done = True
        return []

    def _channel(self, number: int) -> _Channel:
        """A channel; one that was opened before the capture is made when it is first spoken of."""
        channel = self._channels.get(number)
        if channel is None:
            channel = self._channels[number] = _Channel()
            if len(self._channels) > MAX_CHANNELS:
                self._channels.popitem(last=False)
        return channel

    # What the miner asks

    def _setup(self, message: _Message, fields: Fields) -> list[Observation]:
        fields.raw(9)
        host, port = fields.text(), fields.number(2)
        parts = [fields.text() for _ in range(3)]
        if fields.short:
            return []
        self._agent = "/".join(part for part in parts if part) or None
        evidence = message.evidence("setup", endpoint=f"{host}:{port}", agent=self._agent)
        found: list[Observation] = [HandshakeAsked(evidence, self._agent)]
        name = server_name(host.encode("utf-8", "replace"))
        if name is not None and "." in name:
            found.append(ServerNamed(evidence, name, port or None, "stratum"))
        return found

    def _open(self, message: _Message, fields: Fields) -> list[Observation]:
        request, login, rate = fields.number(4), fields.text() or None, fields.raw(4)
        if fields.short:
            return []
        self._opening[request] = login
        if len(self._opening) > MAX_CHANNELS:
            self._opening.popitem(last=False)
        evidence = message.evidence("open channel", user_identity=login)
        found: list[Observation] = [HandshakeAsked(evidence, self._agent)]
        if login is not None:
            user, worker = split_login(login)
            found.append(WorkerLogin(evidence, login, user, worker, None, self._agent))
        return found + self._claim(message, login, rate)

    def _update(self, message: _Message, fields: Fields) -> list[Observation]:
        channel = self._channels.get(fields.number(4))
        return self._claim(message, channel.login if channel is not None else None, fields.raw(4))

    def _claim(self, message: _Message, login: str | None, raw: bytes) -> list[Observation]:
        rate = struct.unpack("<f", raw)[0] if len(raw) == 4 else 0.0
        if not math.isfinite(rate) or rate <= 0:
            return []
        evidence = message.evidence("rate", nominal_hash_rate=rate)
        return [RateClaimed(evidence, login, Fraction(rate), ALGORITHM)]

    def _submit(self, message: _Message, fields: Fields) -> list[Observation]:
        number, sequence, job = (fields.number(4) for _ in range(3))
        channel = self._channel(number)
        self._shares += 1
        channel.waiting[sequence] = self._shares
        if len(channel.waiting) > MAX_WAITING:
            channel.waiting.popitem(last=False)
        evidence = message.evidence("share", channel=number, sequence=sequence, job=job)
        return [ShareSubmitted(evidence, self._shares, channel.login, f"{number}/{job}", channel.hashes, ALGORITHM)]

    # What the server says

    def _set_up(self, message: _Message, fields: Fields) -> list[Observation]:
        return [HandshakeAnswered(message.evidence("setup answered"), True, login=False)]

    def _refused(self, message: _Message, fields: Fields) -> list[Observation]:
        fields.raw(4)
        reason = fields.text()
        return [HandshakeAnswered(message.evidence("refused", error=reason), False, reason or None)]

    def _opened(self, message: _Message, fields: Fields) -> list[Observation]:
        request, number = fields.number(4), fields.number(4)
        self._channels[number] = _Channel(self._opening.pop(request, None), fields.hashes())
        if len(self._channels) > MAX_CHANNELS:
            self._channels.popitem(last=False)
        evidence = message.evidence("channel opened", channel=number)
        return [HandshakeAnswered(evidence, True)]

    def _job(self, message: _Message, fields: Fields) -> list[Observation]:
        number, job = fields.number(4), fields.number(4)
        hashes = self._channel(number).hashes
        difficulty = None if hashes is None else hashes / DIFFICULTY_1
        evidence = message.evidence("job", channel=number, job=job)
        return [JobAssigned(evidence, f"{number}/{job}", hashes, difficulty, ALGORITHM)]

    def _previous(self, message: _Message, fields: Fields) -> list[Observation]:
        fields.raw(40)
        time, bits = fields.number(4), fields.number(4)
        if self._is_bitcoin or not is_bitcoin(f"{bits:08x}", f"{time:08x}"):
            return []
        self._is_bitcoin = True
        return [CoinHinted(message.evidence("job", nbits=f"{bits:08x}"), "BTC", ALGORITHM, "job")]

    def _target(self, message: _Message, fields: Fields) -> list[Observation]:
        channel = self._channel(fields.number(4))
        channel.hashes = fields.hashes()
        return []

    def _accepted(self, message: _Message, fields: Fields) -> list[Observation]:
        number, last, count, total = fields.number(4), fields.number(4), fields.number(4), fields.number(8)
        waiting = self._channel(number).waiting
        # Sequence numbers go up, and a refusal comes with its own number.
        meant = list(takewhile(lambda sequence: sequence <= last, islice(waiting, count)))
        evidence = message.evidence("accepted", channel=number, last_sequence=last, count=count, shares_sum=total)
        each = Fraction(total, count) * DIFFICULTY_1 if total and count else None
        return [ShareAnswered(evidence, waiting.pop(sequence), True, None, each) for sequence in meant]

    def _rejected(self, message: _Message, fields: Fields) -> list[Observation]:
        number, sequence, reason = fields.number(4), fields.number(4), fields.text()
        share = self._channel(number).waiting.pop(sequence, None)
        evidence = message.evidence("rejected", channel=number, sequence=sequence, error=reason)
        return [] if share is None else [ShareAnswered(evidence, share, False, reason or None)]


_READERS: dict[int, Callable[[StratumV2, _Message, Fields], list[Observation]]] = {
    0x00: StratumV2._setup,
    0x01: StratumV2._set_up,
    0x02: StratumV2._refused,
    0x10: StratumV2._open,
    0x11: StratumV2._opened,
    0x12: StratumV2._refused,
    0x13: StratumV2._open,
    0x14: StratumV2._opened,
    0x15: StratumV2._job,
    0x16: StratumV2._update,
    0x1A: StratumV2._submit,
    0x1B: StratumV2._submit,
    0x1C: StratumV2._accepted,
    0x1D: StratumV2._rejected,
    0x1F: StratumV2._job,
    0x20: StratumV2._previous,
    0x21: StratumV2._target,
}

BINARY_DIALECT = StratumV2
