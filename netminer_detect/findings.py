"""What a scan says: findings and their sums. Outputs read these types and nothing else.

Contract: the names and their meaning are those of the JSON lines in the README; a field that the traffic does
not tell is None or empty, never a guess. Times are integer nanoseconds UTC. Texts from the wire stand here as
they were sent; outputs escape them. `Evidence` excerpts are already masked.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from fractions import Fraction

from msgspec import Struct, field

from netminer_detect.units import Organisation as Organisation


class Level(IntEnum):
    """The ladder of evidence, lowest first."""

    CONTEXT = 0
    LOOKUP = 1
    PATTERN = 2
    ENDPOINT = 3
    ATTEMPT = 4
    DEVICE = 5
    SESSION = 6
    SHARES = 7

    @property
    def word(self) -> str:
        return self.name.lower()


class Verdict(IntEnum):
    """How sure a finding is, lowest first."""

    NOT_MINING = 0
    SUSPECTED = 1
    PROBABLE = 2
    CONFIRMED = 3

    @property
    def word(self) -> str:
        return self.name.lower().replace("_", "-")


class Role(Enum):
    """What the source of a finding is."""

    MINER = "miner"
    POOL = "pool"
    PROXY = "proxy"
    PROBER = "prober"
    MANAGED = "managed"
    MANAGER = "manager"
    NODE = "node"
    WALLET = "wallet"
    VISITOR = "visitor"
    RESOLVER = "resolver"


# These roles never mine, whatever else is known of them.
HARMLESS = frozenset({Role.MANAGER, Role.NODE, Role.WALLET, Role.VISITOR, Role.RESOLVER})


class Via(Struct, frozen=True):
    """The proxy that was dialled to reach a server: SOCKS or HTTP CONNECT."""

    ip: str
    port: int
    kind: str


class Server(Struct):
    """A mining server (or another far end). `basis` says how name and operator are known: address, dns, tls,
    certificate, http, socks, connect, stratum."""

    ip: str | None
    port: int | None
    name: str | None = None
    operator: str | None = None
    basis: list[str] = field(default_factory=list)
    via: Via | None = None


class Shares(Struct):
    """Counts of shares; `submitted` is the sum of the others."""

    submitted: int = 0
    accepted: int = 0
    rejected: int = 0
    unanswered: int = 0

    def add(self, other: Shares) -> None:
        self.submitted += other.submitted
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.unanswered += other.unanswered


class Work(Struct):
    """Work of one algorithm. `amount` is exact; `unit` is hash, sol, graph, proof or point; rates are a second, between
    the bounds of 95 %. `shares` did it, `silent` of them unanswered; `unknown` more are not in it."""

    algorithm: str | None
    unit: str
    amount: Fraction
    basis: str
    rate: float | None = None
    rate_low: float | None = None
    rate_high: float | None = None
    shares: int = 0
    unknown: int = 0
    silent: int = 0


class Power(Struct, frozen=True):
    """Watts that work takes, between the low rate at the best hardware and the high rate at the worst; `basis` names
    the efficiencies. A meter at the wall reads `wall_factor` times as much."""

    w_low: float
    w_typical: float
    w_high: float
    basis: str
    wall_factor: float = 1.0


class Worker(Struct):
    """One login of a miner. `password` is held back by outputs unless asked for."""

    login: str | None
    user: str | None
    worker: str | None
    agent: str | None
    password: str | None = None
    shares: Shares = field(default_factory=Shares)
    work: list[Work] = field(default_factory=list)


class Jobs(Struct):
    """Jobs handed out; difficulties as difficulty 1 = 2^32 hashes, or the dialect's own where it has one."""

    sent: int = 0
    difficulty_min: Fraction | None = None
    difficulty_max: Fraction | None = None


class Claim(Struct, frozen=True):
    """What the miner stated itself: its rate in `unit` a second, its power in watts."""

    algorithm: str | None
    unit: str
    rate: float | None
    power_w: float | None = None


class Connection(Struct, frozen=True):
    """One flow of a finding."""

    source_port: int
    first_seen_ns: int | None
    last_seen_ns: int | None


class EvidenceLine(Struct, frozen=True):
    """A frame that proves something. `sender` is miner, pool, client or server; `capture` the file's path.
    `unmasked` is the excerpt with its passwords, None where it has none: only for those who ask for passwords."""

    capture: str
    frame: int | None
    offset: int | None
    time_ns: int | None
    sender: str
    what: str
    excerpt: str
    unmasked: str | None = None


class Ground(Struct, frozen=True):
    """What speaks for it that a machine was compromised, or (`points_to`) misused, and the frames that show it."""

    points_to: str
    code: str
    args: dict[str, str | int | None]
    evidence: list[EvidenceLine]


class LogLine(Struct, frozen=True):
    """A line of a log that says who held an address. `kind` is nat, dhcp or radius, `form` how that log is written."""

    log: str
    line: int
    kind: str
    form: str


class Attribution(Struct):
    """Who was behind the source of so many `connections`, as logs have it; `port`, `protocol` and times are those of
    the first. Where nobody can be named `failed` says why: no_time, no_log, gateway (the source is a NAT gateway, and
    no log answers), several (more than one may have held it), disagree. `gateway` is set where the source is one;
    `offset_s` is how far the local time of the logs was ahead of UTC."""

    port: int | None
    protocol: str | None
    first_ns: int | None
    last_ns: int | None
    connections: int = 1
    inside_ip: str | None = None
    inside_port: int | None = None
    mac: str | None = None
    account: str | None = None
    host: str | None = None
    failed: str | None = None
    gateway: bool = False
    offset_s: int = 0
    basis: list[LogLine] = field(default_factory=list)


