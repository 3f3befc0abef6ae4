"""TLS: names from real hellos and certificates, however they are cut, and nothing from damaged ones."""

import contextlib
import random
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.carriers.certificate import certificate_names
from netminer_detect.carriers.tls import Tls, begins_tls
from tests.delivery import C, S, damaged, names, play

NAMES = ["pool.example", "*.pool.example", "eu.pool.example"]


# A throwaway key and its self-signed certificate (CN Pool.Example, two DNS names, one address), of use nowhere else.
IDENTITY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTP9f3DO/fec5g8HR
vb9CAUOUtmqak2Q/A0MURQX96FChRANCAATQgz8naOcgpaejM/Q1Sz3p8QdE1sgN
LRq9tT+IydA9FT4zTVFyrTMYhZ5Xk8D8F+CmWicaHLw7XZnEPVKghmDx
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIB4TCCAYegAwIBAgIUHzXKFCylsZmc7q9RY5aMWDcmCX8wCgYIKoZIzj0EAwIw
KzESMBAGA1UECgwJU29tZSBQb29sMRUwEwYDVQQDDAxQb29sLkV4YW1wbGUwIBcN
MjYxMTI0MDI0NTIxWhgPMjEyNjEwMzEwMjQ1MjFaMCsxEjAQBgNVBAoMCVNvbWUg
UG9vbDEVMBMGA1UEAwwMUG9vbC5FeGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE0IM/J2jnIKWnozP0NUs96fEHRNbIDS0avbU/iMnQPRU+M01Rcq0zGIWe
V5PA/BfgplonGhy8O12ZxD1SoIZg8aOBhjCBgzAdBgNVHQ4EFgQUbemfNe2JrYCn
xA9rlziycWzSE0YwHwYDVR0jBBgwFoAUbemfNe2JrYCnxA9rlziycWzSE0YwDwYD
VR0TAQH/BAUwAwEB/zAwBgNVHREEKTAngg4qLnBvb2wuZXhhbXBsZYIPZXUucG9v
bC5leGFtcGxlhwTAAAIBMAoGCCqGSM49BAMCA0gAMEUCIDLksVDjL23/U+NwFJHW
C54kU52FkOSLTl/EpFJ8qxbnAiEAiZHsyATUC7W0rNKDg66q0sO2k4XWlPc1Eu8s
NmHjuqs=
-----END CERTIFICATE-----
"""


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    """The file of a server's key and certificate."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_text(IDENTITY)
    return path


