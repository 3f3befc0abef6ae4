"""Tells the resolver what DNS messages say, and the kernel which addresses they bind.

Contract: `DnsReading(resolver, kernel)`: `datagram(event, facts, mark)` takes a UDP packet with port 53 on either side;
`tap(facts)` gives what a `FlowReader` calls with each message of a TCP flow with that port.
"""

from __future__ import annotations

from netminer_detect.carriers.dns import DnsMessage, read_dns
from netminer_detect.detect.resolver import Resolver
from netminer_detect.flow import DnsTap, address_text
from netminer_detect.kernel.interface import FlowFacts, Kernel, Segment
from netminer_detect.marks import Mark
from netminer_detect.observations import Side


class DnsReading:
    """See the module's contract."""

    def __init__(self, resolver: Resolver, kernel: Kernel) -> None:
        self._resolver, self._kernel = resolver, kernel

    def datagram(self, event: Segment, facts: FlowFacts, mark: Mark) -> None:
        """See the module's contract."""
        message = read_dns(event.payload)
        if message is not None:
            self._tell(message, facts, event.forward, mark, len(event.payload))

    def tap(self, facts: FlowFacts) -> DnsTap:
        """See the module's contract."""
        def tell(side: Side, message: DnsMessage, size: int, mark: Mark) -> None:
            self._tell(message, facts, side is Side.CLIENT, mark, size)

        return tell

    def _tell(self, message: DnsMessage, facts: FlowFacts, forward: bool, mark: Mark, size: int) -> None:
        ends = (facts.source, facts.destination)
        source, destination = ends if forward else ends[::-1]
        if not message.is_response:
            port = facts.source_port if forward else facts.destination_port
            self._resolver.question(address_text(source), port, message, mark, size)
            return
        client = (address_text(destination), destination)
        for address in self._resolver.answer(client, address_text(source), message, mark):
            self._kernel.bind(destination, address)
