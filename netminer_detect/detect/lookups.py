"""Findings that rest on DNS alone: who asked for a mining server's name and was not seen to connect.

Contract: `lookup_drafts(resolver, book, named, captures)` gives a draft for each client and watched name that is
in no other finding (`named`). A resolver asks for its clients: that is not mining. `is_watched` tells the names that
make a lookup: mining servers, browser miners and malware's servers, not websites.
"""

from __future__ import annotations

from collections.abc import Container

from netminer_detect.detect.drafts import Draft
from netminer_detect.detect.levels import Reason
from netminer_detect.detect.naming import Meaning, meaning
from netminer_detect.detect.resolver import Lookup, Resolver
from netminer_detect.findings import Connection, EvidenceLine, Level, Role, Server
from netminer_detect.rulebook.book import Rulebook

_LOOKUPS = (Meaning.SERVER, Meaning.BROWSER, Meaning.STALE)


def is_watched(book: Rulebook, name: str) -> bool:
    """See the module's contract."""
    fact = book.name(name)
    if fact is not None:
        return meaning(fact, None, None) in _LOOKUPS
    return book.malware_name(name) is not None


def lookup_drafts(
    resolver: Resolver, book: Rulebook, named: Container[tuple[str, str | None]], captures: list[str]
) -> list[Draft]:
    """See the module's contract."""
    return [
        _draft(lookup, resolver, book, captures)
        for lookup in resolver.lookups.values()
        if (lookup.client, lookup.name) not in named
    ]


def _draft(lookup: Lookup, resolver: Resolver, book: Rulebook, captures: list[str]) -> Draft:
    mining = book.name(lookup.name)
    fact = mining or book.malware_name(lookup.name)
    server = Server(None, None, lookup.name, mining.operator if mining else None, ["dns"])
    role, reason = Role.MINER, Reason(Level.LOOKUP, "lookup_dns", {"name": lookup.name})
    if resolver.asks_for_others(lookup.client):
        role, reason = Role.RESOLVER, Reason(Level.CONTEXT, "resolver", {"name": lookup.name})
    elif mining is None:
        rule = fact.rule if fact else None
        reason = Reason(Level.LOOKUP, "malware_lookup", {"name": lookup.name, "rule": rule})
    draft = Draft(lookup.client, role, server, None, reason)
    draft.carriers = ("dns",)
    draft.known_coin = mining.coin if mining else None
    draft.rules = {fact.rule: None} if fact else {}
    draft.first_ns, draft.last_ns = lookup.first_ns, lookup.last_ns
    draft.connections, draft.prints = [Connection(lookup.port, lookup.first_ns, lookup.last_ns)], [frozenset()]
    draft.connections_total = draft.packets = lookup.count
    draft.bytes = lookup.bytes
    mark = lookup.mark
    draft.evidence = [
        EvidenceLine(captures[mark.capture], mark.frame, mark.offset, mark.time_ns, "client", "dns question",
                     lookup.name)
    ]
    return draft
