"""Captures begin anywhere and lack a side: fewer facts are read then, never wrong ones."""

from __future__ import annotations

import pytest

from tests.conversations import CARRIED, connection, load, names
from tests.dialogue import begun_before, scan_packets
from tests.expectations import mining, untruths

DIALOGUES = [load(name) for name in names(CARRIED)]
MINING = [one for one in DIALOGUES if one.expected.get("mining", True) and one.expected.get("role") != "management"]
by_name = pytest.mark.parametrize("conversation", MINING, ids=lambda one: one.name)

# What a handshake alone is told as: the family's words, or the version that a miner asked for. Shares of the family's
# other dialects may have the same form; it is their jobs that differ.
HANDSHAKES = {"stratum-v1", "ethereumstratum-1"}
# Without the login, the subscription, or the agent's frames, these say the same.
ALIKE = {("zano", "eth-proxy"), ("zano", "monero-json-rpc"), ("xelis", None), ("btcagent", "stratum-v1")}


def wrong(conversation, packets):
    """What a part of a dialogue is told to be and is not."""
    return wrongly_told(conversation, scan_packets(conversation, packets))


def wrongly_told(conversation, report):
    """What a report of a part of a dialogue says that is not so."""
    expected = conversation.expected
    (told,) = {finding.dialect for finding in mining(report)} or {None}
    jobless = all(not finding.jobs.sent for finding in mining(report)) and expected["dialect"] != told
    if (expected["dialect"], told) in ALIKE or (jobless and told in HANDSHAKES):
        return []
    # Where servers never say yes, a share counts until it is refused, and the refusal may be what is missing.
    silent = expected["accepted"] is None
    return [mistake for mistake in untruths(report, expected) if not (silent and mistake.startswith("work"))]


@by_name
def test_captures_that_begin_anywhere(conversation):
    for first in range(1, len(conversation.lines)):
        assert wrong(conversation, begun_before(conversation, first)) == [], first


@by_name
@pytest.mark.parametrize("by_client", [True, False], ids=["miner", "server"])
def test_one_side_from_anywhere(conversation, by_client):
    opening, *_ = connection(list(conversation.lines))
    for first in range(len(conversation.lines)):
        packets = (opening if not first else []) + begun_before(conversation, first)
        assert wrong(conversation, [packet for packet in packets if packet.by_client is by_client]) == [], first


@by_name
def test_captures_that_end_anywhere(conversation):
    opening, data, _ = connection(list(conversation.lines))
    for last in range(len(data)):
        assert wrong(conversation, opening + data[:last]) == [], last


@by_name
def test_any_packet_may_be_missing(conversation):
    opening, data, closing = connection(list(conversation.lines))
    for lost in range(len(data)):
        assert wrong(conversation, opening + data[:lost] + data[lost + 1 :] + closing) == [], lost
