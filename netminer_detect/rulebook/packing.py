"""Packs facts into the flat block that `compiled` opens; its format is described there.

Contract: `pack(facts)` gives the bytes; equal facts give equal bytes. Names are ASCII, addresses valid.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator

from msgspec import json

from netminer_detect.kernel.watch import build_table, endpoint_hash, name_hash
from netminer_detect.rulebook.agents import letters_of
from netminer_detect.rulebook.compiled import (
    AGENT,
    ENDPOINT,
    MAGIC,
    MARK,
    NAME,
    PLACE,
    SECTIONS,
    START,
    VERSION,
    endpoint_key,
    packed_address,
)
from netminer_detect.rulebook.facts import MARK_KINDS, NAME_KINDS, EndpointFact, Facts, MarkFact, NameFact


class _Texts:
    """Collects texts, each once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {"": 0}

    def number(self, text: str | None) -> int:
        return self._numbers.setdefault(text or "", len(self._numbers))

    def sections(self) -> tuple[bytes, bytes]:
        raw = [text.encode("utf-8") for text in self._numbers]
        ends, total = array("I"), 0
        for piece in raw:
            total += len(piece)
            ends.append(total)
        return b"".join(raw), ends.tobytes()


def pack(facts: Facts) -> bytes:
    """The facts as bytes that `Compiled` opens."""
    texts, ports = _Texts(), array("H")
    mining = [fact for fact in facts.names if fact.kind != "malware"]
    malware = [fact for fact in facts.names if fact.kind == "malware"]
    sections = {
        "name_table": build_table(name_hash(fact.name) for fact in facts.names).tobytes(),
        "endpoint_table": build_table(_hashes(facts.endpoints)).tobytes(),
        "names": _name_rows(mining, texts, ports),
        "malware_names": _name_rows(malware, texts, ports),
        "endpoints": _endpoint_rows((f for f in facts.endpoints if f.kind == "server"), texts),
        "malware_endpoints": _endpoint_rows((f for f in facts.endpoints if f.kind == "malware"), texts),
        "agents": b"".join(
            AGENT.pack(*map(texts.number, (regex, fact.rule, fact.product, fact.kind)), letters_of(regex))
            for regex, fact in facts.agents
        ),
        "rules": array("I", map(texts.number, facts.rules)).tobytes(),
        "marks": b"".join(
            MARK.pack(MARK_KINDS.index(fact.kind), texts.number(fact.value), texts.number(fact.rule))
            for fact in sorted(facts.marks, key=_mark_key)
        ),
        "conditions": json.encode(facts.conditions),
        "ports": ports.tobytes(),
    }
    sections["text"], sections["ends"] = texts.sections()
    places, body, at = [], [], START
    for name in SECTIONS:
        data = sections[name]
        places.append(PLACE.pack(at, len(data)))
        padded = data + bytes(-len(data) % 8)
        body.append(padded)
        at += len(padded)
    rest = struct.pack("=Q", at) + b"".join(places) + b"".join(body)
    return MAGIC + struct.pack("=II", VERSION, zlib.crc32(rest)) + rest


def _mark_key(fact: MarkFact) -> tuple[int, bytes, str]:
    return MARK_KINDS.index(fact.kind), fact.value.encode(), fact.rule


def _hashes(endpoints: Iterable[EndpointFact]) -> Iterator[int]:
    for fact in endpoints:
        address = packed_address(fact.ip)
        if address is not None:
            yield endpoint_hash(address, fact.port)


def _name_rows(names: list[NameFact], texts: _Texts, ports: array[int]) -> bytes:
    rows = []
    for fact in sorted(names, key=lambda fact: fact.name.encode("ascii")):
        told = (fact.name, fact.operator, fact.rule, fact.coin, fact.transport, fact.source, fact.date)
        first, kind = len(ports), NAME_KINDS.index(fact.kind)
        ports.extend(fact.ports)
        rows.append(NAME.pack(*map(texts.number, told), first, len(fact.ports), kind, fact.stale, fact.until))
    return b"".join(rows)


def _endpoint_rows(endpoints: Iterable[EndpointFact], texts: _Texts) -> bytes:
    rows = []
    for fact in endpoints:
        address = packed_address(fact.ip)
        if address is not None:
            told = map(texts.number, (fact.operator, fact.rule, fact.coin, fact.source, fact.date))
            rows.append(ENDPOINT.pack(endpoint_key(address, fact.port), fact.stale, fact.until, *told))
    return b"".join(sorted(rows))
