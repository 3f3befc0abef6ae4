"""Judges a flow in which no dialect was read: a contact with a known server, or nothing.

Contract: `contact(session, known, pool, book)` gives the `Contact`, None where there is nothing to say. A known
name that exchanged data is an endpoint; without data, refused by a proxy, or stale it is a lookup; a website makes
a visitor. It counts only where nothing in the flow contradicts: no mail, shell or data base, no talk of nodes; an
address with its port only where there is no other name and no HTTP page either. Malware's servers are lookups
whatever was exchanged: evidence of infection, not of mining.
`knocks` is for connections that nobody answered: they are counted, and make no finding.
"""

from __future__ import annotations

from msgspec import Struct

from netminer_detect.detect.levels import Arguments, Reason
from netminer_detect.detect.naming import Meaning, meaning
from netminer_detect.detect.servers import Known, server_text
from netminer_detect.detect.session import Session
from netminer_detect.findings import Level, Role, Server
from netminer_detect.rulebook.book import Rulebook
from netminer_detect.rulebook.facts import EndpointFact, NameFact, day_of


class Contact(Struct, frozen=True):
    """What a flow without a dialect amounts to; `rule` is the one that knows the server."""

    role: Role
    reason: Reason
    rule: str


def contact(session: Session, known: Known, pool: Server, book: Rulebook) -> Contact | None:
    """See the module's contract."""
    contradicted = session.foreign is not None or bool(session.context)
    if known.infected is not None:
        return _infected(session, known.infected, pool)
    if known.fact is not None:
        return None if contradicted else _by_name(session, known, known.fact, pool)
    if known.foreign or pool.ip is None or pool.port is None:
        return None
    infected = book.malware_endpoint(pool.ip, pool.port)
    if infected is not None:
        return _infected(session, infected, pool)
    fact = book.endpoint(pool.ip, pool.port)
    # A page in the clear is none of a mining server; what HTTP says of mining has been read.
    if fact is None or contradicted or session.carriers[-1] == "http":
        return None
    return _by_address(session, fact, pool)


def knocks(known: Known, pool: Server, book: Rulebook) -> bool:
    """Whether a connection that nobody answered was meant for a known mining server."""
    if pool.ip is None or pool.port is None:
        return False
    named = known.fact is not None and meaning(known.fact, pool.port, None) is Meaning.SERVER
    return named or book.endpoint(pool.ip, pool.port) is not None


def _by_name(session: Session, known: Known, fact: NameFact, pool: Server) -> Contact | None:
    what = meaning(fact, pool.port, day_of(session.traffic.first_ns))
    if what is Meaning.NOTHING:
        return None
    arguments: Arguments = {
        "name": known.name, "server": server_text(pool), "operator": fact.operator, "basis": known.basis[0],
        "date": fact.date,
    }
    if what is Meaning.WEBSITE:
        return Contact(Role.VISITOR, Reason(Level.CONTEXT, "visitor", arguments), fact.rule)
    if session.refused and pool.via is not None:
        arguments["proxy"] = pool.via.ip
        return Contact(Role.MINER, Reason(Level.LOOKUP, "proxy_refused", arguments), fact.rule)
    if what is Meaning.STALE or not session.exchanged:
        return Contact(Role.MINER, Reason(Level.LOOKUP, "connected", arguments), fact.rule) if _met(session) else None
    code = "endpoint_dns" if known.basis == ("dns",) else "endpoint_name"
    code = "browser_miner" if what is Meaning.BROWSER else code
    return Contact(Role.MINER, Reason(Level.ENDPOINT, code, arguments), fact.rule)


def _by_address(session: Session, fact: EndpointFact, pool: Server) -> Contact | None:
    arguments: Arguments = {"server": server_text(pool), "operator": fact.operator, "date": fact.date}
    if session.refused and pool.via is not None:
        arguments["proxy"] = pool.via.ip
        return Contact(Role.MINER, Reason(Level.LOOKUP, "proxy_refused", arguments), fact.rule)
    if session.exchanged and not fact.stale_on(day_of(session.traffic.first_ns)):
        return Contact(Role.MINER, Reason(Level.ENDPOINT, "endpoint_address", arguments), fact.rule)
    return Contact(Role.MINER, Reason(Level.LOOKUP, "connected", arguments), fact.rule) if _met(session) else None


def _infected(session: Session, fact: NameFact | EndpointFact, pool: Server) -> Contact | None:
    if not _met(session):
        return None
    arguments: Arguments = {"server": server_text(pool), "rule": fact.rule, "date": fact.date}
    return Contact(Role.MINER, Reason(Level.LOOKUP, "malware_contact", arguments), fact.rule)


def _met(session: Session) -> bool:
    return session.traffic.established or session.exchanged
