"""Reads the candidate flows of one series with one state, and judges each when it is over.

Contract: `Sessions(kernel, book, captures, bounds, apart)`: `take(event, capture)` takes what the kernel yields, in its
order; `drafts()` gives what was found, once all flows are closed, where captures may overlap (`apart`) one a flow.
Memory is within `bounds`: what is beyond is given up in the order that `bounds` tells, judged by what was read of it,
and counted in `dropped`, never silent. `unanswered` counts connections to known mining servers that nobody answered.
"""

from __future__ import annotations

from collections import Counter

from netminer_detect.bounds import Bounds
from netminer_detect.detect.collected import Collected
from netminer_detect.detect.drafts import Draft
from netminer_detect.detect.lookups import is_watched, lookup_drafts
from netminer_detect.detect.readings import is_knock, read_session
from netminer_detect.detect.resolver import Resolver
from netminer_detect.detect.server_machines import served
from netminer_detect.detect.session import Named, Session
from netminer_detect.dialects.handed_out import HandedOut
from netminer_detect.dns_reading import DnsReading
from netminer_detect.findings import Role
from netminer_detect.flow import FlowReader
from netminer_detect.kernel.interface import Closed, Event, FlowFacts, Kernel, Segment
from netminer_detect.kernel.packet import TCP
from netminer_detect.marks import Mark
from netminer_detect.observations import Evidence, Side
from netminer_detect.open_flows import OpenFlows, Rank
from netminer_detect.rulebook.book import Rulebook

DNS, HTTPS = 53, 443
# To ask the kernel for a machine's clients is to look at all flows.
MAX_ASKED = 256


class Sessions:
    """See the module's contract. `captures` names the inputs of the series."""

    def __init__(self, kernel: Kernel, book: Rulebook, captures: list[str], bounds: Bounds, apart: bool) -> None:
        self.unanswered = 0
        self._kernel, self._book, self._captures = kernel, book, captures
        self._dropped: Counter[str] = Counter()
        self._collected = Collected(bounds.drafts, apart)
        self._resolver = Resolver(
            lambda name: (book.name(name) or book.malware_name(name)) is not None,
            lambda name: is_watched(book, name), bounds.names)
        self._handed = HandedOut()
        self._open: OpenFlows[FlowReader] = OpenFlows(bounds.readers)
        self._dns = DnsReading(self._resolver, kernel)
        self._asked = 0

    def drafts(self) -> list[Draft]:
        """See the module's contract."""
        named = {(draft.source, draft.pool.name) for draft in self._collected.flows()}
        for draft in lookup_drafts(self._resolver, self._book, named, self._captures):
            self._collected.put(draft)
        return self._collected.flows()

    @property
    def dropped(self) -> dict[str, int]:
        """What was given up, by what it was."""
        others = Counter(names=self._resolver.forgotten)
        return dict(self._dropped + Counter(self._collected.dropped) + others)

    def take(self, event: Event, capture: int) -> None:
        """See the module's contract; `capture` is the place of the event's capture in `captures`."""
        flow = event.flow
        if isinstance(event, Closed):
            reader = self._open.take(flow)
            if reader is not None and not self._judge(reader, self._kernel.facts(flow)):
                self.unanswered += is_knock(reader.session, self._book, reader.bound)
            return
        mark = Mark(capture, event.frame or None, event.offset, event.time_ns)
        reader = self._open.get(flow) or self._begin(event, mark)
        if reader is None:
            return
        reader.segment(event, mark)
        self._open.touch(flow, len(event.payload), _rank(reader))
        if not reader.wanted:
            self._kernel.settle(flow)
        while self._open.is_full:
            self._give_up()

    def _begin(self, event: Segment, mark: Mark) -> FlowReader | None:
        """A reader for the event's flow, None where it has none: datagrams have no session."""
        facts = self._kernel.facts(event.flow)
        if facts.protocol != TCP:
            if DNS in (facts.source_port, facts.destination_port):
                self._dns.datagram(event, facts, mark)
            else:
                self._kernel.settle(event.flow)
            return None
        reader = self._reader(facts)
        self._open.add(event.flow, reader)
        return reader

    def _give_up(self) -> None:
        """Judge the flow that is missed least by what it said so far. One that said nothing may begin again."""
        flow, reader, _ = self._open.give_up()
        self._dropped["readers"] += 1
        self._dropped["held_bytes"] += reader.held
        if self._judge(reader, self._kernel.facts(flow)):
            self._kernel.settle(flow)

    def _judge(self, reader: FlowReader, facts: FlowFacts) -> bool:
        """Book what a flow amounts to; whether it amounts to anything."""
        session = reader.close(facts)
        readings = read_session(session, self._book, reader.bound)
        if session.unnamed is not None and any(reading.role is Role.MINER for reading in readings):
            self._note_served(session, facts)
        for reading in readings:
            self._collected.add(reading, session, self._captures)
        self._dropped["workers"] += sum(ledger.workers_dropped for ledger in session.ledgers.values())
        return bool(readings)

    def _note_served(self, session: Session, facts: FlowFacts) -> None:
        """Note whether who mines over a nameless TLS session with a port of the web is a server itself."""
        if session.ends[1][1] == HTTPS and self._asked < MAX_ASKED:
            self._asked += 1
            client = facts.destination if session.swapped else facts.source
            session.served = served(self._kernel.callers(client))

    def _reader(self, facts: FlowFacts) -> FlowReader:
        """A flow's reader, which knows the name that DNS gave the client for the server's address before."""
        ends = (facts.source, facts.destination)
        tap = self._dns.tap(facts) if DNS in (facts.source_port, facts.destination_port) else None
        bound, swapped = self._resolver.binding(*ends, facts.first_ns), False
        if bound is None and not (facts.syn or facts.syn_ack):
            # The capture began in the middle: who spoke first in it need not be the client.
            bound, swapped = self._resolver.binding(*ends[::-1], facts.first_ns), True
        if bound is None:
            return FlowReader(facts, handed=self._handed, dns=tap)
        evidence = Evidence(bound.mark, Side.SERVER, "dns answer", f"DNS gave this address for {bound.name}")
        return FlowReader(facts, Named(bound.name, None, "dns", evidence), swapped, self._handed, tap)


def _rank(reader: FlowReader) -> Rank:
    if reader.session.ledgers:
        return Rank.MINING if reader.answered else Rank.MINING_UNANSWERED
    return Rank.ANSWERED if reader.answered else Rank.UNANSWERED
