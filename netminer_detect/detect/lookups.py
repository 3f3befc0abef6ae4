"""Findings that rest on DNS alone: who asked for a mining server's name and was not seen to connect.

Contract: `lookup_drafts(resolver, book, named, captures)` gives a draft for each client and watched name that is
in no other finding (`named`). Whoever answers DNS itself is a resolver: it asks for its clients.
"""

from __future__ import annotations

from collections.abc import Container

from netminer_detect.detect.drafts import Draft
from netminer_detect.detect.levels import Reason
from netminer_detect.detect.resolver import Lookup, Resolver
from netminer_detect.findings import Connection, EvidenceLine, Level, Role, Server
from netminer_detect.rulebook.book import Rulebook


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
    fact = book.name(lookup.name)
    server = Server(None, None, lookup.name, fact.operator if fact else None, ["dns"])
    asks_for_others = lookup.client in resolver.servers
    role = Role.RESOLVER if asks_for_others else Role.MINER
    level = Level.CONTEXT if asks_for_others else Level.LOOKUP
    draft = Draft(lookup.client, role, server, None, Reason(level, "lookup_dns", {"name": lookup.name}))
    draft.carriers = ("dns",)
    draft.known_coin = fact.coin if fact else None
    draft.rules = {fact.rule: None} if fact else {}
    draft.first_ns, draft.last_ns = lookup.first_ns, lookup.last_ns
    draft.connections = [Connection(lookup.port, lookup.first_ns, lookup.last_ns)]
    draft.connections_total = draft.packets = lookup.count
    draft.bytes = lookup.bytes
    mark = lookup.mark
    draft.evidence = [
        EvidenceLine(captures[mark.capture], mark.frame, mark.offset, mark.time_ns, "client", "dns question",
                     lookup.name)
    ]
    return draft
