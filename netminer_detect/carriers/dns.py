"""Reads DNS messages: names asked for, names and addresses answered.

Contract: `read_dns(payload)` gives the message, or None where the bytes are none; it is strict enough that
random bytes are none. Records behind a damage or the end of a cut payload are left out, at most MAX_ANSWERS
are read. `DnsOverTcp` takes one direction of a TCP flow and gives its messages. Nothing raises.

Names are text in lower case without final dot; "." is the root. Bytes that are no letters, digits or usual
signs, and dots within a label, stand as backslash and three decimal digits (RFC 1035, 5.1).

Wire: RFC 1035, 4; AAAA RFC 3596; SVCB and HTTPS RFC 9460, 2.2; over TCP with a length of two bytes before
each message (RFC 1035, 4.2.2).
"""

from __future__ import annotations

from typing import NamedTuple

TYPE_A, TYPE_CNAME, TYPE_AAAA, TYPE_SVCB, TYPE_HTTPS = 1, 5, 28, 64, 65
MAX_ANSWERS = 256
# RFC 1035, 2.3.4; a pointer must point backwards, and real names need one or two of them.
_MAX_NAME, _MAX_POINTERS = 255, 16
_MAX_RECORDS = 4096
_HEADER = 12
# IN, CH, HS, NONE, ANY (RFC 6895, 3.2).
_CLASSES = frozenset((1, 3, 4, 254, 255))
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_*/:")


class DnsQuestion(NamedTuple):
    """A name and the type asked for."""

    name: str
    type: int


class DnsAnswer(NamedTuple):
    """A record of the answer section. `address` is packed (A, AAAA); `target` a name (CNAME, HTTPS, SVCB)."""

    name: str
    type: int
    ttl: int
    address: bytes | None
    target: str | None


class DnsMessage(NamedTuple):
    """A query or a response, as far as it was captured. `recursion`: the asker wants it all done (RD)."""

    transaction: int
    is_response: bool
    rcode: int
    questions: tuple[DnsQuestion, ...]
    answers: tuple[DnsAnswer, ...]
    recursion: bool = True


class _NotDns(Exception):
    """The bytes are no DNS message."""


def read_dns(payload: bytes) -> DnsMessage | None:
    """The message of a UDP payload (or of one framed TCP message), None where it is none."""
    if len(payload) < _HEADER + 5:
        return None
    flags, asked, answered = _u16(payload, 2), _u16(payload, 4), _u16(payload, 6)
    response = bool(flags & 0x8000)
    # Opcode 0 (query) and the reserved bit 0; one question, or none in later messages of a zone transfer.
    if flags & 0x7840 or asked > 1 or (not asked and not (response and answered)):
        return None
    if answered > _MAX_RECORDS or _u16(payload, 8) > _MAX_RECORDS or _u16(payload, 10) > _MAX_RECORDS:
        return None
    try:
        questions, at = _questions(payload, asked)
    except (_NotDns, IndexError):
        return None
    answers = _answers(payload, at, answered)
    if not questions and not answers:
        return None
    return DnsMessage(_u16(payload, 0), response, flags & 0x0F, questions, answers, bool(flags & 0x100))


def _u16(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]


def _questions(data: bytes, count: int) -> tuple[tuple[DnsQuestion, ...], int]:
    if not count:
        return (), _HEADER
    name, at = _name(data, _HEADER)
    if _u16(data, at + 2) not in _CLASSES:
        raise _NotDns
    return (DnsQuestion(name, _u16(data, at)),), at + 4


def _answers(data: bytes, at: int, count: int) -> tuple[DnsAnswer, ...]:
    """The records that are whole, up to the first that is not."""
    answers: list[DnsAnswer] = []
    try:
        for _ in range(min(count, MAX_ANSWERS)):
            name, at = _name(data, at)
            kind, size = _u16(data, at), _u16(data, at + 8)
            start, end = at + 10, at + 10 + size
            if _u16(data, at + 2) not in _CLASSES or end > len(data):
                break
            ttl = int.from_bytes(data[at + 4 : at + 8], "big")
            address, target = _record_data(data, kind, start, end)
            # A TTL with its first bit set means 0 (RFC 2181, 8).
            answers.append(DnsAnswer(name, kind, ttl if ttl < 1 << 31 else 0, address, target))
            at = end
    except (_NotDns, IndexError):
        pass
    return tuple(answers)


def _record_data(data: bytes, kind: int, start: int, end: int) -> tuple[bytes | None, str | None]:
    """(address, None), (None, name), or (None, None) for what is not read."""
    if (kind == TYPE_A and end - start == 4) or (kind == TYPE_AAAA and end - start == 16):
        return data[start:end], None
    if kind == TYPE_CNAME or (kind in (TYPE_SVCB, TYPE_HTTPS) and end - start >= 3):
        name, behind = _name(data, start if kind == TYPE_CNAME else start + 2)
        if behind > end or (kind == TYPE_CNAME and behind != end):
            raise _NotDns
        return None, None if name == "." and kind != TYPE_CNAME else name
    if kind in (TYPE_A, TYPE_AAAA, TYPE_SVCB, TYPE_HTTPS):
        raise _NotDns
    return None, None


def _name(data: bytes, at: int) -> tuple[str, int]:
    """A name and the offset behind it. Each pointer must point before all that was read of the name."""
    labels: list[str] = []
    size, behind, lowest = 0, 0, at
    pointers = 0
    while True:
        length = data[at]
        if length >= 0xC0:
            behind = behind or at + 2
            at = (length & 0x3F) << 8 | data[at + 1]
            pointers += 1
            if at >= lowest or at < _HEADER or pointers > _MAX_POINTERS:
                raise _NotDns
            lowest = at
            continue
        if length > 63:
            raise _NotDns
        at += 1
        if not length:
            return ".".join(labels) or ".", behind or at
        size += length + 1
        if size >= _MAX_NAME or at + length > len(data):
            raise _NotDns
        labels.append(_label(data[at : at + length]))
        at += length


def _label(raw: bytes) -> str:
    raw = raw.lower()
    if _PLAIN.issuperset(raw):
        return raw.decode("ascii")
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03d}" for byte in raw)


class DnsOverTcp:
    """One direction of DNS over TCP: bytes in, messages out. At most one message (64 KiB) is held. `broken`: the
    bytes are no DNS, or so many are missing that the framing is lost; nothing more is read then."""

    __slots__ = ("_held", "_skip", "broken")

    def __init__(self) -> None:
        self.broken = False
        self._held = bytearray()
        self._skip = 0

    @property
    def held(self) -> int:
        """Bytes of a message that is not whole."""
        return len(self._held)

    def feed(self, data: bytes) -> list[DnsMessage]:
        messages: list[DnsMessage] = []
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        if self.broken or not data:
            return messages
        self._held += data
        at = 0
        while len(self._held) - at >= 2:
            end = at + 2 + (self._held[at] << 8 | self._held[at + 1])
            if len(self._held) < end:
                break
            message = read_dns(bytes(self._held[at + 2 : end]))
            at = end
            if message is None:
                self.broken = True
                at = len(self._held)
                break
            messages.append(message)
        del self._held[:at]
        return messages

    def gap(self, size: int) -> None:
        """`size` bytes are missing here: the message they fall in is lost, those behind it are not."""
        left = self._skip
        if len(self._held) >= 2:
            left = 2 + (self._held[0] << 8 | self._held[1]) - len(self._held)
        self._held.clear()
        self.broken = self.broken or left < size
        self._skip = max(left - size, 0)
