"""The README says what is so: its example, its columns, its fields, its options."""

import io
import json
import pathlib
import re
import subprocess
import sys

import pytest

from netminer_detect.cli import main
from netminer_detect.findings import Level, Role
from netminer_detect.organisations.inventory import load_inventory
from netminer_detect.outputs.csv import COLUMNS
from netminer_detect.outputs.jsonl import finding_object, write
from netminer_detect.outputs.options import OutputOptions
from tests.reports import miner, report

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh.md").read_text(encoding="utf-8")


def test_the_first_example_shows_what_a_user_sees():
    command = [sys.executable, "-m", "netminer_detect", "scan", "pcaps/", "--lang", "en"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={"PATH": ""})
    assert done.returncode == 1 and done.stderr == ""
    shown = done.stdout.splitlines()
    assert README.index("scripts/run scan pcaps/") < README.index("```\nMining:")
    block = README.partition("```\nMining:")[2].partition("```")[0]
    lines = [line for line in ("Mining:" + block).splitlines() if line not in ("", "…")]
    assert len(lines) > 8
    assert [line for line in lines if line not in shown] == []


def test_every_column_and_field_is_named_in_order():
    listed = re.findall(r"`(\w+)`", README.partition("<!-- columns -->")[2].partition("<!-- end -->")[0])
    assert tuple(listed) == COLUMNS
    fields = README.partition("| field of `finding` |")[2].partition("\n\n")[0]
    missing = [key for key in finding_object(miner(), OutputOptions()) if f"`{key}`" not in fields and key != "type"]
    assert missing == []


def test_every_field_of_the_sums_is_named():
    stream = io.StringIO()
    write(report(miner()), stream, OutputOptions())
    described = README.partition("## JSON lines")[2].partition("## CSV")[0]
    for line in stream.getvalue().splitlines()[1:]:
        missing = [key for key in json.loads(line) if f"`{key}`" not in described and key != "type"]
        assert missing == []


@pytest.mark.parametrize("text", [README, CHINESE], ids=["en", "zh"])
def test_every_level_and_what_it_links_to_is_there(text):
    assert [level.word for level in Level if f"`{level.word}`" not in text] == []
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_role_and_option_is_named(capsys):
    assert [role.value for role in Role if f"`{role.value}`" not in README] == []
    with pytest.raises(SystemExit):
        main(["scan", "--help"])
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help", "--output"}
    assert [option for option in sorted(options) if option not in README] == []


def test_every_sample_of_the_walk_is_shipped():
    named = re.findall(r"`([a-z0-9-]+\.pcap)`", README)
    assert len(named) > 15
    assert [name for name in named if not (ROOT / "pcaps" / name).exists()] == []


@pytest.mark.parametrize("text", [README, CHINESE], ids=["en", "zh"])
def test_the_inventory_can_be_copied(tmp_path, text):
    blocks = [block for block in re.findall(r"```\n(.*?)```", text, re.DOTALL) if "10.3.0.0/16" in block]
    (tmp_path / "units.csv").write_text(blocks[0], encoding="utf-8")
    inventory = load_inventory(str(tmp_path / "units.csv"))
    assert inventory.warnings == []
    units = [inventory.lookup(ip) for ip in ("10.3.9.9", "10.20.4.99", "10.20.4.100")]
    assert [unit and unit.id for unit in units] == ["lib", "dorm", None]
    assert units[0].contact and units[0].sector
