"""STIX 2.1 bundles: indicators with patterns.

Contract: `write` gives a bundle of one identity and an indicator each, with ids that depend on what is indicated alone
(UUIDv5); what STIX has no place for stands in labels, `netminer:kind=server`. `read` takes indicators whose pattern
names a host, an address, a URL or the far end of network traffic, several of them parted by OR; what a pattern asks
for besides is more than a rule's line can say, and it is passed over. Domain names and addresses that stand as
objects of their own are no indicators.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from netminer_detect.exchange.formats import ExportOptions, Mention, Passed
from netminer_detect.exchange.indicators import Indicator, day_of, newest, notes
from netminer_detect.exchange.located import Lines, NotJson, objects, parse_json, texts

CARRIES = frozenset({"name", "address", "network", "sha256"})
_SPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "netminer-detect.invalid")
_CONFIDENCE = {"low": 15, "medium": 50, "high": 85}
_LABEL = "netminer:"
MAX_PATTERN = 10_000
_PIECE = re.compile(
    r"\s*(?:(?P<path>[a-z0-9-]+:[\w.'\[\]*-]+?)\s*(?P<sign>=|IN\b|ISSUBSET\b)\s*"
    r"(?P<value>'(?:[^'\\]|\\.)*'|-?\d+|\([^()]*\))|(?P<word>AND|OR|[\[\]()]))\s*", re.ASCII)
_FAR = "network-traffic:dst_ref.value"
_TEXTS = frozenset({"domain-name:value", "ipv4-addr:value", "ipv6-addr:value", "url:value", _FAR})
_PORT = "network-traffic:dst_port"
_SIDE_TYPE = "network-traffic:dst_ref.type"
_SIDE = frozenset({_SIDE_TYPE, "network-traffic:protocols[*]", "network-traffic:protocols[0]",
                   "network-traffic:protocols"})  # fmt: skip
_SHA256 = re.compile(r"x509-certificate:hashes\.'?SHA-?256'?", re.ASCII)


def write(indicators: Sequence[Indicator], options: ExportOptions) -> Iterator[str]:
    """See the module's contract."""
    author = f"identity--{uuid.uuid5(_SPACE, 'identity')}"
    time = f"{min((day_of(one.date) for one in indicators), default=day_of(''))}T00:00:00.000Z"
    found: dict[str, dict[str, Any]] = {author: {
        "type": "identity", "spec_version": "2.1", "id": author, "created": time, "modified": time,
        "name": "netminer_detect", "identity_class": "system",
    }}  # fmt: skip
    for one in indicators:
        told = _indicator(one, author)
        found.setdefault(told["id"], told)
    bundle = uuid.uuid5(_SPACE, json.dumps([*found, newest(indicators)]))
    yield f'{{"type": "bundle", "id": "bundle--{bundle}", "objects": [\n'
    yield ",\n".join(json.dumps(one, ensure_ascii=False) for one in found.values())
    yield "\n]}\n"


def _indicator(one: Indicator, author: str) -> dict[str, Any]:
    pattern, time = _pattern(one), f"{day_of(one.date)}T00:00:00.000Z"
    found: dict[str, Any] = {
        "type": "indicator", "spec_version": "2.1",
        "id": f"indicator--{_id(one, pattern)}",
        "created_by_ref": author, "created": time, "modified": time, "name": f"{one.type} {one.value}",
        "description": one.about,
        "indicator_types": ["malicious-activity" if one.kind == "malware" else "anomalous-activity"],
        "pattern": pattern, "pattern_type": "stix", "pattern_version": "2.1", "valid_from": time,
        "labels": [f"{_LABEL}{name}={value}" for name, value in notes(one).items()],
    }  # fmt: skip
    if one.confidence in _CONFIDENCE:
        found["confidence"] = _CONFIDENCE[one.confidence]
    reference = {"source_name": one.source or one.rule, "description": one.title or one.rule}
    if one.url:
        reference["url"] = one.url
    others = [{"source_name": one.rule, "url": one.reference}] if one.reference else []
    return found | {"external_references": [reference, *others]}


def _id(one: Indicator, pattern: str) -> uuid.UUID:
    return uuid.uuid5(_SPACE, f"{one.kind == 'malware'} {one.coin or ''} {one.ports} {pattern}")


