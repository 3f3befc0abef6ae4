"""The compiled kernel and the plain one tell the same story of any capture, sound or damaged."""

import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

import pytest

from netminer_detect.kernel import is_compiled, layout
from netminer_detect.kernel.interface import Watch
from netminer_detect.kernel.plain import PlainKernel
from netminer_detect.rulebook.book import load
from netminer_detect.triage import CALLS, LENGTHS, OPENINGS, TOKENS
from tests.captures import pcap
from tests.damage import damaged
from tests.kernels import KERNELS
from tests.packets import ACK, SYN, ethernet, ip, tcp
from tests.twins import difference, story

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAMPLES = sorted((ROOT / "pcaps").glob("*.pcap*"))
CAPTURES = ROOT.parent / "shared" / "captures"
OTHERS = sorted(set(KERNELS) - {"plain"})
# Larger captures cost the plain twin seconds and show nothing more.
MAX_BYTES = 2_000_000


@pytest.fixture(scope="module")
def watch():
    book = load((), True)
    return Watch(book.names_table, book.endpoints_table, OPENINGS, TOKENS, LENGTHS, CALLS)


def compare(kernel, watch, captures, max_flows=1 << 16):
    plain, other = PlainKernel(watch, max_flows), KERNELS[kernel](watch, max_flows)
    return difference(story(plain, captures), story(other, captures))


@pytest.mark.skipif(shutil.which("gcc") is None or os.environ.get("NETMINER_KERNEL") == "plain", reason="no compiler")
def test_the_kernel_was_compiled():
    assert is_compiled()


def test_the_compiled_numbers_are_those_of_the_plain_module():
    declared = ROOT / "netminer_detect/kernel/layout.pxd"
    compiled = dict(re.findall(r"^ +([A-Z_]+) = (\d+)$", declared.read_text(), re.MULTILINE))
    plain = {name: str(value) for name, value in vars(layout).items() if name.isupper()}
    assert compiled == plain


@pytest.mark.parametrize("kernel", OTHERS)
def test_samples(kernel, watch):
    assert [difference for path in SAMPLES if (difference := compare(kernel, watch, [path.read_bytes()]))] == []


@pytest.mark.parametrize("kernel", OTHERS)
def test_a_series(kernel, watch):
    assert compare(kernel, watch, [path.read_bytes() for path in SAMPLES]) is None


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kernel", OTHERS)
def test_damaged_samples(kernel, watch, seed):
    chance = random.Random(seed)
    for path in SAMPLES:
        capture = damaged(path.read_bytes(), chance)
        assert compare(kernel, watch, [capture], chance.choice((2, 5, 64))) is None, f"{path.name}, seed {seed}"


def test_flows_whose_hashes_are_all_one(watch, monkeypatch):
    """The whole key is compared, whatever the hash says."""
    kernel = KERNELS["interpreted"](watch)
    for method in (kernel.table.find, kernel.batch[0].order):
        monkeypatch.setitem(method.__func__.__globals__, "flow_hash", lambda *_: 5 << 32 | 5)
    monkeypatch.setitem(kernel.batch[0].order.__func__.__globals__, "address_hash", lambda *_: 5)
    assert compare("interpreted", watch, [path.read_bytes() for path in SAMPLES]) is None


@pytest.mark.parametrize("kernel", OTHERS)
@pytest.mark.parametrize("flags", [SYN, SYN | ACK])
@pytest.mark.parametrize("ends", [("10.0.0.1", "10.0.0.1"), ("2001:db8::1", "2001:db8::1")])
@pytest.mark.parametrize("ports", [(7, 7), (7, 8), (8, 7)])
def test_a_flow_of_a_host_with_itself(kernel, watch, flags, ends, ports):
    frames = []
    for index, kind in enumerate((flags, ACK, ACK, ACK)):
        segment = tcp(*(ports[::-1] if index == 2 else ports), 100 + index, kind, b"{" * index)
        frames.append((index * 10**9, ethernet(ip(*ends, 6, segment))))
    assert compare(kernel, watch, [pcap(frames)]) is None


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the captures are not here")
@pytest.mark.parametrize("seed", [None, 1])
@pytest.mark.parametrize("kernel", OTHERS)
def test_real_captures(kernel, watch, seed):
    chance = random.Random(seed)
    for path in sorted(CAPTURES.rglob("*")):
        if not path.is_file() or path.stat().st_size > MAX_BYTES or path.suffix == ".json":
            continue
        capture = path.read_bytes()
        if seed is not None:
            capture = damaged(capture, chance)
        assert compare(kernel, watch, [capture]) is None, path.name


def test_the_environment_asks_for_the_plain_kernel():
    told = subprocess.run(
        [sys.executable, "-c", "from netminer_detect.kernel import make_kernel\n"
         "from netminer_detect.kernel.interface import Watch\nprint(type(make_kernel(Watch())).__name__)"],
        env={**os.environ, "NETMINER_KERNEL": "plain"}, capture_output=True, text=True, cwd=ROOT, check=True)
    assert told.stdout.strip() == "PlainKernel"
