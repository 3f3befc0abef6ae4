"""Which server a flow reached: its name, how that is known, and what the rules say of it.

Contract: `known_server(session, book, bound)` gives the name that is worth most, `server_of(session, known)` the
`Server` of a finding. What the client says itself (in TLS, HTTP, SOCKS, CONNECT or Stratum) comes first: an address
that DNS gave for a pool may serve others, too, and whoever names another server there (`foreign`) reached that
one. Where the client says none, a certificate counts if all its names belong to one operator (content networks show
one for hundreds of customers), else the name that DNS gave.
"""

from __future__ import annotations

from msgspec import Struct

from netminer_detect.detect.devices import Device
from netminer_detect.detect.session import Named, Session, literal_address
from netminer_detect.findings import Server
from netminer_detect.observations import Evidence
from netminer_detect.rulebook.book import Rulebook
from netminer_detect.rulebook.facts import NameFact

# What the client dialled, then what it asked for there.
_ORDER = ("connect", "socks", "tls", "http", "stratum")
_CERTIFICATE_KINDS = ("server", "donation", "browser", "domain", "website")


class Known(Struct, frozen=True):
    """See the module's contract. `fact` is what rules know of a mining server of that name, `infected` what they
    know of malware's."""

    name: str | None = None
    basis: tuple[str, ...] = ()
    fact: NameFact | None = None
    infected: NameFact | None = None
    evidence: Evidence | None = None
    foreign: bool = False


def server_text(pool: Server) -> str:
    """A server as a sentence names it."""
    host = pool.name or pool.ip or "?"
    if ":" in host:
        host = f"[{host}]"
    return host if pool.port is None else f"{host}:{pool.port}"


def known_server(session: Session, book: Rulebook, bound: Named | None) -> Known:
    """See the module's contract."""
    port = session.via[1].port if session.via is not None else session.ends[1][1]
    names = [named for named in session.names if literal_address(named.name) is None and not session.passed(named)]
    said = sorted((named for named in names if named.basis in _ORDER), key=lambda named: _ORDER.index(named.basis))
    asked = [_judged(named, said, book, port) for named in said]
    if asked:
        return next((one for one in asked if one.fact or one.infected), asked[0])
    shown = _of_certificate([named for named in names if named.basis == "certificate"], book, port)
    if shown is not None:
        return shown
    return _judged(bound, [bound], book, port) if bound is not None else Known()


def server_of(session: Session, known: Known) -> Server:
    """The server of a finding; behind a proxy its address is known only where the client asked for one."""
    if session.via is None:
        ip, port = session.ends[1]
        return Server(ip, port, known.name, None, list(known.basis))
    proxy, target = session.via
    address = literal_address(target.name)
    return Server(address, target.port, known.name, None, list(known.basis) or [target.basis], proxy)


def _judged(named: Named, all_said: list[Named], book: Rulebook, port: int | None) -> Known:
    fact, infected = book.name(named.name, port), book.malware_name(named.name)
    basis = dict.fromkeys(one.basis for one in all_said if one.name == named.name)
    return Known(named.name, tuple(basis), fact, infected, named.evidence, foreign=fact is None and infected is None)


def _of_certificate(shown: list[Named], book: Rulebook, port: int | None) -> Known | None:
    facts = [(book.name(named.name, port), named) for named in shown]
    known = [(fact, named) for fact, named in facts if fact is not None]
    if not known or len(known) < len(facts) or len({fact.rule for fact, _ in known}) > 1:
        return None
    fact, named = min(known, key=lambda pair: _CERTIFICATE_KINDS.index(pair[0].kind))
    return Known(named.name.removeprefix("*."), ("certificate",), fact, None, named.evidence)


def reported_pool(device: Device) -> Server | None:
    """The server that a device says it mines at."""
    if device.pool is None:
        return None
    ip = literal_address(device.pool)
    return Server(ip, device.port, None if ip else device.pool, basis=["device"])