def _pattern(one: Indicator) -> str:
    if one.type == "name":
        return f"[domain-name:value = '{one.value}']"
    if one.type == "sha256":
        return f"[x509-certificate:hashes.'SHA-256' = '{one.value}']"
    kind, sign = f"ipv{6 if ':' in one.value else 4}-addr", "=" if one.type == "address" else "ISSUBSET"
    if not one.ports:
        return f"[{kind}:value {sign} '{one.value}']"
    many = len(one.ports) > 1
    ports = f"IN ({', '.join(map(str, one.ports))})" if many else f"= {one.ports[0]}"
    return f"[{_SIDE_TYPE} = '{kind}' AND {_FAR} {sign} '{one.value}' AND {_PORT} {ports}]"


def resembles(head: str) -> bool:
    """Whether a bundle begins here."""
    found = re.search(r'"type"\s*:\s*"bundle"|"spec_version"\s*:\s*"2\.', head)
    return head.lstrip()[:1] in ("{", "[") and found is not None


def read(text: str) -> Iterator[Mention | Passed]:
    """See the module's contract."""
    try:
        bundle = parse_json(text)
    except NotJson as error:
        yield Passed(error.line, str(error), "no-json")
        return
    lines = Lines(text)
    # An indicator may stand by itself, and objects in a bare list.
    whole = bundle if isinstance(bundle, dict) and "objects" in bundle else {"objects": bundle}
    whole = {"objects": [bundle]} if texts(bundle, "type") == "indicator" else whole
    for one in objects(whole, "objects"):
        kind, pattern = texts(one, "type"), texts(one, "pattern")
        if kind in ("domain-name", "ipv4-addr", "ipv6-addr", "url"):
            yield Passed(lines.line_of(texts(one, "id")), texts(one, "value"), "no-indicator")
        if kind != "indicator":
            continue
        line = lines.line_of(texts(one, "id"))
        if texts(one, "pattern_type") not in ("", "stix"):
            yield Passed(line, pattern, "other-pattern")
        elif one.get("revoked") is True:
            yield Passed(line, pattern, "revoked")
        else:
            yield from _mentions(line, pattern, _told(one))


def _told(one: dict[str, Any]) -> dict[str, str]:
    """What the indicator says beside its pattern."""
    dates = (texts(one, "valid_from")[:10], texts(one, "modified")[:10])
    found = {"date": next((day for day in dates if re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII)), "")}
    labels = one.get("labels")
    for label in labels[:64] if isinstance(labels, list) else ():
        if isinstance(label, str) and label.startswith(_LABEL):
            name, _, value = label.removeprefix(_LABEL).partition("=")
            found[name] = value
    return found


def _mentions(line: int, pattern: str, told: dict[str, str]) -> Iterator[Mention | Passed]:
    parts = _alternatives(pattern) if len(pattern) <= MAX_PATTERN else None
    if not parts:
        yield Passed(line, pattern, "more-conditions")
        return
    for part in parts:
        found = _far_end(part)
        if found is None:
            yield Passed(line, pattern, "more-conditions")
        else:
            yield Mention(line, found[0], told | found[1])


def _alternatives(pattern: str) -> list[list[tuple[str, str]]] | None:
    """The (path, value) pairs that must hold together, for each side of every OR; None where it says more."""
    at, word = 0, "OR"
    parts: list[list[tuple[str, str]]] = []
    part: list[tuple[str, str]] = []
    while at < len(pattern):
        piece = _PIECE.match(pattern, at)
        if piece is None:
            return None
        at = piece.end()
        if piece["word"] in ("AND", "OR"):
            word = piece["word"]
            if word == "OR":
                parts.append(part)
                part = []
        elif piece["path"]:
            part.append((piece["path"], piece["value"]))
        elif piece["word"] in "()" or (piece["word"] == "[" and word == "AND"):
            # Brackets change what AND and OR bind, and `[a] AND [b]` is two things that happen.
            return None
        else:
            word = ""
    return [one for one in [*parts, part] if one]


def _far_end(part: list[tuple[str, str]]) -> tuple[str, dict[str, str]] | None:
    """The value that is meant, and what the pattern says of it: ports, or that it is a certificate's hash."""
    told: dict[str, str] = {}
    values = []
    for path, value in part:
        certificate = _SHA256.fullmatch(path)
        if path in _TEXTS or certificate:
            values.append(re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] == "'" else "")
            told |= {"type": "sha256"} if certificate else {}
        elif path == _PORT:
            told["ports"] = value.strip("()").replace(" ", "")
        elif path not in _SIDE:
            return None
    return (values[0], told) if len(values) == 1 else None
