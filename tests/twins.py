"""Runs one capture through two kernels and says where they differ: events, facts, counters, warnings, errors."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

from netminer_detect.errors import CaptureError
from netminer_detect.kernel.interface import Closed, Kernel, Segment

# Some flows are given up early and some addresses bound, as a scan does; which, both twins are told alike.
SETTLE_EACH, BIND_EACH = 7, 11


def story(kernel: Kernel, captures: Iterable[bytes]) -> list[Any]:
    """Everything that a kernel says of a series of captures."""
    told: list[Any] = []

    def take(events: Callable[[], Any]) -> None:
        for count, event in enumerate(events()):
            told.append((event, kernel.facts(event.flow) if isinstance(event, Closed) else None))
            if not isinstance(event, Segment):
                continue
            if count % SETTLE_EACH == SETTLE_EACH - 1:
                kernel.settle(event.flow)
            if count % BIND_EACH == BIND_EACH - 1:
                facts = kernel.facts(event.flow)
                kernel.bind(facts.source, facts.destination)

    for capture in captures:
        stream = io.BytesIO(capture)
        try:
            take(lambda stream=stream: kernel.scan(stream, "x.pcap", told.append))
        except CaptureError as error:
            told.append(str(error))
    take(kernel.finish)
    counters = kernel.counters
    told.append((counters.packets, counters.bytes, counters.flows, sorted(counters.defects.items()),
                 counters.dropped_flows, counters.dropped_fragments))
    return told


def difference(one: list[Any], other: list[Any]) -> str | None:
    """The first thing that two stories tell differently."""
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return f"{at}: {left}\n    not {right}"
    return None if len(one) == len(other) else f"{len(one)} things told, not {len(other)}"
