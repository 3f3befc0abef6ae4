"""Which machine is judged, and whose it is: through whole scans of crafted captures."""

import pytest

from netminer_detect.errors import ConfigError
from netminer_detect.findings import Level
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from tests.captures import pcap
from tests.conversations import frames, load
from tests.scenes import MINES, SUBSCRIBE, C, Scene
from tests.wire import Path

OURS, OURS6, HERS = "10.3.0.17", "fd00:3::17", "192.168.1.5"
PUBLIC, OTHER, THIRD = "198.51.100.7", "203.0.113.9", "203.0.113.10"
PUBLIC6, OTHER6 = "2001:db8:7::7", "2001:db8:9::9"
UNITS = "network,id,name,sector,contact\n"


@pytest.fixture
def scan(tmp_path):
    """A report of miners at these (client, server) pairs, one a minute: at one time the same shares would be one
    session, seen before and behind a NAT."""
    def scan(*pairs, units=None, **settings):
        packets = []
        for at, (client, server) in enumerate(pairs):
            path = Path(client, server, 40000 + at)
            packets += frames(load("monero_xmrig"), "whole", path, 1_777_622_400_000_000_000 + at * 60 * 10**9)
        (tmp_path / "x.pcap").write_bytes(pcap(sorted(packets)))
        if units is not None:
            (tmp_path / "units.csv").write_text(UNITS + units)
            settings["orgs"] = str(tmp_path / "units.csv")
        asked = {"endpoints": False, "level": Level.CONTEXT} | settings
        return run_scan(ScanSettings((str(tmp_path / "x.pcap"),), **asked)).report
    return scan


def judged(report):
    return [(finding.source_ip, finding.role.value) for finding in report.findings]


@pytest.mark.parametrize(("client", "server", "source", "role"), [
    (OURS, OTHER, OURS, "miner"),          # out of our network
    (OURS, HERS, OURS, "miner"),           # both ends inside
    (PUBLIC, OTHER, PUBLIC, "miner"),      # neither
    (PUBLIC, OURS, OURS, "pool"),          # into our network
    (OURS6, OTHER6, OURS6, "miner"),
    (PUBLIC6, OURS6, OURS6, "pool"),
    (PUBLIC6, OTHER6, PUBLIC6, "miner"),
    (PUBLIC, "100.64.3.4", "100.64.3.4", "pool"),
    (PUBLIC, "169.254.3.4", "169.254.3.4", "pool"),
    (PUBLIC, "172.31.255.255", "172.31.255.255", "pool"),
    (PUBLIC, "172.32.0.0", PUBLIC, "miner"),
])  # fmt: skip
def test_the_machine_that_is_ours_is_judged_else_the_client(scan, client, server, source, role):
    (finding,) = scan((client, server)).findings
    assert (finding.source_ip, finding.role.value, finding.level) == (source, role, Level.SHARES)
    assert finding.pool.ip == server
    assert (finding.peer.ip if finding.peer else None) == (client if role == "pool" else None)


@pytest.mark.parametrize("inside", [
    ("203.0.113.0/24",), ("203.0.113.9",), ("203.0.113.1-203.0.113.9",), ("192.0.2.0/24", "203.0.113.9/32"),
    ("192.0.2.0/24,203.0.113.0/24",), ("203.0.113.7/24",), ("::ffff:203.0.113.0/120",), ("203.0.113.*",),
])  # fmt: skip
def test_what_the_user_names_is_inside(scan, inside):
    assert judged(scan((PUBLIC, OTHER), inside=inside)) == [(OTHER, "pool")]


def test_where_all_is_inside_the_client_is_judged(scan):
    assert judged(scan((PUBLIC, OTHER), inside=("0.0.0.0/0",))) == [(PUBLIC, "miner")]
    assert judged(scan((PUBLIC, OTHER), inside=("192.0.2.0/24", "::/0"))) == [(PUBLIC, "miner")]
    assert judged(scan((PUBLIC6, OTHER6), inside=("::/0",))) == [(PUBLIC6, "miner")]


