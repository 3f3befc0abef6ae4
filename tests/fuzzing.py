"""Damages sound captures and scans them whole: no exception, no hang, and no fact that the sound capture lacks.

A `Case` is made from a seed and a number alone, so both reproduce it. Its harm is honest where frames were lost,
repeated, moved or cut but not altered: then a scan may tell less than it tells of the sound capture, never more.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import pathlib
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import zstandard
from msgspec.structs import replace

from netminer_detect.errors import CaptureError
from netminer_detect.findings import Finding, Level, Report
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from netminer_detect.sources.capture import Frame, read_frames
from netminer_detect.sources.opening import open_capture
from tests.captures import MICRO, NANO, block, interface, section
from tests.damage import damaged

PACKERS: tuple[Callable[[bytes], bytes], ...] = (
    gzip.compress, bz2.compress, zstandard.compress, lambda data: lzma.compress(data, preset=0))
# Larger captures make a case slow and show nothing more.
MAX_BYTES = 300_000
# Where what tells kin apart was lost, a flow passes for the eldest of those that say what is left: Stratum v1's words,
# the version of EthereumStratum that Zano and KawPow name too, the work that pools of Ethereum push to whoever asks.
ELDEST = {"stratum-v1", "ethereumstratum-1", "eth-proxy"}
Frames = list[Frame]


@dataclass(frozen=True)
class Base:
    """A sound capture."""

    path: pathlib.Path

    @cached_property
    def frames(self) -> Frames:
        with open_capture(str(self.path)) as stream:
            return list(read_frames(stream, str(self.path)))

    @cached_property
    def report(self) -> Report:
        return scan(self.path)

    @cached_property
    def hosts(self) -> frozenset[str]:
        ends = {finding.source_ip for finding in self.report.findings}
        return frozenset(ends | {str(f.pool.ip) for f in self.report.findings if f.pool is not None})


@dataclass(frozen=True)
class Case:
    """A damaged capture. `bases` are the captures it came from."""

    name: str
    data: bytes
    bases: tuple[Base, ...]
    honest: bool


def bases(folders: Sequence[pathlib.Path]) -> list[Base]:
    """The captures of folders that can be read and are small enough, in a stable order."""
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or not 24 < path.stat().st_size <= MAX_BYTES:
                continue
            base = Base(path)
            try:
                if base.frames:
                    found.append(base)
            except CaptureError:
                continue
    return found


def scan(path: pathlib.Path, memory: int = 1 << 30) -> Report:
    return run_scan(ScanSettings(inputs=(str(path),), memory=memory, level=Level.CONTEXT), None, lambda _: None).report


# Harm to frames

def _lose(frames: Frames, chance: random.Random) -> Frames:
    share = chance.choice((0.02, 0.2, 0.6))
    return [frame for frame in frames if chance.random() > share]


def _lose_run(frames: Frames, chance: random.Random) -> Frames:
    start, end = sorted(chance.randrange(len(frames) + 1) for _ in range(2))
    return frames[:start] + frames[end:]


def _end(frames: Frames, chance: random.Random) -> Frames:
    return frames[: chance.randrange(len(frames) + 1)]


def _repeat(frames: Frames, chance: random.Random) -> Frames:
    return [copy for frame in frames for copy in [frame] * chance.choice((1, 1, 1, 2, 3))]


def _swap(frames: Frames, chance: random.Random) -> Frames:
    """Neighbours change places, times stay in order."""
    order = list(range(len(frames)))
    for at in range(len(order) - 1):
        if chance.random() < 0.2:
            order[at], order[at + 1] = order[at + 1], order[at]
    return [replace(frames[where], time_ns=frames[at].time_ns) for at, where in enumerate(order)]


def _snap(frames: Frames, chance: random.Random) -> Frames:
    """A snap length cuts the frames."""
    limit = chance.choice((20, 60, 96, 200, 600))
    return [replace(frame, data=frame.data[:limit]) for frame in frames]


def _one_way(frames: Frames, chance: random.Random) -> Frames:
    """The frames of one source address alone, as Ethernet has it."""
    source = chance.choice([frame.data[6:12] for frame in frames]) if frames else b""
    return [frame for frame in frames if frame.data[6:12] == source]


FRAME_HARMS = (_lose, _lose_run, _end, _repeat, _swap, _snap, _one_way)


# Files

def as_pcap(frames: Frames, chance: random.Random) -> bytes:
    """A pcap of the first frame's link type, in any spelling."""
    order, magic = chance.choice("<>"), chance.choice((MICRO, NANO))
    link_type = frames[0].link_type if frames else 1
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link_type)]
    for frame in frames:
        seconds, rest = divmod(frame.time_ns or 0, 10**9)
        out.append(struct.pack(order + "IIII", seconds & 0xFFFFFFFF, rest // (1000 if magic == MICRO else 1),
                               len(frame.data), max(frame.original_length, len(frame.data))) + frame.data)
    return b"".join(out)