class Hidden(Struct, frozen=True):
    """A TLS session with a mining server in which the client named no server: `hello` shows its ClientHello. `port` is
    one of the client's own on which it served so many other machines (`callers`), None where that was not seen."""

    hello: EvidenceLine
    port: int | None = None
    callers: int = 0


class Finding(Struct):
    """One source, one role, one server and one dialect, with all its connections. `mining` are the stretches of time in
    which it mined, in ns, `malformed` the captures and frames where something stood that the dialect does not have,
    `hidden` how it reached the server over TLS without naming it. `attribution` is None where no logs were asked."""

    id: str
    source_ip: str
    role: Role
    level: Level
    verdict: Verdict
    why_code: str
    why_args: dict[str, str | int | None]
    source_mac: str | None = None
    sensor: str | None = None
    realm: str | None = None
    vlan: list[int] = field(default_factory=list)
    tunnels: list[str] = field(default_factory=list)
    nat: bool | None = None
    dialect: str | None = None
    carriers: list[str] = field(default_factory=list)
    algorithms: list[str] = field(default_factory=list)
    coin: str | None = None
    coin_basis: list[str] = field(default_factory=list)
    model: str | None = None
    pool: Server | None = None
    peer: Server | None = None
    workers: list[Worker] = field(default_factory=list)
    jobs: Jobs = field(default_factory=Jobs)
    shares: Shares = field(default_factory=Shares)
    work: list[Work] = field(default_factory=list)
    claimed: list[Claim] = field(default_factory=list)
    power: Power | None = None
    mining: list[tuple[int, int]] = field(default_factory=list)
    first_seen_ns: int | None = None
    last_seen_ns: int | None = None
    nanoseconds: bool = False
    midstream: bool = False
    connections: list[Connection] = field(default_factory=list)
    connections_total: int = 0
    packets: int = 0
    bytes: int = 0
    rules: list[str] = field(default_factory=list)
    assessment: str | None = None
    grounds: list[Ground] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)
    organisation: Organisation | None = None
    attribution: list[Attribution] | None = None
    malformed: list[tuple[str, int | None]] = field(default_factory=list)
    hidden: Hidden | None = None
    evidence: list[EvidenceLine] = field(default_factory=list)
    revision: int = 1
    state: str = "closed"


class SourceSummary(Struct):
    """All findings of one source."""

    source_ip: str
    realm: str | None
    verdict: Verdict
    level: Level
    roles: list[Role]
    organisation: Organisation | None
    findings: int
    pools: int
    coins: list[str]
    work: list[Work]
    power: Power | None = None


class Sums(Struct, kw_only=True):
    """Sources, each once, those of each verdict, and what they mine."""

    sources: int
    confirmed: int
    probable: int
    suspected: int
    coins: list[str]
    work: list[Work]
    power: Power | None = None


class OrganisationSummary(Sums, kw_only=True):
    """All sources of one unit and of those below it, `sources_below` of them below. None: "unassigned"."""

    organisation: Organisation | None
    sources_below: int = 0


class SectorSummary(Sums, kw_only=True):
    """All sources of one `sector_group` (None: unassigned), and how many units they are in."""

    sector: str | None
    organisations: int


class Incident(Struct):
    """Machines that mine for one: the same wallet, the same account of an operator, or workers that are numbered
    through. `key` is what they share, `place` the operator or server where it holds (None: everywhere). Lists hold the
    first of them, counts count all."""

    id: str
    kind: str
    key: str
    place: str | None
    verdict: Verdict
    machines: list[tuple[str, str | None]]
    machines_total: int
    organisations: list[Organisation]
    findings: list[str]
    coins: list[str] = field(default_factory=list)
    operators: list[str] = field(default_factory=list)
    first_seen_ns: int | None = None
    last_seen_ns: int | None = None
    nanoseconds: bool = False


class Unread(Struct, frozen=True):
    """An input that could not be read, or only partly, and why."""

    input: str
    what: str
    partly: bool = False


class Suppressed(Struct):
    """A suppression of the user's (`path`, `line`) and how many `findings` it hid; none where it has `expired`."""

    path: str
    line: int
    reason: str
    expires: str
    expired: bool = False
    findings: int = 0


class Totals(Struct):
    """Figures of the whole run. `defects` counts frames by what was wrong with them, `unread` names the failed inputs;
    where the run was interrupted, `inputs_left` were not begun. `unanswered` counts connections to known mining
    servers that nobody answered."""

    inputs: int = 0
    inputs_failed: int = 0
    packets: int = 0
    bytes: int = 0
    flows: int = 0
    defects: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    sources: int = 0
    organisations: int = 0
    seconds: float = 0.0
    work: list[Work] = field(default_factory=list)
    power: Power | None = None
    interrupted: bool = False
    inputs_left: int = 0
    unread: list[Unread] = field(default_factory=list)
    unanswered: int = 0
    suppressed: list[Suppressed] = field(default_factory=list)


class Report(Struct):
    """Everything a run found, in stable order: highest level first, then source address."""

    findings: list[Finding]
    sources: list[SourceSummary]
    organisations: list[OrganisationSummary]
    totals: Totals
    incidents: list[Incident] = field(default_factory=list)
    sectors: list[SectorSummary] = field(default_factory=list)