def test_what_the_inventory_holds_is_inside(scan):
    report = scan((PUBLIC, OTHER), units="203.0.113.0/25,dc,Data centre,isp,noc@dc.example\n")
    assert judged(report) == [(OTHER, "pool")]
    assert report.findings[0].organisation.id == "dc"
    # Where both ends are in the inventory, the client is judged, with its own unit.
    report = scan((PUBLIC, OTHER), units="203.0.113.0/25,dc,Data centre,,\n198.51.100.0/24,ee,Engineering,,\n")
    assert judged(report) == [(PUBLIC, "miner")] and report.findings[0].organisation.id == "ee"
    assert judged(scan((PUBLIC, OTHER), units="0.0.0.0/0,all,All,,\n")) == [(PUBLIC, "miner")]
    assert judged(scan((PUBLIC6, OTHER6), units="2001:db8:9::/48,dc,Data centre,,\n")) == [(OTHER6, "pool")]


def test_a_mapped_network_of_the_inventory_is_the_ipv4_one(scan):
    report = scan((OURS, OTHER), units="::ffff:10.3.0.0/112,lib,Library,,\n")
    assert report.findings[0].organisation.id == "lib"


def test_one_pool_inside_is_one_finding_of_all_its_clients(scan):
    report = scan((PUBLIC, OURS), (OTHER, OURS), (THIRD, OURS), (HERS, OURS))
    assert judged(report) == [(OURS, "pool"), (HERS, "miner")]
    pool = report.findings[0]
    assert (pool.connections_total, pool.peer) == (3, None)
    assert pool.shares.accepted == 3 * load("monero_xmrig").expected["accepted"]
    assert "3" in str(pool.why_args["clients"])
    # What a pool hands on was done by others: no work is added up for its unit.
    assert [source.work for source in report.sources if source.source_ip == OURS] == [[]]


def test_who_asks_a_machine_inside_and_gets_nothing_does_not_accuse_it():
    scene = Scene()
    for at in range(3):
        scene.tcp([(C, SUBSCRIBE)], f"198.51.100.{at + 1}", OURS, 3333)
    assert OURS not in [finding.source_ip for finding in scene.findings()]
    assert all(finding.verdict.word != "confirmed" for finding in scene.findings())


def test_a_miner_inside_that_serves_others_is_a_proxy_wherever_they_are():
    for client in ("10.3.0.99", PUBLIC):
        scene = Scene().tcp(MINES, client, OURS).tcp(MINES, OURS, OTHER)
        roles = {(finding.source_ip, finding.pool.ip): finding.role.value for finding in scene.findings()}
        assert roles[OURS, OTHER] == "proxy"


def test_a_shown_pool_stays_when_only_one_of_several_clients_is_outside(scan):
    report = scan((PUBLIC, OURS), (HERS, OURS))
    assert set(judged(report)) == {(OURS, "pool"), (HERS, "miner")}


@pytest.mark.parametrize("text", ["x", "", "10.0.0.0/33", "10.0.0.0/8;rm", "\x1b[31m"])
def test_a_wrong_network_is_refused_before_anything_is_read(scan, text):
    with pytest.raises(ConfigError) as refused:
        scan((OURS, OTHER), inside=(text,))
    assert refused.value.where.startswith("--inside ") and refused.value.fix
    assert str(refused.value).isprintable()


def test_units_add_up_and_what_no_entry_holds_is_unassigned(scan):
    report = scan((OURS, OTHER), ("10.3.0.18", OTHER), ("10.4.0.1", OTHER), (HERS, OTHER), (OURS6, OTHER6),
                  (PUBLIC, THIRD), units="10.3.0.0/16,lib,Library,,it@lib.example\n10.4.0.0/16,ee,Engineering,,\n"
                                         "10.3.0.18,lab,Laboratory,,\n")
    told = {unit.organisation.id if unit.organisation else None: unit.sources for unit in report.organisations}
    assert told == {"lib": 1, "lab": 1, "ee": 1, None: 3}
    assert report.totals.organisations == 3
    assert len(report.findings) == len(report.sources) == 6
    assert [source.organisation for source in report.sources if source.source_ip == HERS] == [None]


def test_warnings_of_the_inventory_reach_the_user(tmp_path):
    (tmp_path / "x.pcap").write_bytes(pcap([]))
    (tmp_path / "units.csv").write_text(UNITS + "10.3.0.0/16,a,A,,\nnonsense,b,B,,\n")
    told = []
    run_scan(ScanSettings((str(tmp_path / "x.pcap"),), orgs=str(tmp_path / "units.csv")), None, told.append)
    assert [line for line in told if f"{tmp_path}/units.csv:3: 'nonsense' is no address; write" in line]