def as_pcapng(frames: Frames, chance: random.Random) -> bytes:
    """A pcapng of several sections and interfaces, with blocks between that say nothing."""
    out, order, types = [], "<", {}
    for frame in frames:
        if not out or chance.random() < 0.01:
            order, types = chance.choice("<>"), {}
            out.append(section(order))
        if frame.link_type not in types:
            types[frame.link_type] = len(types)
            out.append(interface(order, frame.link_type, 9))
        if chance.random() < 0.05:
            kind = chance.choice((4, 5, 10, 0xBAD, 0x80000001))
            out.append(block(order, kind, chance.randbytes(chance.randrange(40))))
        time_ns = frame.time_ns or 0
        head = struct.pack(order + "IIIII", types[frame.link_type], time_ns >> 32, time_ns & 0xFFFFFFFF,
                           len(frame.data), max(frame.original_length, len(frame.data)))
        out.append(block(order, 6, head + frame.data))
    return b"".join(out)


def make(seed: int, number: int, among: Sequence[Base]) -> Case:
    """The case of that number."""
    chance = random.Random(f"{seed}/{number}")
    base = chance.choice(among)
    used, frames = (base,), list(base.frames)
    honest = len({frame.link_type for frame in frames}) == 1
    if chance.random() < 0.2:
        other = chance.choice(among)
        used = (base, other)
        honest = honest and not base.hosts & other.hosts and other.frames[0].link_type == frames[0].link_type
        frames += other.frames
    for harm in chance.sample(FRAME_HARMS, chance.choice((0, 1, 1, 2))):
        frames = harm(frames, chance)
    data = (as_pcap if chance.random() < 0.5 else as_pcapng)(frames, chance)
    if chance.random() < 0.4:
        data, honest = damaged(data, chance), False
    if chance.random() < 0.2:
        data = chance.choice(PACKERS)(data)
        if chance.random() < 0.5:
            data, honest = damaged(data, chance), False
    return Case(f"{seed}/{number} of {'+'.join(each.path.name for each in used)}", data, used, honest)


# What a scan may say

def inventions(case: Case, report: Report) -> list[str]:
    """What a scan of an honestly damaged capture says and the sound capture does not."""
    if not case.honest:
        return []
    sound = [finding for base in case.bases for finding in base.report.findings]
    wrong = []
    for finding in report.findings:
        if finding.level > Level.LOOKUP:
            known = [each for each in sound if each.source_ip == finding.source_ip]
            wrong += [f"{finding.source_ip}: {what}" for what in _invented(finding, known)]
    return wrong


def _invented(finding: Finding, sound: list[Finding]) -> list[str]:
    if not sound:
        return ["a source that is none"]
    wrong = [
        f"{what} {sorted(map(str, extra))}"
        for what, extra in (
            ("role", {finding.role} - {each.role for each in sound}),
            ("dialect", {finding.dialect} - {each.dialect for each in sound} - {None} - ELDEST),
            ("coin", {finding.coin} - {each.coin for each in sound} - {None}),
            ("algorithm", set(finding.algorithms) - {name for each in sound for name in each.algorithms}),
            ("pool", _ends(finding) - {end for each in sound for ip, port in _ends(each)
                                       for end in ((ip, port), (ip, None))}),
            # Behind an agent whose own login was lost, a worker is known by its name alone.
            ("login", _said(finding, "login")
             - {said for each in sound for said in _said(each, "login") | _said(each, "worker")}),
            ("agent", _said(finding, "agent") - {said for each in sound for said in _said(each, "agent")}),
            ("password", _said(finding, "password") - {said for each in sound for said in _said(each, "password")}),
        )
        if extra
    ]
    for count in ("submitted", "accepted", "rejected"):
        most = sum(getattr(each.shares, count) for each in sound)
        if getattr(finding.shares, count) > most:
            wrong.append(f"{count} {getattr(finding.shares, count)}, more than {most}")
    if finding.jobs.sent > sum(each.jobs.sent for each in sound):
        wrong.append(f"{finding.jobs.sent} jobs")
    return wrong


def _ends(finding: Finding) -> set[tuple[str | None, int | None]]:
    """The servers that a finding names: where the dialling of a proxy was lost, the proxy passes for the pool."""
    if finding.pool is None:
        return set()
    ends = {(finding.pool.ip, finding.pool.port)} if finding.pool.ip is not None else set()
    return ends | ({(finding.pool.via.ip, finding.pool.via.port)} if finding.pool.via is not None else set())


def _said(finding: Finding, field: str) -> set[str]:
    return {getattr(worker, field) for worker in finding.workers} - {None, ""}
