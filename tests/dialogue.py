"""Writes a dialogue down in a test, and scans it in any delivery.

`talk(M, {...}, P, {...})` alternates who speaks and what: objects are sent as compact JSON lines, texts as they stand.
"""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import tempfile
from collections.abc import Iterable
from typing import Any

from netminer_detect.findings import Finding, Report
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from tests.captures import pcap
from tests.conversations import START_NS, Conversation, Message, as_capture, connection, default_path
from tests.expectations import mining
from tests.wire import Packet, Path, frame

M, P = "miner", "pool"
_SECOND_NS = 1_000_000_000


def talk(*turns: Any, port: int = 3333, **expected: Any) -> Conversation:
    """A dialogue, a second between messages; `expected` as in the index."""
    speakers, sent = turns[::2], turns[1::2]
    lines = tuple(
        Message(number * _SECOND_NS, speaker == M, message(one))
        for number, (speaker, one) in enumerate(zip(speakers, sent, strict=True))
    )
    return Conversation("", lines, {"port": port, **expected})


def message(one: Any) -> bytes:
    """What goes over the wire."""
    if isinstance(one, bytes):
        return one
    return one.encode() if isinstance(one, str) else line(one).encode()


def line(one: Any) -> str:
    """A compact JSON line."""
    return json.dumps(one, separators=(",", ":"), ensure_ascii=False) + "\n"


def lines(*ones: Any) -> str:
    """Several at once."""
    return "".join(map(line, ones))


def ask(identity: Any, method: str, params: Any, **more: Any) -> dict[str, Any]:
    return {"id": identity, "method": method, "params": params, **more}


def answer(identity: Any, result: Any, error: Any = None) -> dict[str, Any]:
    return {"id": identity, "result": result, "error": error}


def post(body: Any, path: str = "/", user: str | None = None, agent: str | None = None, more: str = "") -> str:
    """An HTTP request with a JSON body; `user` as name:password for HTTP Basic, `more` whole header lines."""
    text = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
    basic = f"Authorization: Basic {base64.b64encode(user.encode()).decode()}\r\n" if user else ""
    named = f"User-Agent: {agent}\r\n" if agent else ""
    return (f"POST {path} HTTP/1.1\r\nHost: host.example\r\n{basic}{named}{more}Content-Type: application/json\r\n"
            f"Content-Length: {len(text)}\r\n\r\n{text}")


def ok(body: Any, status: str = "200 OK", more: str = "") -> str:
    """An HTTP response with a JSON body."""
    text = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
    return (f"HTTP/1.1 {status}\r\n{more}Content-Type: application/json\r\n"
            f"Content-Length: {len(text)}\r\n\r\n{text}")


def hexes(label: str, digits: int) -> str:
    """Hex digits that look random and are the same every time."""
    out = ""
    while len(out) < digits:
        out += hashlib.sha256(f"{label}{len(out)}".encode()).hexdigest()
    return out[:digits]


def scan(conversation: Conversation, delivery: str = "whole", path: Path | None = None) -> Report:
    """What a scan of the dialogue finds."""
    return scan_capture(as_capture(conversation, delivery, path))


def scan_packets(conversation: Conversation, packets: Iterable[Packet]) -> Report:
    """What a scan finds in some packets of a dialogue's connection."""
    path = default_path(conversation)
    return scan_capture(pcap([(START_NS + packet.time_ns, frame(path, packet)) for packet in packets]))


def scan_capture(capture: bytes) -> Report:
    """What a scan finds in a capture file."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "dialogue.pcap"
        path.write_bytes(capture)
        return run_scan(ScanSettings(inputs=(str(path),)), None, lambda _: None).report


def begun_before(conversation: Conversation, first: int) -> list[Packet]:
    """The packets of a capture that begins with a message in the middle of the dialogue."""
    _, data, closing = connection(list(conversation.lines))
    return data[first:] + closing


def found(conversation: Conversation, delivery: str = "whole") -> list[Finding]:
    """The findings that say that somebody mines, or may."""
    return mining(scan(conversation, delivery))
