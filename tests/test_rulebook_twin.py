"""The compiled lookups against a slow twin that is obviously right."""

import ipaddress

from hypothesis import given, settings
from hypothesis import strategies as st

from netminer_detect.kernel.watch import contains, endpoint_hash, suffix_hashes
from netminer_detect.rulebook.book import Rulebook
from netminer_detect.rulebook.compiled import Compiled
from netminer_detect.rulebook.facts import AgentFact, EndpointFact, Facts, NameFact
from netminer_detect.rulebook.packing import pack

LABELS = st.sampled_from(["a", "b", "ab", "pool", "eu1", "www", "com", "x-1", "_tcp"])
NAMES = st.lists(LABELS, min_size=2, max_size=4).map(".".join)
IPS = st.sampled_from(["8.8.8.8", "8.8.4.4", "1.1.1.1", "2001:4860::8888", "2606:4700::1111"])
PORTS = st.integers(0, 3) | st.integers(0, 65535)
TEXT = st.sampled_from(["Pool", "鱼池", "r-1"])
MAYBE = st.none() | TEXT
KINDS = st.sampled_from(["server", "browser", "donation", "malware"])
DAYS = st.integers(0, 40_000)
NAME_FACTS = st.builds(
    NameFact, NAMES, KINDS, MAYBE, TEXT, MAYBE, st.lists(PORTS, max_size=3).map(tuple), MAYBE, TEXT, TEXT,
    st.booleans(), DAYS,
)  # fmt: skip
ENDPOINT_FACTS = st.builds(
    EndpointFact, IPS, PORTS, MAYBE, TEXT, MAYBE, TEXT, TEXT, st.booleans(), DAYS,
    st.sampled_from(["server", "malware"]),
)  # fmt: skip


def naive_name(facts, name, malware):
    """The fact with the longest name that is the wanted one or stands behind a dot at its end."""
    wanted = name.lower().rstrip(".")
    hits = [
        fact
        for fact in facts
        if (fact.kind == "malware") == malware and ("." + wanted).endswith("." + fact.name)
        and (malware or fact.kind != "server" or fact.name == wanted or not wanted.startswith("www."))
    ]  # fmt: skip
    return max(hits, key=lambda fact: len(fact.name), default=None)


def naive_endpoint(facts, ip, port, malware):
    for fact in facts:
        same = ipaddress.ip_address(fact.ip) == ipaddress.ip_address(ip)
        if same and fact.port == port and (fact.kind == "malware") == malware:
            return fact
    return None


@settings(deadline=None)
@given(
    st.lists(NAME_FACTS, max_size=12, unique_by=lambda fact: (fact.kind == "malware", fact.name)),
    st.lists(ENDPOINT_FACTS, max_size=12, unique_by=lambda fact: (fact.kind == "malware", fact.ip, fact.port)),
    st.lists(NAMES | st.lists(LABELS, max_size=6).map(".".join) | st.text(max_size=20), min_size=1, max_size=10),
    st.lists(st.tuples(IPS, PORTS), min_size=1, max_size=10),
)
def test_lookups_agree_with_the_twin(name_facts, endpoint_facts, asked_names, asked_endpoints):
    agents = [("^a+", AgentFact("r", "p", "cpu"))]
    compiled = Compiled(pack(Facts(name_facts, endpoint_facts, agents, ["r", "鱼"])))
    book = Rulebook(compiled)
    for name in [*asked_names, *(fact.name.upper() + "." for fact in name_facts)]:
        found = book.name(name)
        if found is None or found.kind != "website":  # websites are judged by labels: see the other tests
            assert found == naive_name(name_facts, name, False)
        assert book.malware_name(name) == naive_name(name_facts, name, True)
        known = found or book.malware_name(name)
        assert known is None or any(contains(book.names_table, value) for value in suffix_hashes(name))
    for ip, port in [*asked_endpoints, *((fact.ip, fact.port) for fact in endpoint_facts)]:
        assert book.endpoint(ip, port) == naive_endpoint(endpoint_facts, ip, port, False)
        assert book.malware_endpoint(ip, port) == naive_endpoint(endpoint_facts, ip, port, True)
        watched = contains(book.endpoints_table, endpoint_hash(ipaddress.ip_address(ip).packed, port))
        assert watched == ((book.endpoint(ip, port) or book.malware_endpoint(ip, port)) is not None)
    facts = compiled.facts()
    assert sorted(map(repr, facts.names)) == sorted(map(repr, name_facts))
    assert sorted(map(repr, facts.endpoints)) == sorted(map(repr, endpoint_facts))
    assert facts.agents == agents and facts.rules == ["r", "鱼"]
