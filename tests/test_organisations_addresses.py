"""Addresses as people write them: each spelling, and what is refused rather than guessed."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.organisations.addresses import MAX_PIECES, AddressError, parse_addresses, plain_span, spelled


def spans(text):
    return [f"{spelled(s.version, s.low)}-{spelled(s.version, s.high)}" for s in parse_addresses(text)[0]]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("10.3.0.0/16", "10.3.0.0", "10.3.255.255"),
        ("10.3.0.7", "10.3.0.7", "10.3.0.7"),
        ("10.3.0.7/32", "10.3.0.7", "10.3.0.7"),
        ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
        ("10.3.0.0/255.255.0.0", "10.3.0.0", "10.3.255.255"),
        ("10.3.0.0 255.255.0.0", "10.3.0.0", "10.3.255.255"),
        ("10.3.0.0/0.0.255.255", "10.3.0.0", "10.3.255.255"),
        ("10.3.0.0 0.0.255.255", "10.3.0.0", "10.3.255.255"),
        ("10.3.0.0 /16", "10.3.0.0", "10.3.255.255"),
        ("10.3.0.1-10.3.0.99", "10.3.0.1", "10.3.0.99"),
        ("10.3.0.1 - 10.3.0.99", "10.3.0.1", "10.3.0.99"),
        ("10.3.0.1~99", "10.3.0.1", "10.3.0.99"),
        ("10.3.0.1-4.99", "10.3.0.1", "10.3.4.99"),
        ("10.3.0.1..10.3.0.99", "10.3.0.1", "10.3.0.99"),
        ("10.3.0.1 to 10.3.0.99", "10.3.0.1", "10.3.0.99"),
        ("10.3.0.1至10.3.0.99", "10.3.0.1", "10.3.0.99"),
        ("10.3.0.1 到 10.3.0.99", "10.3.0.1", "10.3.0.99"),
        ("10.3.0.1—10.3.0.99", "10.3.0.1", "10.3.0.99"),
        ("10.3.0.1－10.3.0.99", "10.3.0.1", "10.3.0.99"),
        ("10.3.0.1～10.3.0.99", "10.3.0.1", "10.3.0.99"),
        ("10.3.0.0/24-10.3.3.0/24", "10.3.0.0", "10.3.3.255"),
        ("10.3.*.*", "10.3.0.0", "10.3.255.255"),
        ("10.3.x", "10.3.0.0", "10.3.255.255"),
        ("１０．３．０．０／１６", "10.3.0.0", "10.3.255.255"),
        ("10。3。0。0/16", "10.3.0.0", "10.3.255.255"),
        ("010.003.000.000/16", "10.3.0.0", "10.3.255.255"),
        ('="10.3.0.0/16"', "10.3.0.0", "10.3.255.255"),
        ("'10.3.0.0/16", "10.3.0.0", "10.3.255.255"),
        ("\ufeff10.3.0.0/16\u200b", "10.3.0.0", "10.3.255.255"),
        ("2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("[2001:db8::1]", "2001:db8::1", "2001:db8::1"),
        ("[2001:db8::]/127", "2001:db8::", "2001:db8::1"),
        ("2001:db8::1-2001:db8::9", "2001:db8::1", "2001:db8::9"),
        ("fe80::1%eth0", "fe80::1", "fe80::1"),
        ("fe80::%en0/10", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("::ffff:10.3.0.0/112", "10.3.0.0", "10.3.255.255"),
        ("::ffff:10.3.0.7", "10.3.0.7", "10.3.0.7"),
    ],
)
def test_a_spelling_is_read(text, first, last):
    assert spans(text) == [f"{first}-{last}"]


@pytest.mark.parametrize("text", [
    "10.3.0.0/16, 10.4.0.0/16", "10.3.0.0/16 10.4.0.0/16", "10.3.0.0/16;10.4.0.0/16", "10.3.0.0/16\n10.4.0.0/16",
    "10.3.0.0/16、10.4.0.0/16", "10.3.0.0/16，10.4.0.0/16", "10.3.0.0/16和10.4.0.0/16", "10.3.0.0/16, -, 10.4.0.0/16",
    "10.3.0.0 255.255.0.0, 10.4.0.0 255.255.0.0", "10.3.0.0/16, 10.4.0.0/16, 无",
])  # fmt: skip
def test_a_cell_may_name_several(text):
    assert spans(text) == ["10.3.0.0-10.3.255.255", "10.4.0.0-10.4.255.255"]


@pytest.mark.parametrize("text", [
    "", " ", "-", "无", "10.3.0", "10.3.0.256", "10.3.0.0/33", "10.3.0.0/-1", "10.3.0.0/", "10.3.0.0/x", "/16",
    "10.3.0.9-1", "10.3.0.1-", "-10.3.0.1", "10.3.0.1-10.3.0", "10.3.*.*.*", "10.3.0.0/255.0.255.0", "10.3.0.0 0.0.0.0",
    "10.3.0.1:80", "0x0a030000", "167968768", "host.example", "2001:db8::/129", "2001:db8:::1",
    "10.3.0.1-2001:db8::1", "٣.٣.٣.٣", "10.3.0.0/٣", "10.3.0.0\0", "=cmd|'/c calc'!A1", "\ud800",
    "1" * 5000, "10.3.0.0/" + "1" * 5000,
])  # fmt: skip
def test_what_is_no_address_is_refused_with_advice(text):
    with pytest.raises(AddressError) as refused:
        parse_addresses(text)
    assert refused.value.what.isprintable() and refused.value.fix
    assert len(refused.value.what) < 200
    assert plain_span(text) is None


def test_what_was_read_leniently_is_told():
    assert parse_addresses("10.3.0.9/16")[1] == ["host bits are set: 10.3.0.9/16 is read as 10.3.0.0/16"]
    assert parse_addresses("010.003.000.000/16")[1] == ["zeros before an octet: 010.003.000.000 is read as 10.3.0.0"]
    assert parse_addresses("2001:db8::7/32")[1] == ["host bits are set: 2001:db8::7/32 is read as 2001:db8::/32"]


def test_a_cell_of_too_many_is_refused_at_once():
    with pytest.raises(AddressError, match="100000 ranges"):
        parse_addresses("10.0.0.1 " * 100_000)
    assert len(parse_addresses("10.0.0.1 " * MAX_PIECES)[0]) == MAX_PIECES


@given(st.ip_addresses(), st.ip_addresses(), st.integers(0, 128))
def test_the_fast_reader_agrees_with_the_slow_one(one, other, length):
    network = ipaddress.ip_network((one, length % (one.max_prefixlen + 1)), strict=False)
    for text in (str(one), str(network), f"{one}-{other}"):
        fast = plain_span(text)
        try:
            slow, notes = parse_addresses(text)
        except AddressError:
            assert fast is None
            continue
        assert not notes
        assert fast in (None, slow[0])
    if getattr(network.network_address, "ipv4_mapped", None) is None:
        assert plain_span(str(network)) is not None


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        found, _ = parse_addresses(text)
    except AddressError:
        return
    assert all(0 <= span.low <= span.high < 1 << (32 if span.version == 4 else 128) for span in found)
