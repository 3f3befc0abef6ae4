"""Compromised or misused: what speaks for an intruder, and what for somebody who mines on purpose.

Contract: `assess(findings, book)` gives each finding that may be mining its `grounds`, and an `assessment` where there
are any: `likely-compromised` or `likely-misuse` where all of weight point one way, else `unclear`. Grounds of weight
are contacts with servers of miner malware and marks of it, workers that hide as services of the system, one wallet in
three units or more, and on the other side hardware that does nothing but mine. The rest are hints, which decide where
no ground of weight is. Who only asks (prober) has none. Whether mining is allowed nobody can read from the wire.

TLS without a server's name is a ground where a machine that serves others, or stands in a unit of servers, reaches a
mining server on port 443 so: elsewhere miners leave the name out by default. No grounds are a mining proxy and work at
night; nor Encrypted ClientHello, whose outer name is another server's, so that no contact is known.
Sources: reference on dialects, 5 (agents and workers of malware); MITRE ATT&CK T1036.005 (names of services).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from netminer_detect.detect.incidents import account_of, incidents_of, numbered, wallet_of
from netminer_detect.detect.segments import Segment, segments_of
from netminer_detect.detect.server_machines import houses_servers
from netminer_detect.detect.servers import server_text
from netminer_detect.findings import EvidenceLine, Finding, Ground, Incident, Level, Role, Verdict
from netminer_detect.patterns import pattern
from netminer_detect.rulebook.book import Rulebook

COMPROMISED, MISUSE = "compromised", "misuse"
_WORDS = {COMPROMISED: "likely-compromised", MISUSE: "likely-misuse"}
_WEIGHTY = frozenset((
    "malware_contact", "malware_lookup", "malware_mark", "service_worker", "wallet_across", "hardware",
))  # fmt: skip
_MINING = frozenset((Role.MINER, Role.PROXY, Role.MANAGED))
MAX_SHOWN = 2
HTTPS = 443
# In so many units one wallet is hardly one of their own.
MANY_UNITS = 3
# Rules of malware are called so (see `rules/README.md`); their wallets, fingerprints and conditions are marks.
MALWARE = "malware-"
# So many workers of one login whose names are numbered through.
ROW = 3
SERVICES = frozenset((
    "apache2", "crond", "csrss", "dbused", "dllhost", "dockerd", "explorer", "httpd", "kdevtmpfsi", "kinsing",
    "ksoftirqd", "kswapd0", "kthreadd", "kthreaddi", "kthreaddk", "kworker", "lsass", "mysqld", "networkservice",
    "nginx", "redis-server", "rsyslogd", "services", "smss", "spoolsv", "sshd", "svchost", "sysguard", "sysupdate",
    "systemd", "taskhost", "taskhostw", "taskmgr", "watchbog", "wininit", "winlogon",
))  # fmt: skip
# Programs that had no release since: XMRig 5 ended in June 2020, xmr-stak with its RandomX build early in that year.
_ENDED = ((pattern(r"xmrig/[0-5]\."), 2020), (pattern(r"xmr-stak"), 2020))
FROZEN_YEARS = 3
# Names that programs share with devices, and carriers in which everything names a browser.
_PROGRAMS = frozenset(("cgminer", "Duino-Coin miner"))
_BROWSED = frozenset(("http", "websocket"))
# XMRig works for its maker under a hash of the user's login (its `keccak`), in that dialect alone.
_FEE_LOGIN = pattern(r"[0-9a-f]{64}\Z")
_YEAR_NS = 31_556_952 * 1_000_000_000

Machine = tuple[str, str | None]
Args = dict[str, str | int | None]
# By incident: the wallet, and in how many units and on how many machines it mines.
Spread = dict[str, tuple[str, Args]]
Add = Callable[[str, str, Args, str | None], None]


def assess(findings: list[Finding], book: Rulebook) -> None:
    """See the module's contract."""
    spread = _spread(incidents_of(findings), findings)
    segments = segments_of(findings, book)
    near = {finding.id: _near(segments[at], findings, at) for at, finding in enumerate(findings) if at in segments}
    by_machine: dict[Machine, list[Finding]] = {}
    for finding in findings:
        if finding.role in _MINING and finding.verdict is not Verdict.NOT_MINING:
            by_machine.setdefault((finding.source_ip, finding.realm), []).append(finding)
    for theirs in by_machine.values():
        shared = _of_machine(theirs, book)
        for finding in theirs:
            finding.grounds = shared + _of_finding(finding, book, spread) + _of_place(finding, near)
            finding.assessment = _assessment(finding.grounds)


