"""Who may import whom: arrows point down, and some places know of little else."""

import ast
import pathlib
import subprocess
import sys

import pytest

PACKAGE = "netminer_detect"
ROOT = pathlib.Path(__file__).resolve().parent.parent / PACKAGE

# From the ground up: each place may import those before it. A folder is one place.
FLOORS = (
    "errors", "marks", "language", "interrupts", "progress", "discovery", "patterns", "units", "digests", "footprint",
    "bounds", "triage", "findings", "observations", "masking", "messages", "cut_messages", "requests", "work",
    "streams", "settings", "data_files", "sources", "kernel", "estimate", "rulebook", "organisations", "suppressions",
    "attribution", "store", "outputs", "exchange", "carriers", "dialects", "detect", "open_flows", "flow",
    "dns_reading", "sessions", "series", "parallel", "reading", "joining", "scanning", "selftest", "commands", "cli",
    "__main__",
)  # fmt: skip

# What some places may know at most: the kernel no mining, carriers and dialects no files, clocks or rules, outputs
# the report and nothing else.
KNOWS = {
    "kernel": {"errors", "sources"},
    "sources": {"errors", "patterns"},
    "carriers": {"errors", "marks", "observations", "patterns"},
    "dialects": {
        "carriers", "cut_messages", "discovery", "errors", "marks", "messages", "observations", "patterns",
        "requests", "work",
    },
    "outputs": {"discovery", "errors", "findings", "patterns"},
    "organisations": {"errors", "findings"},
    "store": {"attribution", "digests", "errors", "findings"},
    "estimate": {"findings"},
}
# parallel: a worker takes up the standard input that it inherited.
OPEN_FILES = {"sources", "commands", "cli", "settings", "organisations", "parallel", "rulebook", "selftest",
              "store", "suppressions", "attribution"}
CLOCKS = {"time", "datetime"}


def place_of(path: pathlib.Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> set[str]:
    """The places that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith(f"{PACKAGE}.")}
    return found - {"__version__"}


TREES = [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(ROOT.rglob("*.py"))]


def test_every_place_has_its_floor():
    assert {place_of(path) for path, _ in TREES} - {"__init__"} == set(FLOORS)


def test_imports_point_down():
    assert [
        f"{path.relative_to(ROOT)} imports {other}"
        for path, tree in TREES
        for other in imported(tree) - {place_of(path)}
        if place_of(path) != "__init__" and FLOORS.index(other) > FLOORS.index(place_of(path))
    ] == []


@pytest.mark.parametrize("place", KNOWS)
def test_a_place_knows_no_more_than_it_may(place):
    known = {other for path, tree in TREES if place_of(path) == place for other in imported(tree)} - {place}
    assert known <= KNOWS[place]


def test_detect_never_sees_bytes():
    known = {other for path, tree in TREES if place_of(path) == "detect" for other in imported(tree)}
    assert not known & {"kernel", "sources", "streams", "flow", "series"}


def test_few_places_open_files():
    opening = {
        place_of(path) for path, tree in TREES for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"
    }  # fmt: skip
    assert opening <= OPEN_FILES


@pytest.mark.parametrize("place", ["carriers", "dialects", "detect", "kernel"])
def test_those_who_read_traffic_have_no_clock(place):
    """What a capture says does not depend on when it is read."""
    assert [
        str(path.relative_to(ROOT)) for path, tree in TREES if place_of(path) == place for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and CLOCKS & {alias.name for alias in node.names})
        or (isinstance(node, ast.ImportFrom) and node.module == "time")
    ] == []  # fmt: skip


def test_help_loads_no_kernel():
    told = subprocess.run(
        [sys.executable, "-c", "import sys\nfrom netminer_detect.cli import main\ntry:\n    main(['--help'])\n"
         "except SystemExit:\n    pass\nprint([name for name in sys.modules if '.kernel' in name])"],
        capture_output=True, text=True, check=True, cwd=ROOT.parent)  # fmt: skip
    assert told.stdout.endswith("[]\n")
