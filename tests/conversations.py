"""Turns an example dialogue into a capture, delivered in every way that networks and sensors know.

`tests/conversations/` carries the dialogues of the dialects that are read today, with their expected readings in
`index.json`; the folder beside the checkout that they come from holds those of dialects to come as well.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import struct
from dataclasses import dataclass, replace
from typing import Any

from tests.captures import pcap
from tests.wire import ACK, FIN, PSH, SYN, Packet, Path, frame

CARRIED = pathlib.Path(__file__).with_name("conversations")
SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared" / "conversations"
START_NS = 1_777_622_400_000_000_000
SEGMENT = 1448
# Answers come a moment later; packets of one instant keep their order.
_STEP_NS = 1_000
_CLIENT_ISN, _SERVER_ISN = 0xFFFFFF00, 0x20000000

# What the index knows, and what networks do besides: each message in two halves that change places, every
# packet sent twice, every fifth one never captured.
DELIVERIES = ("whole", "bytes", "segments", "reordered", "headless", "client-only")
OTHER_DELIVERIES = ("swapped-halves", "duplicated", "lossy")


@dataclass(frozen=True)
class Message:
    """What one side sends at once."""

    time_ns: int
    by_client: bool
    data: bytes


@dataclass(frozen=True)
class Conversation:
    """A dialogue, and the reading that the index expects of it."""

    name: str
    lines: tuple[Message, ...]
    expected: dict[str, Any]


def names(folder: pathlib.Path = CARRIED) -> list[str]:
    """The dialogues of a folder, in the index's order; none where the folder is not here."""
    index = folder / "index.json"
    return list(json.loads(index.read_text(encoding="utf-8"))) if index.exists() else []


def load(name: str, folder: pathlib.Path = CARRIED) -> Conversation:
    """Read one dialogue."""
    expected = json.loads((folder / "index.json").read_text(encoding="utf-8"))[name]
    text = (folder / expected["file"]).read_text(encoding="utf-8")
    lines = tuple(_message(number, json.loads(line)) for number, line in enumerate(text.splitlines()) if line)
    return Conversation(name, lines, expected)


def as_capture(conversation: Conversation, delivery: str, path: Path | None = None) -> bytes:
    """A pcap file of the dialogue. Without a path: the index's port, and addresses for documentation."""
    path = path or default_path(conversation)
    return pcap(frames(conversation, delivery, path))


def default_path(conversation: Conversation) -> Path:
    return Path(server_port=conversation.expected["port"])


def frames(
    conversation: Conversation, delivery: str, path: Path, start_ns: int = START_NS
) -> list[tuple[int, bytes]]:
    """(time_ns, Ethernet frame) of the dialogue."""
    packets = deliver(conversation, delivery)
    return [(start_ns + packet.time_ns, frame(path, packet, number)) for number, packet in enumerate(packets)]


