"""Reads a finished flow: what it amounts to, for whom, with which server.

Contract: `read_session(session, book, bound)` gives a `Reading` for each dialect that the flow spoke; where it
spoke none, one for the known server it reached or for the node's traffic it carried; where there is nothing
to say, none. `bound` is the name that DNS gave the client for the server's address.
"""

from __future__ import annotations

from msgspec import Struct, field

from netminer_detect.detect.ledger import Ledger
from netminer_detect.detect.levels import Reason, level_of
from netminer_detect.detect.naming import Meaning, meaning
from netminer_detect.detect.session import End, Named, Session, literal_address
from netminer_detect.findings import Level, Role, Server
from netminer_detect.observations import Evidence, Side
from netminer_detect.rulebook.book import Rulebook
from netminer_detect.rulebook.facts import NameFact

# Which sight of a name is worth most: what the client asked for itself before what others say.
_BASIS_ORDER = ("connect", "socks", "tls", "http", "stratum", "dns", "certificate")


class Reading(Struct):
    """What one flow amounts to in one dialect. `ledger` is None where no dialect was read."""

    role: Role
    reason: Reason
    client: End
    server: End
    pool: Server
    dialect: str | None = None
    ledger: Ledger | None = None
    rules: list[str] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    coin: str | None = None


class _Known(Struct, frozen=True):
    """The name of a server that is worth most, and what the rules say of it."""

    name: str | None
    basis: list[str]
    fact: NameFact | None
    evidence: Evidence | None


def read_session(session: Session, book: Rulebook, bound: Named | None) -> list[Reading]:
    """See the module's contract."""
    client, server = session.ends
    known = _known_name(session, book, bound)
    pool = _server(session, server, known)
    readings = [
        reading
        for ledger in session.ledgers.values()
        if (reading := _of_ledger(session, ledger, pool, book)) is not None
    ]
    if not readings:
        reading = _of_contact(session, client, server, pool, known, book)
        readings = [reading] if reading is not None else _of_context(session, client, server)
    for reading in readings:
        _enrich(reading, known, book, server)
    return readings


def server_text(pool: Server) -> str:
    """A server as a sentence names it."""
    host = pool.name or pool.ip or "?"
    if ":" in host:
        host = f"[{host}]"
    return host if pool.port is None else f"{host}:{pool.port}"


def _known_name(session: Session, book: Rulebook, bound: Named | None) -> _Known:
    names = [*session.names, *([bound] if bound is not None else [])]
    names = [named for named in names if literal_address(named.name) is None]
    if not names:
        return _Known(None, [], None, None)
    names.sort(key=lambda named: _BASIS_ORDER.index(named.basis) if named.basis in _BASIS_ORDER else 99)
    # A watched name first, whatever its basis: it is what the finding rests on.
    chosen = next((named for named in names if book.name(named.name) is not None), names[0])
    basis = [named.basis for named in names if named.name == chosen.name]
    return _Known(chosen.name, list(dict.fromkeys(basis)), book.name(chosen.name), chosen.evidence)


def _server(session: Session, server: End, known: _Known) -> Server:
    via = session.via
    if via is None:
        return Server(server[0], server[1], known.name, None, list(known.basis))
    proxy, target = via
    ip = literal_address(target.name)
    name = known.name if ip is None or known.basis != [target.basis] else None
    return Server(ip, target.port, name, None, list(known.basis) or [target.basis], proxy)


def _of_ledger(session: Session, ledger: Ledger, pool: Server, book: Rulebook) -> Reading | None:
    reason = level_of(ledger, session, server_text(pool))
    if reason is None:
        return None
    client, server = session.ends
    reading = Reading(Role.MINER, reason, client, server, pool, ledger.dialect, ledger)
    agents = [ledger.agent, *(worker.agent for worker in list(ledger.workers.values())[:64])]
    for agent in dict.fromkeys(agents):
        fact = book.agent(agent) if agent else None
        if fact is not None and fact.rule not in reading.rules:
            reading.rules.append(fact.rule)
    return reading


