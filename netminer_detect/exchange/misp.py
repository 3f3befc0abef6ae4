"""MISP: events as JSON.

Contract: `write` gives one event with an attribute for each name, and for each address with each port; uuids depend on
what is meant alone (UUIDv5), what MISP has no place for stands in tags, `netminer:kind="server"`. `read` takes an
event, a list or response of events, an event file of a feed, and attributes within objects; attributes that are not for
detection (`to_ids` is false) or are deleted are passed over.
"""

from __future__ import annotations

import calendar
import json
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from netminer_detect.exchange.formats import ExportOptions, Mention, Passed
from netminer_detect.exchange.indicators import Indicator, day_of, endpoints, newest, notes
from netminer_detect.exchange.located import Lines, NotJson, objects, parse_json, texts

CARRIES = frozenset({"name", "address", "network", "sha256"})
_SPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "misp.netminer-detect.invalid")
_TAG = re.compile(r'netminer:([a-z]+)="(.*)"', re.DOTALL)
_CERTIFICATE = "x509-fingerprint-sha256"
# Types whose value is one thing, and those of two parted by a bar.
_WHOLE = frozenset({"domain", "hostname", "ip-dst", "url", "uri", _CERTIFICATE})
_PARTED = frozenset({"ip-dst|port", "hostname|port", "domain|ip"})


def write(indicators: Sequence[Indicator], options: ExportOptions) -> Iterator[str]:
    """See the module's contract."""
    day = newest(indicators)
    head = {
        "uuid": str(uuid.uuid5(_SPACE, "event")),
        "info": "Indicators of netminer_detect: cryptocurrency mining and its malware",
        "date": day, "timestamp": _timestamp(day), "threat_level_id": "3", "analysis": "2", "distribution": "0",
        "published": False, "Orgc": {"name": "netminer_detect", "uuid": str(uuid.uuid5(_SPACE, "organisation"))},
    }  # fmt: skip
    yield '{"Event": ' + json.dumps(head, ensure_ascii=False)[:-1] + ', "Attribute": [\n'
    yield ",\n".join(json.dumps(one, ensure_ascii=False) for one in _attributes(indicators))
    yield "\n]}}\n"


def _attributes(indicators: Sequence[Indicator]) -> Iterator[dict[str, Any]]:
    for one in indicators:
        if one.type == "name":
            yield _attribute(one, "domain" if one.value.count(".") == 1 else "hostname", one.value)
        elif one.type == "sha256":
            yield _attribute(one, _CERTIFICATE, one.value)
        elif one.type == "address" and not one.ports:
            # An address alone convicts nobody.
            yield _attribute(one, "ip-dst", one.value) | {"to_ids": False}
    for one, address, port in endpoints(indicators):
        yield _attribute(one, "ip-dst|port", f"{address}|{port}")


def _attribute(one: Indicator, kind: str, value: str) -> dict[str, Any]:
    told = {name: text for name, text in notes(one).items() if name != "ports" or one.type == "name"}
    tags = [f'netminer:{name}="{_in_tag(text)}"' for name, text in told.items()]
    return {
        "uuid": str(uuid.uuid5(_SPACE, f"{kind} {one.kind == 'malware'} {one.coin or ''} {value}")), "type": kind,
        "category": "Network activity", "to_ids": True, "value": value, "comment": one.about,
        "timestamp": _timestamp(day_of(one.date)), "Tag": [{"name": tag} for tag in tags],
    }  # fmt: skip


def _in_tag(text: str) -> str:
    """A text without the quotes that end a tag's value."""
    return text.replace("%", "%25").replace('"', "%22")


def _timestamp(day: str) -> str:
    return str(calendar.timegm(time.strptime(day, "%Y-%m-%d")))


def resembles(head: str) -> bool:
    """Whether an event begins here."""
    found = re.search(r'"(Event|Attribute|Object|response|threat_level_id|Orgc)"\s*:', head)
    return head.lstrip()[:1] in ("{", "[") and found is not None


def read(text: str) -> Iterator[Mention | Passed]:
    """See the module's contract."""
    try:
        found = parse_json(text)
    except NotJson as error:
        yield Passed(error.line, str(error), "no-json")
        return
    lines = Lines(text)
    if isinstance(found, dict) and "response" in found:
        found = found["response"]
    for part in found if isinstance(found, list) else [found]:
        event = part["Event"] if isinstance(part, dict) and isinstance(part.get("Event"), dict) else part
        if isinstance(event, dict):
            yield from _event(event, lines)


def _event(event: dict[str, Any], lines: Lines) -> Iterator[Mention | Passed]:
    day = texts(event, "date")
    held = [one for thing in objects(event, "Object") for one in objects(thing, "Attribute")]
    for attribute in [*objects(event, "Attribute"), *held]:
        kind, value = texts(attribute, "type"), texts(attribute, "value").strip()
        line = lines.line_of(texts(attribute, "value"))
        if kind not in _WHOLE and kind not in _PARTED:
            yield Passed(line, f"{kind} {value}", "other-type")
        elif attribute.get("to_ids") in (False, "0", 0):
            yield Passed(line, value, "not-to-ids")
        elif attribute.get("deleted") in (True, "1", 1):
            yield Passed(line, value, "revoked")
        else:
            yield from _mentions(line, kind, value, _told(attribute, day))


def _mentions(line: int, kind: str, value: str, told: dict[str, str]) -> Iterator[Mention]:
    if kind in _WHOLE:
        yield Mention(line, value, told | ({"type": "sha256"} if kind == _CERTIFICATE else {}))
        return
    first, _, second = value.partition("|")
    if kind == "domain|ip":
        yield Mention(line, first, told)
        yield Mention(line, second, told)
    else:
        yield Mention(line, first, told | {"ports": second})


def _told(attribute: dict[str, Any], day: str) -> dict[str, str]:
    """What the attribute says beside its value."""
    stamp = str(attribute.get("timestamp", ""))
    if re.fullmatch(r"[1-9]\d{8,9}", stamp, re.ASCII):
        day = time.strftime("%Y-%m-%d", time.gmtime(int(stamp)))
    found = {"date": day} if re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII) else {}
    for tag in objects(attribute, "Tag")[:64]:
        if match := _TAG.fullmatch(texts(tag, "name")):
            found[match[1]] = match[2].replace("%22", '"').replace("%25", "%")
    return found
