"""Conditions over what was found at one source: all, any, not, counts, spans of time.

Contract: `holds(condition, sights)` gives the numbers of the sights that make a condition true, None where it is not
true; `need(condition)` a fact without which it cannot be. A sight is one finding of the source: its facts as (key,
value) and the time that it spans. Each condition looks at each sight a bounded number of times; nothing here searches.
Keys are KEYS: `level` is true of this rung and those above, `name` of this name and those below it, `model` and
`firmware` of texts that begin so; the others are equal, whatever the case. `within_s` asks that the sights of all
parts, or so many, were there within so many seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

KEYS = ("rule", "role", "level", "dialect", "carrier", "algorithm", "coin", "server", "name", "port", "model",
        "firmware")  # fmt: skip
BEGINNINGS = ("model", "firmware")
DISTINCT = ("server", "port", "rule", "dialect", "coin")

Fact = tuple[str, str]


class Sight(Struct, frozen=True, tag=True):
    """All these facts are true of one finding."""

    wanted: tuple[Fact, ...]


class AllOf(Struct, frozen=True, tag=True):
    parts: tuple[Condition, ...]
    within_s: int | None = None


class AnyOf(Struct, frozen=True, tag=True):
    parts: tuple[Condition, ...]


class Not(Struct, frozen=True, tag=True):
    part: Condition


class Count(Struct, frozen=True, tag=True):
    """At least so many findings; with `distinct`, so many different values of that key."""

    of: Sight
    at_least: int
    distinct: str | None = None
    within_s: int | None = None


Condition = Sight | AllOf | AnyOf | Not | Count


class Conditional(Struct, frozen=True):
    """A condition and the rule that it makes true."""

    rule: str
    condition: Condition


class Seen(Struct, frozen=True):
    """One sight: its facts in small letters, and when (ns)."""

    facts: frozenset[Fact]
    first_ns: int | None = None
    last_ns: int | None = None


class Sights(Struct):
    """The sights of one source, findable by fact."""

    seen: list[Seen]
    _index: dict[Fact, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, one in enumerate(self.seen):
            for fact in one.facts:
                self._index.setdefault(fact, set()).add(number)

    @property
    def facts(self) -> Iterable[Fact]:
        """All facts that any sight has."""
        return self._index

    def having(self, fact: Fact) -> set[int]:
        """Which sights have a fact."""
        if fact[0] in BEGINNINGS:
            key, begin = fact
            return set().union(*(found for known, found in self._index.items()
                                 if known[0] == key and known[1].startswith(begin)))
        return self._index.get(fact, set())

    def values(self, number: int, key: str) -> Iterator[str]:
        return (value for known, value in self.seen[number].facts if known == key)


def facts_of(key: str, value: str) -> Iterable[Fact]:
    """What a sight must have so that all that is true of a value can be found."""
    value = value.lower()
    if key != "name":
        return [(key, value)]
    labels = value.split(".")
    return [(key, ".".join(labels[at:])) for at in range(min(len(labels), 128))]


def need(condition: Condition) -> Fact | None:
    """A fact without which a condition cannot be true; None where no single one tells."""
    match condition:
        case Sight():
            return next((fact for fact in condition.wanted if fact[0] not in BEGINNINGS), None)
        case Count():
            return need(condition.of)
        case AllOf():
            return next((fact for part in condition.parts if (fact := need(part)) is not None), None)
        case _:
            return None


def holds(condition: Condition, sights: Sights) -> set[int] | None:
    """See the module's contract."""
    match condition:
        case Sight():
            return _sight(condition, sights) or None
        case Not():
            return set() if holds(condition.part, sights) is None else None
        case AnyOf():
            found = [one for part in condition.parts if (one := holds(part, sights)) is not None]
            return set().union(*found) if found else None
        case AllOf():
            return _all(condition, sights)
        case Count():
            return _count(condition, sights)


def _sight(condition: Sight, sights: Sights) -> set[int]:
    first, *rest = condition.wanted
    found = set(sights.having(first))
    for fact in rest:
        if not found:
            break
        found &= sights.having(fact)
    return found


def _all(condition: AllOf, sights: Sights) -> set[int] | None:
    parts: list[set[int]] = []
    for part in condition.parts:
        found = holds(part, sights)
        if found is None:
            return None
        parts.append(found)
    if condition.within_s is None:
        return set().union(*parts)
    labelled = [(str(at), number) for at, numbers in enumerate(parts) for number in numbers]
    return _together(labelled, sum(map(bool, parts)), condition.within_s, sights)


def _count(condition: Count, sights: Sights) -> set[int] | None:
    found = _sight(condition.of, sights)
    key = condition.distinct
    labelled = [(value, number) for number in found for value in (sights.values(number, key) if key else [str(number)])]
    if condition.within_s is not None:
        return _together(labelled, condition.at_least, condition.within_s, sights)
    return found if len({label for label, _ in labelled}) >= condition.at_least else None


def _together(labelled: list[tuple[str, int]], needed: int, within_s: int, sights: Sights) -> set[int] | None:
    """The sights of the first span of time in which so many different labels occur. A span that begins at t meets a
    sight (a, b) if t is from a - within to b: what opens is counted before what closes."""
    within_ns = within_s * 1_000_000_000
    events: list[tuple[int, int, str, int]] = []
    for label, number in labelled:
        one = sights.seen[number]
        if one.first_ns is not None and one.last_ns is not None:
            events += [(one.first_ns - within_ns, 0, label, number), (one.last_ns, 1, label, number)]
    active: Counter[str] = Counter()
    there: set[int] = set()
    for _, closes, label, number in sorted(events):
        if closes:
            active[label] -= 1
            if not active[label]:
                del active[label]
            there.discard(number)
        else:
            active[label] += 1
            there.add(number)
        if len(active) >= needed:
            return there
    return None