def _of_contact(
    session: Session, client: End, server: End, pool: Server, known: _Known, book: Rulebook
) -> Reading | None:
    """A known server without a dialect that could be read."""
    by_client, by_server = session.payload
    exchanged = by_client > 0 and (by_server > 0 or not session.traffic.syn)
    evidence = [known.evidence] if known.evidence is not None else []
    if known.fact is not None and known.name is not None:
        what = meaning(known.fact, known.name, pool.port)
        reason = _named_reason(what, exchanged, known, pool, session)
        if reason is not None:
            role = Role.VISITOR if what is Meaning.WEBSITE else Role.MINER
            return Reading(role, reason, client, server, pool, evidence=evidence)
    fact = book.endpoint(*server)
    if fact is None or session.via is not None or (known.name is not None and "tls" in known.basis):
        # Another name in the ClientHello says that the address has a new owner.
        return None
    if exchanged and not fact.stale:
        reason = Reason(Level.ENDPOINT, "endpoint_address",
                        {"server": server_text(pool), "operator": fact.operator, "date": fact.date})
        return Reading(Role.MINER, reason, client, server, pool)
    if session.traffic.established or exchanged:
        reason = Reason(Level.LOOKUP, "connected", {"server": server_text(pool), "operator": fact.operator})
        return Reading(Role.MINER, reason, client, server, pool)
    return None


def _named_reason(
    what: Meaning, exchanged: bool, known: _Known, pool: Server, session: Session
) -> Reason | None:
    assert known.fact is not None
    arguments: dict[str, str | int | None] = {
        "name": known.name, "server": server_text(pool), "operator": known.fact.operator,
        "basis": known.basis[0] if known.basis else None,
    }
    if what is Meaning.NOTHING:
        return None
    if what is Meaning.WEBSITE:
        return Reason(Level.CONTEXT, "visitor", arguments)
    if what is Meaning.STALE or not exchanged:
        seen = exchanged or session.traffic.established
        return Reason(Level.LOOKUP, "connected", arguments) if seen else None
    if what is Meaning.BROWSER:
        return Reason(Level.ENDPOINT, "browser_miner", arguments)
    code = "endpoint_dns" if known.basis == ["dns"] else "endpoint_name"
    return Reason(Level.ENDPOINT, code, arguments)


def _of_context(session: Session, client: End, server: End) -> list[Reading]:
    if not session.context:
        return []
    seen = session.context[0]
    pool = Server(server[0], server[1])
    role = {"node": Role.NODE, "wallet": Role.WALLET}.get(seen.role, Role.VISITOR)
    reason = Reason(Level.CONTEXT, role.value, {"kind": seen.kind, "server": server_text(pool)})
    return [Reading(role, reason, client, server, pool, evidence=[seen.evidence])]


def _enrich(reading: Reading, known: _Known, book: Rulebook, server: End) -> None:
    """Add what the rules know of the server: operator, coin, rule."""
    fact = known.fact
    if fact is not None and fact.kind != "malware":
        reading.pool.operator = fact.operator
        reading.coin = fact.coin
        if fact.rule not in reading.rules:
            reading.rules.append(fact.rule)
        return
    by_address = book.endpoint(*server)
    if by_address is not None and not by_address.stale and reading.role is Role.MINER:
        reading.pool.operator = reading.pool.operator or by_address.operator
        if "address" not in reading.pool.basis:
            reading.pool.basis.append("address")
        if by_address.rule not in reading.rules:
            reading.rules.append(by_address.rule)


def sender_of(evidence: Evidence, swapped: bool, mining: bool) -> str:
    """Who said a message: miner or pool where mining was read, else client or server."""
    client = (evidence.side is Side.CLIENT) is not swapped
    if mining:
        return "miner" if client else "pool"
    return "client" if client else "server"
