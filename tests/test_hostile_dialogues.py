"""Every dialogue with values of the wrong kind in it: nothing raises, nothing is counted that was not said."""

from __future__ import annotations

import json
import random

import pytest

from netminer_detect.detect.session import Session
from netminer_detect.dialects.framing import bodies
from netminer_detect.dialects.lines import Lines
from netminer_detect.observations import ShareAnswered, ShareSubmitted, Side
from tests.conversations import load, names
from tests.delivery import MARK

WRONG = (
    None, True, False, 0, -1, 1, 2**63, 2**64, -(2**70), 10**300, 0.0, -0.5, 1e308, float("inf"), float("nan"), "", "0",
    "0x", "0x0", "-1", "1e400", "²", "٣", "\ud800", "\x00", "x" * 5000, [], {}, [[[[]]]], [None] * 50, {"a": {"b": []}},
    "0" * 64, "f" * 64, "0x" + "f" * 64, "00000000", "ffffffff", "mining.notify", "job", 31, "login", 1.5,
)  # fmt: skip
DIALOGUES = tuple(
    name for name in names()
    if all(data.data[:1] == b"{" for data in load(name).lines[:3]) and load(name).expected.get("mining", True)
)


def damaged(value, chance, rate):
    """A copy in which some values are of another kind, missing or twice there."""
    if chance.random() < rate:
        return chance.choice(WRONG)
    if isinstance(value, dict):
        kept = {key: damaged(member, chance, rate) for key, member in value.items() if chance.random() > rate / 2}
        if chance.random() < rate:
            kept[chance.choice(("id", "method", "params", "result", "error", "body"))] = chance.choice(WRONG)
        return kept
    if isinstance(value, list):
        members = [damaged(member, chance, rate) for member in value if chance.random() > rate / 2]
        return members * 2 if chance.random() < rate / 2 else members
    return value


def turns(name, seed):
    """(side, bytes) of a dialogue whose messages are damaged, repeated or missing."""
    chance = random.Random(f"{name}/{seed}")
    rate = chance.choice((0.005, 0.03, 0.2))
    for line in load(name).lines:
        side = Side.CLIENT if line.by_client else Side.SERVER
        found = bodies(line.data) if line.data[:1] == b"{" else []
        if len(found) != 1:
            yield side, line.data
            continue
        for _ in range(chance.choice((0, 1, 1, 1, 1, 1, 1, 2))):
            body = damaged(found[0], chance, rate) if chance.random() < 0.7 else found[0]
            yield (side if chance.random() > 0.03 else side.other), json.dumps(body).encode() + b"\n"


@pytest.mark.parametrize("name", DIALOGUES)
def test_values_of_the_wrong_kind(name):
    for seed in range(20):
        reader, session = Lines(), Session(("10.0.0.1", 1), ("203.0.113.9", 2))
        submitted, answered = [], []
        chance = random.Random(seed)
        for side, data in turns(name, seed):
            found = reader.gap(side, 9) if chance.random() < 0.02 else reader.data(side, data, MARK)
            session.apply(found)
            submitted += [one for one in found if isinstance(one, ShareSubmitted)]
            answered += [one for one in found if isinstance(one, ShareAnswered)]
        session.apply(reader.close())
        assert all(one.hashes is None or one.hashes > 0 for one in submitted)
        assert len(answered) <= len(submitted)
        for ledger in session.ledgers.values():
            shares = ledger.shares
            assert shares.submitted == shares.accepted + shares.rejected + shares.unanswered
            assert min(shares.accepted, shares.rejected, shares.unanswered) >= 0
            assert all(done.hashes >= 0 and done.known >= 0
                       for worker in ledger.workers.values() for done in worker.done.values())


def test_there_are_dialogues_enough():
    assert len(DIALOGUES) > 40
