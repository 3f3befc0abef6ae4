"""Scans one series of captures with one state: kernel events in, drafts of findings out.

Contract: `SeriesScan.scan(stream, path)` reads one capture after the other; `finish()` closes what is open and
gives the drafts. A capture that cannot be read raises CaptureError and leaves the state as it was. Memory is
bounded by the kernel's flow table and MAX_READERS open readers, MAX_DRAFTS drafts; what is beyond is counted in
`dropped`, never silent. `unanswered` counts connections to known mining servers that nobody answered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct, field

from netminer_detect.carriers.dns import DnsOverTcp, read_dns
from netminer_detect.detect.drafts import Draft, key_of
from netminer_detect.detect.lookups import is_watched, lookup_drafts
from netminer_detect.detect.readings import is_knock, read_session
from netminer_detect.detect.resolver import Resolver
from netminer_detect.detect.session import Named, Session
from netminer_detect.flow import FlowReader, address_text
from netminer_detect.kernel.interface import Closed, Event, FlowFacts, Kernel, Segment
from netminer_detect.kernel.packet import TCP, UDP
from netminer_detect.marks import Mark
from netminer_detect.observations import Evidence, Side
from netminer_detect.rulebook.book import Rulebook
from netminer_detect.sources.capture import Readable

MAX_READERS = 50_000
MAX_DRAFTS = 100_000
DNS = 53


class SeriesScan(Struct):
    """See the module's contract. `captures` names the inputs of the run, `kernel` is fresh."""

    kernel: Kernel
    book: Rulebook
    captures: list[str]
    drafts: OrderedDict[object, Draft] = field(default_factory=OrderedDict)
    dropped: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0
    _open: OrderedDict[int, FlowReader | None] = field(default_factory=OrderedDict)
    _dns: dict[int, tuple[DnsOverTcp, DnsOverTcp]] = field(default_factory=dict)
    _facts: dict[int, FlowFacts] = field(default_factory=dict)
    _resolver: Resolver | None = None

    def scan(self, stream: Readable, path: str, capture: int, warn: Callable[[str], None]) -> None:
        """Read one capture; `capture` is its place in `captures`."""
        for event in self.kernel.scan(stream, path, warn):
            self._take(event, capture)

    def finish(self) -> list[Draft]:
        """Close all flows and give what was found."""
        for event in self.kernel.finish():
            self._take(event, max(0, len(self.captures) - 1))
        named = {(draft.source, draft.pool.name) for draft in self.drafts.values()}
        return [*self.drafts.values(), *lookup_drafts(self.resolver, self.book, named, self.captures)]

    @property
    def resolver(self) -> Resolver:
        """The DNS state, made when first needed."""
        if self._resolver is None:
            book = self.book
            self._resolver = Resolver(
                lambda name: (book.name(name) or book.malware_name(name)) is not None,
                lambda name: is_watched(book, name))
        return self._resolver

    def _take(self, event: Event, capture: int) -> None:
        if isinstance(event, Closed):
            self._close(event.flow)
            return
        if event.flow not in self._open:
            self._begin(event)
        reader = self._open[event.flow]
        mark = Mark(capture, event.frame, event.offset, event.time_ns)
        if reader is not None:
            reader.segment(event, mark)
            if not reader.wanted:
                self.kernel.settle(event.flow)
        else:
            self._read_dns(event, mark)

    def _begin(self, event: Segment) -> None:
        facts = self.kernel.facts(event.flow)
        is_dns = DNS in (facts.source_port, facts.destination_port)
        if len(self._open) >= MAX_READERS:
            self.dropped["readers"] = self.dropped.get("readers", 0) + 1
            self._close(next(iter(self._open)))
        if facts.protocol == TCP and not is_dns:
            self._open[event.flow] = self._reader(facts)
            return
        self._open[event.flow] = None
        self._facts[event.flow] = facts
        if facts.protocol == TCP:
            self._dns[event.flow] = (DnsOverTcp(), DnsOverTcp())
        elif not is_dns:
            self.kernel.settle(event.flow)

    def _close(self, flow: int) -> None:
        reader = self._open.pop(flow, None)
        self._facts.pop(flow, None)
        self._dns.pop(flow, None)
        if reader is not None:
            self._judge(reader.close(self.kernel.facts(flow)), reader.bound)

    def _judge(self, session: Session, bound: Named | None) -> None:
        readings = read_session(session, self.book, bound)
        self.unanswered += not readings and is_knock(session, self.book, bound)
        for reading in readings:
            key = key_of(reading)
            draft = self.drafts.get(key)
            if draft is None:
                if len(self.drafts) >= MAX_DRAFTS:
                    self.dropped["findings"] = self.dropped.get("findings", 0) + 1
                    return
                draft = self.drafts[key] = Draft(
                    reading.client[0], reading.role, reading.pool, reading.dialect, reading.reason)
            draft.add(reading, session, self.captures)

    def _reader(self, facts: FlowFacts) -> FlowReader:
        """A flow's reader, which knows the name that DNS gave the client for the server's address before."""
        if self._resolver is None:
            return FlowReader(facts)
        ends = (facts.source, facts.destination)
        bound, swapped = self._resolver.binding(*ends, facts.first_ns), False
        if bound is None and not (facts.syn or facts.syn_ack):
            # The capture began in the middle: who spoke first in it need not be the client.
            bound, swapped = self._resolver.binding(*ends[::-1], facts.first_ns), True
        if bound is None:
            return FlowReader(facts)
        evidence = Evidence(bound.mark, Side.SERVER, "dns answer", f"DNS gave this address for {bound.name}")
        return FlowReader(facts, Named(bound.name, None, "dns", evidence), swapped)

    def _read_dns(self, event: Segment, mark: Mark) -> None:
        facts = self._facts.get(event.flow)
        if facts is None:
            return
        if facts.protocol == UDP:
            message = read_dns(event.payload)
            messages = [message] if message is not None else []
        else:
            messages = self._dns[event.flow][0 if event.forward else 1].feed(event.payload)
        source, destination = (facts.source, facts.destination) if event.forward else (facts.destination, facts.source)
        port = facts.source_port if event.forward else facts.destination_port
        for message in messages:
            if not message.is_response:
                self.resolver.question(address_text(source), port, message, mark, len(event.payload))
                continue
            client = (address_text(destination), destination)
            for address in self.resolver.answer(client, address_text(source), message, mark):
                self.kernel.bind(destination, address)