def handshake(identity, version, name="Stratum.Pool.Example", resume=None):
    """A real handshake as turns of both sides."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(identity)
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname, client_context.verify_mode = False, ssl.CERT_NONE
    for context in (server_context, client_context):
        context.minimum_version = context.maximum_version = version
    c_in, c_out, s_in, s_out = (ssl.MemoryBIO() for _ in range(4))
    client = client_context.wrap_bio(c_in, c_out, server_hostname=name)
    server = server_context.wrap_bio(s_in, s_out, server_side=True)
    turns = []
    for _ in range(4):
        for end, out, into, side in ((client, c_out, s_in, C), (server, s_out, c_in, S)):
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
            data = out.read()
            if data:
                turns.append((side, data))
                into.write(data)
    client.write(b'{"id":1}\n')
    return [*turns, (C, c_out.read())]


V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
HELLO = ("tls", "stratum.pool.example", None)
CERTIFICATE = [("certificate", name, None) for name in NAMES]


@pytest.mark.parametrize(("version", "name", "wanted"), [
    (V12, "Stratum.Pool.Example", [HELLO, *CERTIFICATE]), (V12, None, CERTIFICATE),
    (V13, "Stratum.Pool.Example", [HELLO]), (V13, None, []),
])  # fmt: skip
def test_real_handshakes(identity, version, name, wanted):
    turns = handshake(identity, version, name)
    for step in (0, 1, 7, 100):
        reader = Tls()
        assert names(play(reader, turns, step, close=False)) == wanted
        assert reader.done


def test_sides_swapped(identity):
    turns = [(side.other, data) for side, data in handshake(identity, V12)]
    assert names(play(Tls(), turns, seed=1)) == [HELLO, *CERTIFICATE]


def test_one_side_alone(identity):
    turns = handshake(identity, V12)
    assert names(play(Tls(), [turn for turn in turns if turn[0] is C])) == [HELLO]
    assert names(play(Tls(), [turn for turn in turns if turn[0] is S])) == CERTIFICATE


def test_hello_over_many_records(identity):
    hello = handshake(identity, V13)[0][1]
    body = hello[5:]
    records = b"".join(
        b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part
        for part in (body[at : at + 9] for at in range(0, len(body), 9))
    )
    for step in (0, 1):
        assert names(play(Tls(), [(C, records)], step, close=False)) == [HELLO]


def test_hello_cut_behind_its_name(identity):
    hello = handshake(identity, V13)[0][1]
    end = hello.index(b"Stratum.Pool.Example") + 20
    for turns in ([(C, hello[:end])], [(C, hello[:end]), (C, len(hello) - end)]):
        assert names(play(Tls(), turns, 1)) == [HELLO]
    assert names(play(Tls(), [(C, hello[: end - 1])])) == []


def test_server_answers_in_plain_text(identity):
    reader = Tls()
    said = play(reader, [handshake(identity, V13)[0], (S, b'{"error":"not tls"}\n')], close=False)
    assert names(said) == [HELLO]
    assert reader.done


def test_middle_of_a_session_is_over_at_once():
    reader = Tls()
    assert play(reader, [(S, b"\x17\x03\x03\x00\x20" + bytes(32))], 1, close=False) == []
    assert reader.done


def test_client_certificate_is_no_server_name(identity):
    server = handshake(identity, V12)[1][1]
    behind_hello = server[5 + int.from_bytes(server[3:5], "big") :]
    assert behind_hello[0] == 0x16 and behind_hello[5] == 0x0B
    assert names(play(Tls(), [(C, behind_hello)])) == []


@given(st.lists(st.tuples(st.sampled_from([C, S]), st.binary(max_size=200)), max_size=5))
def test_garbage(turns):
    whole = play(Tls(), turns)
    assert whole == play(Tls(), turns, 1)


@pytest.mark.parametrize("version", [V12, V13])
def test_damaged_handshakes_read_alike_in_any_cut(identity, version):
    turns, rng = handshake(identity, version), random.Random(7)
    for seed in range(300):
        broken = damaged(turns, rng)
        whole = play(Tls(), broken)
        assert whole == play(Tls(), broken, 1)
        assert whole == play(Tls(), broken, seed=seed)


def test_certificate_names_of_damaged_certificates(identity):
    der = ssl.PEM_cert_to_DER_cert(IDENTITY[IDENTITY.index("-----BEGIN CERT") :])
    assert certificate_names(der) == NAMES
    rng = random.Random(3)
    for _ in range(3000):
        at = rng.randrange(len(der))
        certificate_names(der[:at] + rng.randbytes(rng.randrange(3)) + der[at + rng.randrange(4) :])
    for at in range(len(der)):
        assert certificate_names(der[:at]) == []


def der(tag, *parts):
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 0x80 else b"\x83" + len(body).to_bytes(3, "big")
    return bytes([tag]) + size + body


def certificate(common, alternatives=()):
    """A certificate's shape with (string tag, bytes) as common name."""
    any_, number = der(0x30), der(0x02, b"\x07")
    subject = der(0x30, der(0x31, der(0x30, der(0x06, b"\x55\x04\x03"), der(*common))))
    named = der(0x30, *(der(0x82, name) for name in alternatives))
    extension = der(0x30, der(0x06, b"\x55\x1d\x11"), der(0x01, b"\xff"), der(0x04, named))
    rest = [der(0xA3, der(0x30, extension))] if alternatives else []
    return der(0x30, der(0x30, der(0xA0, number), number, any_, any_, any_, subject, any_, *rest), any_)


def test_names_of_a_certificate_are_bounded():
    many = [b"n%d.example" % number for number in range(100)]
    assert certificate_names(certificate((0x0C, b"no host name"), many)) == [f"n{n}.example" for n in range(32)]


@pytest.mark.parametrize("common", [
    (0x0C, b"Stratum"), (0x13, b"stratum"), (0x16, b"stratum."), (0x1E, "stratum".encode("utf-16-be")),
])  # fmt: skip
def test_kinds_of_text_in_a_common_name(common):
    assert certificate_names(certificate(common)) == ["stratum"]


@pytest.mark.parametrize("common", [(0x0C, b""), (0x0C, b"\x1b[2Jx"), (0x0C, b"x" * 256), (0x02, b"stratum")])
def test_common_names_that_are_no_names(common):
    assert certificate_names(certificate(common)) == []


def test_element_that_runs_over_its_parent():
    sound = certificate((0x0C, b"stratum"))
    assert certificate_names(sound.replace(b"\x0c\x07stratum", b"\x0c\x08stratum")) == []


def test_memory_is_bounded():
    reader = Tls()
    endless = b"\x16\x03\x01\x40\x00" + b"\x01\xff\xff\xff" + bytes(0x4000 - 4)
    for _ in range(100):
        reader.data(C, endless, None)
    assert len(reader._client._messages) == 0


@pytest.mark.parametrize(("head", "wanted"), [
    (b"\x16", None), (b"\x16\x03\x01\x02", None), (b"\x16\x03\x01\x02\x00", True), (b"\x16\x03\x01\xff\xff", False),
    (b"\x16\x02", False), (b"\x18", False), (b"{", False), (b"\x17\x03\x03\x00\x20", True),
])  # fmt: skip
def test_begins_tls(head, wanted):
    assert begins_tls(head) is wanted
