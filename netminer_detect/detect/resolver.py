"""What DNS tells: who asked for a mining server's name, and which address was handed to whom.

Contract: `Resolver.question` and `Resolver.answer` take each DNS message that names something known. They keep,
within bounds, `lookups` (who asked for the address of which `watched` name, when first and last, how often) and
bindings of (client, address) to the `known` name that was asked for, valid until the answer's time to live has run
out, GRACE_NS at least. `asks_for_others` tells resolvers: they answer questions, or ask without wanting recursion
(RFC 1035, 4.1.1: programs that only want an address set that bit). What they ask is no lookup of their own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct, field

from netminer_detect.carriers.dns import TYPE_A, TYPE_AAAA, TYPE_CNAME, TYPE_HTTPS, TYPE_SVCB, DnsMessage
from netminer_detect.marks import Mark

# A miner resolves, then connects within seconds; resolvers and libraries keep answers past their time, and a
# time to live may be 0. Five minutes bridge that without outliving a change of the address' owner.
GRACE_NS = 300 * 1_000_000_000
MAX_TTL_S = 86_400
# Who wants to connect asks for these; mail servers and auditors ask for others (MX, TXT, CAA …).
_ADDRESS_TYPES = frozenset((TYPE_A, TYPE_CNAME, TYPE_AAAA, TYPE_SVCB, TYPE_HTTPS))


class Lookup(Struct):
    """Questions of one client for one watched name."""

    client: str
    name: str
    mark: Mark
    port: int
    first_ns: int | None
    last_ns: int | None
    count: int = 1
    bytes: int = 0
    answered: bool = False


class Binding(Struct, frozen=True):
    """An address that a name stood for, until a time; `mark` is the answer's frame."""

    name: str
    until_ns: int | None
    mark: Mark


class Resolver(Struct):
    """The DNS state of one series."""

    known: Callable[[str], bool]
    watched: Callable[[str], bool]
    limit: int
    lookups: OrderedDict[tuple[str, str], Lookup] = field(default_factory=OrderedDict)
    servers: set[str] = field(default_factory=set)
    forgotten: int = 0
    _bindings: OrderedDict[tuple[bytes, bytes], Binding] = field(default_factory=OrderedDict)

    def question(self, client: str, port: int, message: DnsMessage, mark: Mark, size: int) -> None:
        """A query was sent by `client`."""
        for question in message.questions[:8]:
            if question.type not in _ADDRESS_TYPES or not self.watched(question.name):
                continue
            if not message.recursion and len(self.servers) < self.limit:
                self.servers.add(client)
            known = self.lookups.get((client, question.name))
            if known is not None:
                known.count += 1
                known.bytes += size
                known.last_ns = mark.time_ns
            else:
                self._note(Lookup(client, question.name, mark, port, mark.time_ns, mark.time_ns, bytes=size))

    def answer(
        self, client: tuple[str, bytes], server: str, message: DnsMessage, mark: Mark
    ) -> list[bytes]:
        """A response was sent to `client`; returns the addresses that are bound for it now."""
        if len(self.servers) < self.limit:
            self.servers.add(server)
        chain = {question.name for question in message.questions[:8]}
        asked = message.questions[0].name if message.questions else None
        name = next((name for name in sorted(chain) if self.known(name)), None)
        for answer in message.answers:
            # A CNAME chain: each target belongs to the question.
            if answer.target is not None and answer.name in chain:
                chain.add(answer.target)
                if name is None and self.known(answer.target):
                    name = answer.target
        if name is None:
            return []
        seen = self.lookups.get((client[0], asked or name)) or self.lookups.get((client[0], name))
        if seen is not None:
            seen.answered = True
        elif self.watched(name) and all(question.type in _ADDRESS_TYPES for question in message.questions[:8]):
            self._answer_alone(client[0], name, mark)
        addresses = [(answer.address, answer.ttl) for answer in message.answers if answer.address]
        for address, ttl_s in addresses[:64]:
            self._bind(client[1], address, name, ttl_s, mark)
        return [address for address, _ in addresses[:64]]

    def asks_for_others(self, client: str) -> bool:
        """See the module's contract."""
        return client in self.servers

    def binding(self, client: bytes, server: bytes, time_ns: int | None) -> Binding | None:
        """The name that an address stands for at a time, for a client."""
        bound = self._bindings.get((client, server))
        if bound is None or (time_ns is not None and bound.until_ns is not None and time_ns > bound.until_ns):
            return None
        return bound

    def _answer_alone(self, client: str, name: str, mark: Mark) -> None:
        """An answer whose question was not captured still tells that it was asked."""
        self._note(Lookup(client, name, mark, 53, mark.time_ns, mark.time_ns, answered=True))

    def _note(self, lookup: Lookup) -> None:
        if len(self.lookups) < self.limit:
            self.lookups[(lookup.client, lookup.name)] = lookup
        else:
            self.forgotten += 1

    def _bind(self, client: bytes, address: bytes, name: str, ttl_s: int, mark: Mark) -> None:
        until = None
        if mark.time_ns is not None:
            until = mark.time_ns + max(GRACE_NS, min(ttl_s, MAX_TTL_S) * 1_000_000_000)
        self._bindings[(client, address)] = Binding(name, until, mark)
        if len(self._bindings) > self.limit:
            self._bindings.popitem(last=False)
            self.forgotten += 1