def _assessment(grounds: list[Ground]) -> str | None:
    """What the grounds come to; None where there are none."""
    weighty = {ground.points_to for ground in grounds if _weighs(ground)}
    sides = weighty or {ground.points_to for ground in grounds}
    return None if not sides else _WORDS[sides.pop()] if len(sides) == 1 else "unclear"


def _weighs(ground: Ground) -> bool:
    """Whether a ground is more than a hint. One person may well have machines in two units."""
    units = ground.args.get("units")
    return ground.code in _WEIGHTY and not (isinstance(units, int) and units < MANY_UNITS)


def _spread(incidents: list[Incident], findings: list[Finding]) -> Spread:
    """The wallets that mine in several units. A proxy's unit is not that of those whom it serves."""
    known = {finding.id: finding for finding in findings}
    found: Spread = {}
    for incident in incidents:
        miners = [known[number] for number in incident.findings if known[number].role is not Role.PROXY]
        units = {miner.organisation.id for miner in miners if miner.organisation is not None}
        if incident.kind == "wallet" and len(units) > 1:
            machines = {(miner.source_ip, miner.realm) for miner in miners}
            found[incident.id] = incident.key, {"units": len(units), "machines": len(machines)}
    return found


def _of_machine(theirs: list[Finding], book: Rulebook) -> list[Ground]:
    """What one finding says of the machine, and so of its others."""
    found = []
    for finding in theirs:
        if finding.why_code in ("malware_contact", "malware_lookup"):
            told = {name: finding.why_args.get(name) for name in ("server", "name", "rule")}
            code = finding.why_code
            found.append(Ground(COMPROMISED, code, {name: text for name, text in told.items() if text is not None},
                                finding.evidence[:MAX_SHOWN]))
    reached = [finding for finding in theirs if finding.level >= Level.ENDPOINT]
    if reached and all(_is_fee(finding, book) for finding in reached):
        pool = reached[0].pool
        name = None if pool is None else pool.name or pool.ip
        found.append(Ground(COMPROMISED, "fee_only", {"server": name}, reached[0].evidence[:MAX_SHOWN]))
    return found[:MAX_SHOWN]


def _is_fee(finding: Finding, book: Rulebook) -> bool:
    """Whether a program worked for its maker."""
    pool = finding.pool
    fact = book.name(pool.name, pool.port) if pool is not None and pool.name is not None else None
    if fact is not None and fact.kind == "donation":
        return True
    logins = [worker.login for worker in finding.workers if worker.login]
    return bool(logins) and finding.dialect == "monero-json-rpc" and all(map(_FEE_LOGIN.match, logins))


def _of_finding(finding: Finding, book: Rulebook, spread: Spread) -> list[Ground]:
    """What a finding's workers, programs and partners say."""
    found: list[Ground] = []

    def add(side: str, code: str, args: Args, quoted: str | None) -> None:
        if all(ground.code != code for ground in found):
            found.append(Ground(side, code, args, _shown(finding.evidence, quoted)))

    for worker in finding.workers:
        service = _service(worker.worker)
        if service is not None:
            add(COMPROMISED, "service_worker", {"worker": worker.worker}, worker.worker)
        if worker.agent:
            _of_agent(worker.agent, finding, book, add)
        account = account_of(worker.user)
        if account is not None and worker.worker and service is None and finding.level >= Level.SESSION:
            add(MISUSE, "account", {"account": worker.user, "worker": worker.worker}, worker.user)
    marked = [rule for rule in finding.rules if rule.startswith(MALWARE)]
    if marked and not finding.why_code.startswith("malware_"):
        add(COMPROMISED, "malware_mark", {"rule": marked[0]}, None)
    if finding.model:
        add(MISUSE, "hardware", {"agent": finding.model}, finding.model)
    for wallet, told in [spread[number] for number in finding.incidents if number in spread][:1]:
        add(COMPROMISED, "wallet_across", told, wallet)
    row = _row(finding)
    if row is not None:
        add(MISUSE, "rigs", {"count": row[1], "stem": row[0]}, row[0])
    return found


