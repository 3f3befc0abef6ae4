"""Says why the rules know something: which rule, which line, since when, on whose word, and what that is worth.

Contract: `explain(rules, answers, target, day)` gives an `Explanation` of a name, an address (with or without a port),
an agent or a wallet. `Word`s are the lines that speak of it, those of the rule that counts first; `worth` is one of
WORTHS: what a scan would make of it on that day, and why not more. It never fails: what nobody knows is `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from ipaddress import ip_address, ip_network

from msgspec import Struct, field

from netminer_detect.rulebook import names
from netminer_detect.rulebook.answers import Answers
from netminer_detect.rulebook.entries import AddressEntry, AgentEntry, Entry, MarkEntry, NameEntry, NetworkEntry, Rule
from netminer_detect.rulebook.facts import AgentFact, EndpointFact, NameFact
from netminer_detect.rulebook.places import address_and_port

WORTHS = ("server", "domain", "website", "browser", "donation", "malware", "stale", "weak", "address", "no-port",
          "agent", "not-mining", "wallet", "unknown")  # fmt: skip
_EPOCH = date(1970, 1, 1).toordinal()


class Word(Struct, frozen=True):
    """A line of a rule that speaks of what was asked for."""

    rule: Rule
    entry: Entry


class Explanation(Struct):
    """See the module's contract. `rule` is the one that counts; `date` and `until` are the day on which its word was
    last checked and the day up to which that is worth something; `reason` is why a fact is weak."""

    target: str
    what: str
    worth: str = "unknown"
    rule: Rule | None = None
    date: str = ""
    until: str = ""
    reason: str = ""
    ports: tuple[int, ...] = ()
    words: list[Word] = field(default_factory=list)

    @property
    def since(self) -> str:
        """The earliest date on which one of the words was said, "" where none has a date."""
        return min((day for word in self.words if (day := word.entry.first or word.entry.date)), default="")


def explain(rules: Sequence[Rule], answers: Answers, target: str, day: date) -> Explanation:
    """See the module's contract."""
    text = target.strip()
    place = address_and_port(text)
    if place is not None:
        return _by_address(rules, answers, text, place, day)
    try:
        address = str(ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        return _by_text(rules, answers, text, day)
    return _without_port(rules, text, address)


def _by_text(rules: Sequence[Rule], answers: Answers, text: str, day: date) -> Explanation:
    name, _, port = text.rpartition(":")
    ported = bool(name) and port.isascii() and port.isdigit() and len(port) <= 5
    wanted = names.normal(name if ported else text)
    fact = answers.name(wanted, int(port) if ported else None) or answers.malware_name(wanted)
    if fact is not None:
        return _by_name(rules, text, wanted, fact, day)
    marked = answers.marked("wallet", text)
    if marked:
        found = Explanation(text, "wallet", "wallet", _rule(rules, marked[0]))
        found.words = _words(rules, marked[0], lambda entry: _is_wallet(entry, text))
        return found
    agent = answers.agent(text)
    if agent is not None:
        return _by_agent(rules, text, agent)
    return Explanation(text, "name" if names.fault(wanted) is None else "text")


def _by_name(rules: Sequence[Rule], text: str, wanted: str, fact: NameFact, day: date) -> Explanation:
    found = Explanation(text, "name", fact.kind, _rule(rules, fact.rule), fact.date, _day(fact.until), ports=fact.ports)
    labels = wanted.split(".")
    above = {".".join(labels[at:]) for at in range(len(labels))}
    found.words = _words(rules, fact.rule, lambda entry: isinstance(entry, NameEntry) and entry.name in above)
    if fact.kind in ("server", "browser", "donation") and fact.stale_on(day.toordinal() - _EPOCH):
        _age(found, fact.name, fact.until)
    return found


def _by_address(
    rules: Sequence[Rule], answers: Answers, text: str, place: tuple[str, int], day: date
) -> Explanation:
    ip, port = place
    fact: EndpointFact | None = answers.endpoint(ip, port) or answers.malware_endpoint(ip, port)
    if fact is None:
        found = _without_port(rules, text, ip)
        found.worth = found.worth if found.worth == "unknown" else "no-port"
        return found
    worth = "malware" if fact.kind == "malware" else "address"
    found = Explanation(text, "address", worth, _rule(rules, fact.rule), fact.date, _day(fact.until), ports=(port,))
    found.words = _words(rules, fact.rule, lambda entry: _is_at(entry, ip) and port in _ports(entry))
    if worth == "address" and fact.stale_on(day.toordinal() - _EPOCH):
        _age(found, ip, fact.until)
    return found


def _without_port(rules: Sequence[Rule], text: str, ip: str) -> Explanation:
    """An address without a port, or with one that no rule has: the ports that would count."""
    words = [Word(rule, entry) for rule in rules for entry in rule.entries if _is_at(entry, ip)]
    if not words:
        return Explanation(text, "address")
    ports = tuple(sorted({port for word in words for port in _ports(word.entry)}))
    return Explanation(text, "address", "no-port", words[0].rule, ports=ports, words=words)


def _by_agent(rules: Sequence[Rule], text: str, fact: AgentFact) -> Explanation:
    worth = "not-mining" if fact.kind == "not-mining" else "agent"
    found = Explanation(text, "agent", worth, _rule(rules, fact.rule), reason=fact.product)
    found.words = _words(rules, fact.rule, lambda entry: isinstance(entry, AgentEntry) and entry.fact == fact)
    return found


def _age(found: Explanation, place: str, until: int) -> None:
    """Old facts and poor ones carry a lookup: say which of the two it is."""
    weak = [word.entry.weak for word in found.words if word.rule is found.rule and word.entry.weak is not None
            and _place(word.entry) == place]  # fmt: skip
    found.worth = "stale" if until else "weak"
    found.reason = weak[0] if weak else ""


def _place(entry: Entry) -> str:
    if isinstance(entry, NameEntry):
        return entry.name
    return entry.address if isinstance(entry, AddressEntry) else ""


def _is_at(entry: Entry, ip: str) -> bool:
    if isinstance(entry, AddressEntry):
        return entry.address == ip
    return isinstance(entry, NetworkEntry) and ip_address(ip) in ip_network(entry.network)


def _ports(entry: Entry) -> tuple[int, ...]:
    return entry.ports if isinstance(entry, (AddressEntry, NetworkEntry)) else ()


def _is_wallet(entry: Entry, text: str) -> bool:
    if not isinstance(entry, MarkEntry):
        return False
    return (entry.kind == "wallet" and entry.value == text) or (
        entry.kind == "wallet-prefix" and text.startswith(entry.value))


def _words(rules: Sequence[Rule], first: str, speaks: Callable[[Entry], bool]) -> list[Word]:
    """The lines that speak of it, those of the rule that counts first."""
    found = [Word(rule, entry) for rule in rules for entry in rule.entries if speaks(entry)]
    return sorted(found, key=lambda word: word.rule.id != first)


def _rule(rules: Sequence[Rule], wanted: str) -> Rule | None:
    return next((rule for rule in rules if rule.id == wanted), None)


def _day(days: int) -> str:
    return date.fromordinal(_EPOCH + days).isoformat() if days else ""
