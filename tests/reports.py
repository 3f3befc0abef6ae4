"""Reports for the tests of outputs: one that has everything, and hostile ones without end."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from netminer_detect.estimate.power import Efficiencies, Efficiency
from netminer_detect.findings import (
    Attribution,
    Claim,
    Connection,
    EvidenceLine,
    Finding,
    Ground,
    Incident,
    Jobs,
    Level,
    LogLine,
    Organisation,
    OrganisationSummary,
    Report,
    Role,
    Server,
    Shares,
    SourceSummary,
    Totals,
    Verdict,
    Via,
    Work,
    Worker,
)
from netminer_detect.rulebook.efficiency import load_efficiencies

LIBRARY = Organisation("lib", "Library", "university", "it@lib.example")
DORMITORY = Organisation("dorm", "学生宿舍", "university", "网络中心 8001")
NOON = 1_777_636_800_000_000_000  # 2026-05-01T12:00:00Z
SECOND = 1_000_000_000
EFFICIENCIES = Efficiencies({"rx/0": Efficiency("hash", 1000.0, "kH/s", 4.0, 8.0, 30.0)}, 1.1)


def line(frame: int | None, what: str, excerpt: str, capture: str = "pcaps/a.pcap", **more: object) -> EvidenceLine:
    at = NOON + (frame or 0) * SECOND
    return EvidenceLine(capture, frame, 24 + 100 * (frame or 0), at, "miner", what, excerpt, **more)


def miner(**more: object) -> Finding:
    """A finding with every field filled."""
    work = [Work("rx/0", "hash", Fraction(960063), "accepted shares", 812.4, 167.5, 1956.4, 3)]
    worker = Worker("48abc.lab-3", "48abc", "lab-3", "XMRig/6.21.3", "hunter2", Shares(4, 3, 1, 0), work)
    values: dict[str, object] = {
        "id": "9f2c41d07be81a55", "source_ip": "10.3.0.17", "role": Role.MINER, "level": Level.SHARES,
        "verdict": Verdict.CONFIRMED, "why_code": "shares_accepted",
        "why_args": {"agent": "XMRig/6.21.3", "server": "pool.example:443", "accepted": 3, "submitted": 4},
        "source_mac": "02:00:00:00:00:01", "sensor": "gate", "realm": "gate", "vlan": [12], "tunnels": ["gre"],
        "dialect": "monero-json-rpc", "carriers": ["tcp"], "algorithms": ["rx/0"], "coin": "XMR",
        "coin_basis": ["address", "algorithm"],
        "pool": Server("203.0.113.9", 443, "pool.example", "Example Pool", ["dns"], Via("10.0.0.1", 1080, "socks")),
        "workers": [worker], "jobs": Jobs(12, Fraction(75000), Fraction(2**70 + 1)), "shares": Shares(4, 3, 1, 0),
        "work": work, "claimed": [Claim("rx/0", "hash", 900.0)], "first_seen_ns": NOON,
        "last_seen_ns": NOON + 1181 * SECOND + 123_456_789, "connections": [Connection(50412, NOON, NOON + SECOND)],
        "mining": [(NOON, NOON + 1181 * SECOND)],
        "connections_total": 1, "packets": 145, "bytes": 20611, "rules": ["pool-example", "agent-xmrig"],
        "organisation": LIBRARY,
        "evidence": [line(12, "login", '{"pass":"***"}', unmasked='{"pass":"hunter2"}'), line(13, "job", "{}"),
                     line(14, "share", "{}"), line(17, "accepted", "{}")],
    }  # fmt: skip
    return Finding(**(values | more))


def lookup(source: str, name: str, **more: object) -> Finding:
    return Finding("00aa", source, Role.MINER, Level.LOOKUP, Verdict.SUSPECTED, "lookup_dns", {"name": name},
                   pool=Server(None, None, name, "F2Pool", ["dns"]), carriers=["dns"], first_seen_ns=NOON,
                   last_seen_ns=NOON, connections_total=1, packets=1, bytes=80,
                   evidence=[line(3, "dns question", name)], **more)


def visitor(source: str) -> Finding:
    return Finding("00bb", source, Role.VISITOR, Level.CONTEXT, Verdict.NOT_MINING, "visitor",
                   {"name": "www.f2pool.com", "operator": "F2Pool"}, peer=Server("198.51.100.4", 443),
                   first_seen_ns=NOON, last_seen_ns=NOON, evidence=[line(90, "hello", "www.f2pool.com")])


def report(*findings: Finding, totals: Totals | None = None) -> Report:
    """The report of these findings, summed as a scan sums them."""
    from netminer_detect.detect.summing import build_report

    defects = {"snap_length": 12304, "not_ip": 9}
    totals = totals or Totals(3, 1, 2832, 10_000_000, 93, defects, {"flows": 2}, seconds=1.5)
    return build_report(list(findings), totals, load_efficiencies())


# Text as hostile as text gets, and plain words.
TEXTS = st.text(max_size=40) | st.sampled_from([
    "\x1b[2J", "=cmd|' /C calc'!A0", "  =1+1", "\u202egnp.exe", "a\r\nb", "\x00", "\ud800", "x" * 5000, "；;; ", '"',
    "'", "﻿", "𠮷" * 10, "e" + "\u0301" * 60, "ﾠ", "\u2028", "\x9b31m",
])  # fmt: skip
_FRACTIONS = st.fractions(min_value=0, max_value=2**200) | st.integers(0, 2**200).map(Fraction)
_RATES = st.none() | st.floats(allow_nan=True, allow_infinity=True)
_COUNTS = st.integers(0, 2**63)
_TIMES = st.none() | st.integers(-(2**63), 2**63)
_PORTS = st.none() | st.integers(0, 65535)



_UNITS = st.none() | st.builds(Organisation, TEXTS, TEXTS, st.none() | TEXTS, st.none() | TEXTS,
                                  st.none() | TEXTS, TEXTS)
_WORK = st.builds(Work, st.none() | TEXTS, st.sampled_from(["hash", "sol"]), _FRACTIONS, TEXTS, _RATES, _RATES, _RATES)
_SHARES = st.builds(Shares, _COUNTS, _COUNTS, _COUNTS, _COUNTS)
_WORKERS = st.builds(Worker, *[st.none() | TEXTS] * 5, _SHARES, st.lists(_WORK, max_size=2))
_SERVERS = st.none() | st.builds(Server, st.none() | TEXTS, _PORTS, st.none() | TEXTS, st.none() | TEXTS,
                                 st.lists(TEXTS, max_size=2), st.none() | st.builds(Via, TEXTS, st.just(1), TEXTS))
_EVIDENCE = st.builds(EvidenceLine, TEXTS, st.none() | _COUNTS, st.none() | _COUNTS, _TIMES, TEXTS, TEXTS, TEXTS,
                      st.none() | TEXTS)
_CODES = st.sampled_from(["shares_accepted", "endpoint_name", "handshake_refused", "lookup_dns", "node"]) | TEXTS
_ARGUMENTS = st.dictionaries(st.sampled_from(["agent", "server", "name", "reason", "kind"]) | TEXTS,
                             st.none() | TEXTS | _COUNTS, max_size=4)

_GROUNDS = st.builds(Ground, TEXTS, st.sampled_from(["service_worker", "malware_contact", "account"]) | TEXTS,
                     st.dictionaries(st.sampled_from(["worker", "server", "rule", "account"]) | TEXTS,
                                     st.none() | TEXTS | _COUNTS, max_size=4), st.lists(_EVIDENCE, max_size=2))
_LOG_LINES = st.builds(LogLine, TEXTS, _COUNTS, TEXTS, TEXTS)
_ATTRIBUTIONS = st.builds(
    Attribution, _PORTS, st.none() | TEXTS, _TIMES, _TIMES, _COUNTS, st.none() | TEXTS, _PORTS, st.none() | TEXTS,
    st.none() | TEXTS, st.none() | TEXTS, st.none() | st.sampled_from(["gateway", "no_log"]) | TEXTS, st.booleans(),
    st.integers(-86399, 86399), st.lists(_LOG_LINES, max_size=2))
FINDINGS = st.builds(
    Finding, TEXTS, TEXTS, st.sampled_from(Role), st.sampled_from(Level), st.sampled_from(Verdict), _CODES, _ARGUMENTS,
    source_mac=st.none() | TEXTS, sensor=st.none() | TEXTS, realm=st.none() | TEXTS,
    vlan=st.lists(st.integers(0, 4095), max_size=2), tunnels=st.lists(TEXTS, max_size=2),
    dialect=st.none() | TEXTS, carriers=st.lists(TEXTS, max_size=2), algorithms=st.lists(TEXTS, max_size=2),
    coin=st.none() | TEXTS, coin_basis=st.lists(TEXTS, max_size=2), pool=_SERVERS, peer=_SERVERS,
    workers=st.lists(_WORKERS, max_size=2), jobs=st.builds(Jobs, _COUNTS, st.none() | _FRACTIONS, st.none()),
    shares=_SHARES, work=st.lists(_WORK, max_size=2),
    claimed=st.lists(st.builds(Claim, st.none() | TEXTS, st.just("hash"), st.floats()), max_size=1),
    first_seen_ns=_TIMES, last_seen_ns=_TIMES, nanoseconds=st.booleans(),
    connections=st.lists(st.builds(Connection, st.integers(0, 65535), _TIMES, _TIMES), max_size=2),
    connections_total=_COUNTS, packets=_COUNTS, bytes=_COUNTS, rules=st.lists(TEXTS, max_size=2),
    organisation=_UNITS, evidence=st.lists(_EVIDENCE, max_size=3), assessment=st.none() | TEXTS,
    grounds=st.lists(_GROUNDS, max_size=2), incidents=st.lists(TEXTS, max_size=2),
    attribution=st.none() | st.lists(_ATTRIBUTIONS, max_size=2),
)  # fmt: skip
_SOURCES = st.builds(
    SourceSummary, TEXTS, st.none() | TEXTS, st.sampled_from(Verdict), st.sampled_from(Level),
    st.lists(st.sampled_from(Role), max_size=2), _UNITS, _COUNTS, _COUNTS, st.lists(TEXTS, max_size=2),
    st.lists(_WORK, max_size=2))
_SUMS = st.builds(
    OrganisationSummary, organisation=_UNITS, sources=_COUNTS, confirmed=_COUNTS, probable=_COUNTS, suspected=_COUNTS,
    coins=st.lists(TEXTS, max_size=2), work=st.lists(_WORK, max_size=2))
_TOTALS = st.builds(Totals, _COUNTS, _COUNTS, _COUNTS, _COUNTS, _COUNTS,
                    st.dictionaries(st.sampled_from(["snap_length", "not_ip"]) | TEXTS, _COUNTS, max_size=3),
                    st.dictionaries(TEXTS, _COUNTS, max_size=3), _COUNTS, _COUNTS, st.floats(0, 1e9))
_INCIDENTS = st.builds(
    Incident, TEXTS, st.sampled_from(["wallet", "account", "workers"]) | TEXTS, TEXTS, st.none() | TEXTS,
    st.sampled_from(Verdict), st.lists(st.tuples(TEXTS, st.none() | TEXTS), max_size=3), _COUNTS,
    st.lists(st.builds(Organisation, TEXTS, TEXTS), max_size=2), st.lists(TEXTS, max_size=2),
    st.lists(TEXTS, max_size=2), st.lists(TEXTS, max_size=2), _TIMES, _TIMES, st.booleans())
REPORTS = st.builds(Report, st.lists(FINDINGS, max_size=3), st.lists(_SOURCES, max_size=2),
                    st.lists(_SUMS, max_size=2), _TOTALS, st.lists(_INCIDENTS, max_size=2))
