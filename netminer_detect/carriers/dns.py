"""Reads DNS messages: names asked for, names and addresses answered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DnsQuestion:
    """A name (lower case, no final dot, "." is the root) and the type asked for."""

    name: str
    type: int


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """A record of the answer section. `address` is packed (A, AAAA); `target` a name (CNAME, HTTPS, SVCB)."""

    name: str
    type: int
    ttl: int
    address: bytes | None
    target: str | None


@dataclass(frozen=True, slots=True)
class DnsMessage:
    """A query or a response, as far as it was captured."""

    transaction: int
    is_response: bool
    rcode: int
    questions: tuple[DnsQuestion, ...]
    answers: tuple[DnsAnswer, ...]


def read_dns(payload: bytes) -> DnsMessage | None:
    """The message of a UDP payload (or of one framed TCP message), None where it is none."""
    return None


class DnsOverTcp:
    """One direction of DNS over TCP: bytes in, messages out (RFC 1035, 4.2.2)."""

    broken: bool = False

    def feed(self, data: bytes) -> list[DnsMessage]:
        return []

    def gap(self, size: int) -> None:
        """`size` bytes are missing here."""
