"""Reads a finished flow: what it amounts to, for whom, with which server.

Contract: `read_session(session, book, bound)` gives a `Reading` for each dialect that the flow spoke; where it
spoke none, one for the known server it reached or for the node's traffic it carried; where there is nothing
to say, none. `bound` is the name that DNS gave the client for the server's address.
"""

from __future__ import annotations

from msgspec import Struct, field

from netminer_detect.detect.contacts import contact, knocks
from netminer_detect.detect.ledger import Ledger
from netminer_detect.detect.levels import Reason, level_of
from netminer_detect.detect.servers import Known, known_server, server_of, server_text
from netminer_detect.detect.session import End, Named, Session
from netminer_detect.findings import Level, Role, Server
from netminer_detect.observations import Evidence, Side
from netminer_detect.rulebook.book import Rulebook
from netminer_detect.rulebook.facts import MarkKind, day_of

# The workers of one flow whose agents and wallets are looked up.
_MAX_MARKED = 64


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


def read_session(session: Session, book: Rulebook, bound: Named | None) -> list[Reading]:
    """See the module's contract."""
    _turn_to_known(session, book)
    known = known_server(session, book, bound)
    pool = server_of(session, known)
    readings = [
        reading
        for ledger in session.ledgers.values()
        for reading in (_of_device(session, ledger) if ledger.device is not None else
                        _of_ledger(session, ledger, pool, book))
    ]
    if not readings:
        reading = _of_contact(session, pool, known, book)
        readings = [reading] if reading is not None else _of_context(session)
    for reading in readings:
        _enrich(reading, known, book, session)
        _note_marks(reading, session, book)
    return readings


def is_knock(session: Session, book: Rulebook, bound: Named | None) -> bool:
    """Whether a known mining server was dialled and did not answer."""
    if session.traffic.established or any(session.payload):
        return False
    known = known_server(session, book, bound)
    return knocks(known, server_of(session, known), book)


def sender_of(evidence: Evidence, swapped: bool, mining: bool) -> str:
    """Who said a message: miner or pool where mining was read, else client or server."""
    client = (evidence.side is Side.CLIENT) is not swapped
    if mining:
        return "miner" if client else "pool"
    return "client" if client else "server"


def _turn_to_known(session: Session, book: Rulebook) -> None:
    """A capture that begins in the middle may take a known server for the client, if that one spoke first."""
    if session.traffic.syn or session.ledgers or session.names or session.swapped:
        return
    known = [book.endpoint(*end) or book.malware_endpoint(*end) for end in (session.client, session.server)]
    session.swapped = known[0] is not None and known[1] is None


def _of_device(session: Session, ledger: Ledger) -> list[Reading]:
    """A management port that answered: the device behind it, and who asked."""
    assert ledger.device is not None
    client, device = session.ends
    at = Server(device[0], device[1])
    level = Level.DEVICE if ledger.device.running else Level.PATTERN
    name = ledger.device.agent or ledger.device.model
    reason = Reason(level, "device_answers", {"agent": name, "port": device[1]})
    asked = Reason(Level.CONTEXT, "manager", {"agent": name, "server": server_text(at)})
    return [
        Reading(Role.MANAGED, reason, device, client, at, ledger.dialect, ledger),
        Reading(Role.MANAGER, asked, client, device, Server(device[0], device[1]), ledger.dialect),
    ]


def _of_ledger(session: Session, ledger: Ledger, pool: Server, book: Rulebook) -> list[Reading]:
    reason = level_of(ledger, session, server_text(pool))
    if reason is None:
        return []
    client, server = session.ends
    reading = Reading(Role.MINER, reason, client, server, pool, ledger.dialect, ledger)
    agents = [ledger.agent, *(worker.agent for worker in list(ledger.workers.values())[:_MAX_MARKED])]
    for agent in dict.fromkeys(agents):
        fact = book.agent(agent) if agent else None
        if fact is not None and fact.rule not in reading.rules:
            reading.rules.append(fact.rule)
    return [reading]


def _of_contact(session: Session, pool: Server, known: Known, book: Rulebook) -> Reading | None:
    met = contact(session, known, pool, book)
    if met is None:
        return None
    client, server = session.ends
    shown = {one.mark: one for one in (session.opened, known.evidence) if one is not None}
    evidence = list(shown.values())
    return Reading(met.role, met.reason, client, server, pool, rules=[met.rule], evidence=evidence)


def _of_context(session: Session) -> list[Reading]:
    if not session.context:
        return []
    client, server = session.ends
    seen = session.context[0]
    pool = Server(server[0], server[1])
    role = {"node": Role.NODE, "wallet": Role.WALLET}.get(seen.role, Role.VISITOR)
    reason = Reason(Level.CONTEXT, role.value, {"kind": seen.kind, "server": server_text(pool)})
    return [Reading(role, reason, client, server, pool, evidence=[seen.evidence])]


def _note_marks(reading: Reading, session: Session, book: Rulebook) -> None:
    """Add the rules that know the wallets that logged in, the ClientHello or the certificate."""
    marks: dict[tuple[MarkKind, str], None] = dict(session.tls)
    if reading.ledger is not None:
        for worker in list(reading.ledger.workers.values())[:_MAX_MARKED]:
            marks.update({("wallet", text): None for text in (worker.user, worker.login) if text})
    for kind, value in marks:
        reading.rules += [rule for rule in book.marked(kind, value) if rule not in reading.rules]


def _enrich(reading: Reading, known: Known, book: Rulebook, session: Session) -> None:
    """Add what the rules know of the server: operator, coin, rule."""
    day = day_of(session.traffic.first_ns)
    pool, fact = reading.pool, known.fact
    if fact is not None and not fact.stale_on(day):
        pool.operator = fact.operator
        reading.coin = fact.coin if fact.kind == "server" else None
        if fact.rule not in reading.rules:
            reading.rules.append(fact.rule)
        return
    if reading.role is not Role.MINER or known.foreign or pool.ip is None or pool.port is None:
        return
    by_address = book.endpoint(pool.ip, pool.port)
    if by_address is None or by_address.stale_on(day):
        return
    pool.operator = pool.operator or by_address.operator
    if "address" not in pool.basis:
        pool.basis.append("address")
    if by_address.rule not in reading.rules:
        reading.rules.append(by_address.rule)
