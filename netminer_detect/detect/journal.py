"""Which jobs and shares one flow held, so that of two captures of it what both hold is counted once.

Contract: `job(message)` and `share(message, kind)` note a message, `answered(place, …)` what became of a share.
`join(other)` takes in what another capture of the same flow noted, and gives what that adds. A message is known by its
text: a share by its nonce, a job by its header; one that was said twice counts twice. At most MOST jobs and shares are
noted, in some 20 bytes each; what holds more is not `whole`, and cannot be joined.
"""

from __future__ import annotations

from array import array
from enum import IntEnum
from fractions import Fraction
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

MOST = 1 << 16
MOST_KINDS = 1 << 12


class Outcome(IntEnum):
    """What became of a share."""

    UNANSWERED = 0
    ACCEPTED = 1
    REJECTED = 2


class Kind(Struct, frozen=True):
    """What shares have in common: who handed them in, of what algorithm, and what each is worth."""

    login: str | None
    algorithm: tuple[str | None, str]
    hashes: Fraction | None
    silent: bool


Share = tuple[Kind, Outcome]


class Additions(Struct):
    """What another capture adds: `jobs`, `shares` that were not noted, and those of which it knows more, as they were
    noted and as they are now."""

    jobs: int = 0
    shares: list[Share] = field(default_factory=list)
    revised: list[tuple[Share, Share]] = field(default_factory=list)


class Journal:
    """See the module's contract."""

    __slots__ = ("_jobs", "_kind_of", "_kinds", "_numbers", "_outcomes", "_shares", "whole")

    def __init__(self) -> None:
        self.whole = True
        self._jobs = array("q")
        self._shares = array("q")
        self._outcomes = array("b")
        self._kind_of = array("H")
        self._kinds: list[Kind] = []
        self._numbers: dict[Kind, int] = {}

    def job(self, message: str | dict[str, Any]) -> None:
        """Note a job."""
        if len(self._jobs) < MOST:
            self._jobs.append(_print(message))
        else:
            self.whole = False

    def share(self, message: str | dict[str, Any], kind: Kind) -> int:
        """Note a share; its place, -1 where there is no room."""
        return self._note(_print(message), kind, Outcome.UNANSWERED)

    def answered(self, place: int, accepted: bool, hashes: Fraction | None) -> None:
        """What became of a share, and what it turned out to be worth."""
        if place < 0:
            return
        self._outcomes[place] = Outcome.ACCEPTED if accepted else Outcome.REJECTED
        kind = self._kinds[self._kind_of[place]]
        if hashes != kind.hashes:
            self._turn(place, replace(kind, hashes=hashes))

    def join(self, other: Journal) -> Additions:
        """See the module's contract. Both are whole."""
        added = Additions()
        jobs = _counts(self._jobs)
        for message in other._jobs:
            if jobs.get(message, 0):
                jobs[message] -= 1
            else:
                self._jobs.append(message)
                added.jobs += 1
        places: dict[int, list[int]] = {}
        for place in reversed(range(len(self._shares))):
            places.setdefault(self._shares[place], []).append(place)
        for theirs, message in enumerate(other._shares):
            share = other._share(theirs)
            if places.get(message):
                self._revise(places[message].pop(), share, added)
            else:
                self._note(message, *share)
                added.shares.append(share)
        return added

    def _share(self, place: int) -> Share:
        return self._kinds[self._kind_of[place]], Outcome(self._outcomes[place])

    def _revise(self, place: int, theirs: Share, added: Additions) -> None:
        mine = self._share(place)
        known = _better(mine, theirs)
        if known != mine:
            added.revised.append((mine, known))
            self._outcomes[place] = known[1]
            self._turn(place, known[0])

    def _turn(self, place: int, kind: Kind) -> None:
        number = self._number(kind)
        if number >= 0:
            self._kind_of[place] = number

    def _note(self, message: int, kind: Kind, outcome: Outcome) -> int:
        number = self._number(kind)
        if number < 0 or len(self._shares) >= MOST:
            self.whole = False
            return -1
        self._shares.append(message)
        self._outcomes.append(outcome)
        self._kind_of.append(number)
        return len(self._shares) - 1

    def _number(self, kind: Kind) -> int:
        number = self._numbers.get(kind, -1)
        if number < 0 and len(self._kinds) < MOST_KINDS:
            number = self._numbers[kind] = len(self._kinds)
            self._kinds.append(kind)
        if number < 0:
            self.whole = False
        return number


def _better(mine: Share, theirs: Share) -> Share:
    """What two captures know of one share together."""
    (kind, outcome), (other, its) = mine, theirs
    return Kind(
        other.login if kind.login is None else kind.login,
        other.algorithm if kind.algorithm[0] is None else kind.algorithm,
        other.hashes if kind.hashes is None else kind.hashes,
        kind.silent and other.silent,
    ), its if outcome is Outcome.UNANSWERED else outcome


def _print(message: str | dict[str, Any]) -> int:
    """A message as a number: the same in all processes of a run."""
    return hash(message if isinstance(message, str) else repr(message))


def _counts(messages: array[int]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for message in messages:
        counts[message] = counts.get(message, 0) + 1
    return counts