def _of_place(finding: Finding, near: dict[str, Ground]) -> list[Ground]:
    """What a machine's place in the network says."""
    found = [near[finding.id]] if finding.id in near else []
    hidden, pool, unit = finding.hidden, finding.pool, finding.organisation
    if hidden is None or pool is None or pool.port != HTTPS or finding.role is not Role.MINER:
        return found
    # Who named the server in another session hides nothing.
    if finding.level < Level.ENDPOINT or "tls" in pool.basis:
        return found
    told: Args = {"server": server_text(pool)}
    if hidden.port is not None:
        told |= {"port": hidden.port, "callers": hidden.callers}
        found.append(Ground(COMPROMISED, "hidden_served", told, [hidden.hello]))
    elif unit is not None and houses_servers(unit):
        found.append(Ground(COMPROMISED, "hidden_unit", told | {"unit": unit.name}, [hidden.hello]))
    return found


def _near(segment: Segment, findings: list[Finding], at: int) -> Ground:
    """Rigs behind one switch: the frames of this machine, and of one other."""
    shown = [line for number in (at, *segment.others) for line in _shown(findings[number].evidence, segment.login)[:1]]
    args: Args = {"machines": segment.machines, "network": segment.network, "login": segment.login}
    return Ground(MISUSE, "segment", args, shown[:MAX_SHOWN])


def _of_agent(agent: str, finding: Finding, book: Rulebook, add: Add) -> None:
    """What a program's name says."""
    fact = book.agent(agent)
    if fact is not None and fact.kind in ("asic", "hobby") and fact.product not in _PROGRAMS:
        add(MISUSE, "hardware", {"agent": fact.product}, agent)
    elif fact is not None and fact.kind == "anomaly" and _BROWSED.isdisjoint(finding.carriers):
        add(COMPROMISED, "browser_agent", {"agent": agent}, agent)
    if finding.last_seen_ns is not None:
        year = 1970 + finding.last_seen_ns // _YEAR_NS
        for text, ended in _ENDED:
            if text.match(agent.lower()) and year > ended + FROZEN_YEARS:
                add(COMPROMISED, "frozen_agent", {"agent": agent, "year": ended}, agent)


def _service(worker: str | None) -> str | None:
    """The service of the system that a worker calls itself; None where it does not."""
    name = (worker or "").lower().removesuffix(".exe")
    return name if name in SERVICES or name.partition("/")[0] in ("kworker", "ksoftirqd") else None


def _row(finding: Finding) -> tuple[str, int] | None:
    """The most workers of one login that are numbered through: what they are called, and how many."""
    rows: dict[tuple[str | None, str], set[str]] = {}
    for worker in finding.workers:
        stem = numbered(worker.worker)
        if stem is not None and (wallet_of(worker.user) or account_of(worker.user)):
            rows.setdefault((worker.user, stem), set()).add(str(worker.worker).lower())
    longest = max(rows.items(), key=lambda row: len(row[1]), default=None)
    return (longest[0][1], len(longest[1])) if longest is not None and len(longest[1]) >= ROW else None


def _shown(evidence: Iterable[EvidenceLine], quoted: str | None) -> list[EvidenceLine]:
    """The first proofs that quote a text; where none does (excerpts are cut), the first of all."""
    lines = list(evidence)
    quoting = [line for line in lines if quoted and quoted in line.excerpt]
    return (quoting or lines[:1])[:MAX_SHOWN]
