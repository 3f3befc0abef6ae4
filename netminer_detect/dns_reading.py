"""Reads the DNS packets that the kernel hands out, and tells the resolver.

Contract: `DnsReading(resolver, kernel, limit)`: `segment(event, facts, mark)` takes a packet of a flow with port 53 on
either side, UDP or TCP; `close(flow)` when a TCP flow is over. Addresses that an answer gives for a known name are
bound in the kernel. TCP messages that are not whole yet take at most `limit` bytes in all; beyond, the longest silent
flow is settled and counted in `dropped`.
"""

from __future__ import annotations

from netminer_detect.carriers.dns import DnsMessage, DnsOverTcp, read_dns
from netminer_detect.detect.resolver import Resolver
from netminer_detect.flow import address_text
from netminer_detect.kernel.interface import FlowFacts, Kernel, Segment
from netminer_detect.kernel.packet import UDP
from netminer_detect.marks import Mark
from netminer_detect.open_flows import OpenFlows, Rank

_Pair = tuple[DnsOverTcp, DnsOverTcp]


class DnsReading:
    """See the module's contract."""

    def __init__(self, resolver: Resolver, kernel: Kernel, limit: int) -> None:
        self.dropped = 0
        self._resolver, self._kernel = resolver, kernel
        self._open: OpenFlows[_Pair] = OpenFlows(limit)

    def segment(self, event: Segment, facts: FlowFacts, mark: Mark) -> None:
        """See the module's contract."""
        ends = (facts.source, facts.destination) if event.forward else (facts.destination, facts.source)
        port = facts.source_port if event.forward else facts.destination_port
        for message in self._messages(event, facts):
            self._tell(message, ends, port, mark, len(event.payload))

    def close(self, flow: int) -> None:
        """See the module's contract."""
        self._open.take(flow)

    def _messages(self, event: Segment, facts: FlowFacts) -> list[DnsMessage]:
        if facts.protocol == UDP:
            message = read_dns(event.payload)
            return [] if message is None else [message]
        pair = self._open.get(event.flow)
        if pair is None:
            pair = DnsOverTcp(), DnsOverTcp()
            self._open.add(event.flow, pair)
        messages = pair[0 if event.forward else 1].feed(event.payload)
        self._open.touch(event.flow, len(event.payload), Rank.ANSWERED)
        while self._open.is_full:
            self._kernel.settle(self._open.give_up()[0])
            self.dropped += 1
        return messages

    def _tell(self, message: DnsMessage, ends: tuple[bytes, bytes], port: int, mark: Mark, size: int) -> None:
        source, destination = ends
        if not message.is_response:
            self._resolver.question(address_text(source), port, message, mark, size)
            return
        client = (address_text(destination), destination)
        for address in self._resolver.answer(client, address_text(source), message, mark):
            self._kernel.bind(destination, address)
