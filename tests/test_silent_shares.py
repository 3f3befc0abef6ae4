"""Dialects whose servers never say yes: what nobody refused is work, and counted once."""

from __future__ import annotations

from fractions import Fraction

from netminer_detect.detect.ledger import Done, Ledger
from netminer_detect.detect.levels import level_of
from netminer_detect.detect.session import Session, Traffic
from netminer_detect.findings import Level, Shares
from netminer_detect.marks import Mark
from netminer_detect.observations import Evidence, JobAssigned, ShareAnswered, ShareSubmitted, Side

EVIDENCE = Evidence(Mark(0, 1, 0, 0), Side.CLIENT, "share", "")
SESSION = Session(("10.0.0.7", 40000), ("203.0.113.9", 1800),
                  traffic=Traffic(packets=9, client_payload=90, server_payload=90, established=True))


def share(key, hashes=Fraction(8), acknowledged=False):
    return ShareSubmitted(EVIDENCE, key, "rig", "1", hashes, "sha256d", acknowledged=acknowledged)


def ledger(*observations):
    book = Ledger("btcagent")
    for observation in (JobAssigned(EVIDENCE, "1", Fraction(8)), *observations):
        book.apply(observation)
    return book


def done(book):
    return book.workers["rig"].done[("sha256d", "hash")]


def test_what_nobody_refused_is_work():
    book = ledger(share(1), share(2), share(3, None))
    assert book.shares == Shares(3, 0, 0, 3)
    assert done(book) == Done(Fraction(16), known=2, unknown=1, silent=3)
    reason = level_of(book, SESSION, "203.0.113.9:1800")
    assert (reason.level, reason.code) == (Level.SHARES, "shares_silent")


def test_what_was_refused_is_none():
    book = ledger(share(1), share(2), ShareAnswered(EVIDENCE, 2, False, "duplicate"))
    assert book.shares == Shares(2, 0, 1, 1)
    assert done(book) == Done(Fraction(8), known=1, silent=1)
    ledger_of_refusals = ledger(share(1), ShareAnswered(EVIDENCE, 1, False))
    assert level_of(ledger_of_refusals, SESSION, "").level is Level.SESSION


def test_a_yes_after_all_counts_once():
    book = ledger(share(1), ShareAnswered(EVIDENCE, 1, True))
    assert book.shares == Shares(1, 1, 0, 0)
    assert done(book) == Done(Fraction(8), known=1)


def test_an_answer_that_is_due_is_waited_for():
    book = ledger(share(1, acknowledged=True))
    assert not book.workers["rig"].done
    assert level_of(book, SESSION, "").level is Level.SESSION