def deliver(conversation: Conversation, delivery: str) -> list[Packet]:
    """The packets of the dialogue in the order in which the sensor sees them."""
    lines = list(conversation.lines)
    match delivery:
        case "whole" | "client-only" | "headless":
            pieces = lines
        case "bytes":
            pieces = [piece for line in lines for piece in _cut(line, 1)]
        case "segments":
            pieces = [piece for line in _joined(lines) for piece in _cut(line, SEGMENT)]
        case "reordered" | "duplicated" | "lossy":
            pieces = [piece for line in lines for piece in _cut(line, SEGMENT)]
        case "swapped-halves":
            pieces = [piece for line in lines for piece in _cut(line, min(SEGMENT, (len(line.data) + 1) // 2))]
        case _:
            raise ValueError(delivery)
    opening, data, closing = connection(pieces)
    match delivery:
        case "reordered":
            data = _swapped(data)
        case "swapped-halves":
            data = _swapped_halves(data)
        case "duplicated":
            data = [copy for packet in data for copy in (packet, replace(packet, time_ns=packet.time_ns + 500))]
        case "lossy":
            data = [packet for number, packet in enumerate(data) if number % 5 != 4]
        case "headless":
            firsts = {next((n for n, p in enumerate(data) if p.by_client is side), None) for side in (True, False)}
            opening, data = [], [packet for number, packet in enumerate(data) if number not in firsts]
    packets = opening + data + closing
    return [packet for packet in packets if packet.by_client] if delivery == "client-only" else packets


def _message(number: int, line: dict[str, Any]) -> Message:
    data, by_client = line["data"], line["from"] == "miner"
    if line.get("enc") == "hex":
        sent = bytes.fromhex(data)
    elif isinstance(data, str):
        sent = data.encode()
    else:
        sent = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
        sent += b"" if "ws" in line else b"\n"
    if line.get("ws"):
        sent = websocket_frame(sent, hashlib.sha256(str(number).encode()).digest()[:4] if by_client else None)
    return Message(round(line["t"] * 1_000_000) * 1000, by_client, sent)


def websocket_frame(payload: bytes, mask: bytes | None) -> bytes:
    """One whole text frame (RFC 6455, 5.2); clients mask."""
    size, bit = len(payload), 0x80 if mask else 0
    if size < 126:
        head = struct.pack(">BB", 0x81, bit | size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", 0x81, bit | 126, size)
    else:
        head = struct.pack(">BBQ", 0x81, bit | 127, size)
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[at & 3] for at, byte in enumerate(payload))


def _cut(line: Message, size: int) -> list[Message]:
    return [replace(line, data=line.data[at : at + size]) for at in range(0, len(line.data), max(size, 1))]


def _joined(lines: list[Message]) -> list[Message]:
    """Messages that one side sends at one instant travel together."""
    out: list[Message] = []
    for line in lines:
        if out and (out[-1].time_ns, out[-1].by_client) == (line.time_ns, line.by_client):
            out[-1] = replace(out[-1], data=out[-1].data + line.data)
        else:
            out.append(line)
    return out


def connection(pieces: list[Message]) -> tuple[list[Packet], list[Packet], list[Packet]]:
    """Handshake, data and end of the connection that carries the pieces."""
    next_number = {True: _CLIENT_ISN + 1, False: _SERVER_ISN + 1}
    opening = [
        Packet(-3_000_000, True, SYN, _CLIENT_ISN, 0),
        Packet(-2_000_000, False, SYN | ACK, _SERVER_ISN, _CLIENT_ISN + 1),
        Packet(-1_000_000, True, ACK, _CLIENT_ISN + 1, _SERVER_ISN + 1),
    ]
    data: list[Packet] = []
    now = 0
    for piece in pieces:
        side = piece.by_client
        now = max(now + _STEP_NS, piece.time_ns)
        data.append(Packet(now, side, PSH | ACK, next_number[side], next_number[not side], piece.data))
        next_number[side] += len(piece.data)
    ends = next_number[True], next_number[False]
    closing = [
        Packet(now + 1_000_000, True, FIN | ACK, ends[0], ends[1]),
        Packet(now + 2_000_000, False, FIN | ACK, ends[1], ends[0] + 1),
        Packet(now + 3_000_000, True, ACK, ends[0] + 1, ends[1] + 1),
    ]
    return opening, data, closing


def _swapped(data: list[Packet]) -> list[Packet]:
    """Neighbours change places, whichever side sent them; the clock does not."""
    out = list(data)
    for at in range(0, len(out) - 1, 2):
        first, second = out[at], out[at + 1]
        out[at], out[at + 1] = replace(second, time_ns=first.time_ns), replace(first, time_ns=second.time_ns)
    return out


def _swapped_halves(data: list[Packet]) -> list[Packet]:
    """Neighbours of one side change places."""
    out = list(data)
    at = 0
    while at < len(out) - 1:
        if out[at].by_client is out[at + 1].by_client:
            out[at : at + 2] = _swapped(out[at : at + 2])
            at += 1
        at += 1
    return out
