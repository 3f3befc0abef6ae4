"""The command line as users and scripts meet it: outputs, exit codes, messages."""

import io
import json
import os
import pathlib
import stat
import subprocess
import sys

import pytest

from netminer_detect.cli import main
from netminer_detect.commands.scan import exit_code
from netminer_detect.findings import Totals
from netminer_detect.scanning import Outcome
from tests.captures import pcap
from tests.conversations import as_capture, load
from tests.reports import miner, report, visitor
from tests.scenes import MINES, C, S, Scene

ROOT = pathlib.Path(__file__).resolve().parent.parent
MINING = as_capture(load("stratum_v1_btc"), "whole")


@pytest.fixture
def captures(tmp_path):
    """A folder with a mining capture, one without anything, a cut one and one that is none."""
    folder = tmp_path / "captures"
    folder.mkdir()
    (folder / "mining.pcap").write_bytes(MINING)
    (folder / "quiet.pcap").write_bytes(pcap([]))
    (folder / "cut.pcap").write_bytes(pcap([(0, bytes(60))])[:-3])
    (folder / "none.pcap").write_bytes(b"this is no capture at all")
    return folder


def run(*words, **options):
    """A process of its own, as a shell starts it."""
    command = [sys.executable, "-m", "netminer_detect", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **options)


@pytest.mark.parametrize(("inputs", "code"), [
    (["quiet.pcap"], 0), (["mining.pcap"], 1), (["mining.pcap", "--exit-zero"], 0), (["missing.pcap"], 4),
    (["none.pcap"], 4), (["mining.pcap", "missing.pcap"], 3), (["mining.pcap", "none.pcap", "--exit-zero"], 3),
    (["quiet.pcap", "cut.pcap"], 3), (["cut.pcap"], 3), (["none.pcap", "missing.pcap", "--exit-zero"], 4),
    (["mining.pcap", "--level", "context"], 1), (["mining.pcap", "-o", "csv:/dev/full"], 2),
    (["missing.pcap", "-o", "csv:/dev/full"], 2), (["mining.pcap", "--inside", "x"], 2),
    (["mining.pcap", "--memory", "lots"], 2), (["mining.pcap", "--orgs", "missing.csv"], 2),
    (["mining.pcap", "--rules", "missing"], 2), (["mining.pcap", "--format", "yaml"], 2),
])
def test_exit_codes(captures, monkeypatch, capsys, inputs, code):
    monkeypatch.chdir(captures)
    assert main(["scan", *inputs]) == code
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize(("applies", "code"), [
    ({"found"}, 1), ({"partly"}, 3), ({"found", "partly"}, 3), ({"none"}, 4), ({"interrupted"}, 130),
    ({"interrupted", "found"}, 130), ({"interrupted", "partly", "found"}, 130), ({"interrupted", "none"}, 130),
    ({"context"}, 0), (set(), 0),
])
def test_of_several_exit_codes_the_gravest_counts(applies, code, zero):
    findings = [miner()] if "found" in applies else [visitor("10.0.0.1")] if "context" in applies else []
    totals = Totals(2, len(applies & {"partly", "none"}), interrupted="interrupted" in applies)
    outcome = Outcome(report(*findings, totals=totals), 0 if "none" in applies else 1)
    assert exit_code(outcome, zero) == (0 if code == 1 and zero else code)


def test_an_empty_folder_cannot_be_read(tmp_path, capsys):
    assert main(["scan", str(tmp_path)]) == 4
    told = capsys.readouterr()
    assert "no capture in this folder" in told.err and told.out.startswith("Nothing was read.")


@pytest.mark.parametrize(("words", "told"), [
    ([], "required: COMMAND"), (["scan"], "required: INPUT\ntry: netminer-detect scan --help"),
    (["pcaps"], "no command was named; to read this capture: netminer-detect scan pcaps"),
    (["scan", "a", "--levl", "shares"], "there is no --levl here; did you mean --level?\ntry: netminer-detect scan"),
    (["scan", "a", "--level", "high"], "invalid choice: 'high' (choose from"),
    (["scan", "a", "--jobs", "0"], "'0' is no number of 1 or more"), (["scan", "a", "--jobs", "x"], "'x' is no number"),
    (["scan", "a", "--quiet", "--verbose"], "not allowed with argument"), (["scna", "a"], "invalid choice: 'scna'"),
    (["scan", "a", "--form", "csv"], "there is no --form here; did you mean --format?"),
])
def test_wrong_usage_says_what_to_do_next(monkeypatch, capsys, words, told):
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as ended:
        main(words)
    shown = capsys.readouterr()
    assert ended.value.code == 2 and told in shown.err and shown.out == ""


@pytest.mark.parametrize(("output", "told"), [
    ("missing/a.csv", "there is no such folder; make it: mkdir -p missing"), ("report.doc", "FORMAT:FILE"),
    ("csv:.", "this is a folder"), ("csv:mining.pcap", "this file is a capture"),
    ("csv:packed.pcap.gz", "this file is a capture, or compressed"), ("csv:", "FORMAT:FILE"),
])
def test_outputs_that_cannot_be_are_told_before_the_scan(captures, monkeypatch, capsys, output, told):
    (captures / "packed.pcap.gz").write_bytes(b"\x1f\x8b\x08\0\0\0")
    monkeypatch.chdir(captures)
    assert main(["scan", "mining.pcap", "-o", output]) == 2
    shown = capsys.readouterr()
    assert told in shown.err and shown.out == ""
    assert (captures / "mining.pcap").read_bytes() == MINING


@pytest.mark.parametrize("words", [["-o", "a.csv", "-o", "csv:./a.csv"], ["-o", "csv:-", "--format", "jsonl"]])
def test_two_reports_never_share_a_place(captures, monkeypatch, capsys, words):
    monkeypatch.chdir(captures)
    assert main(["scan", "mining.pcap", *words]) == 2
    assert "two reports go to one place" in capsys.readouterr().err


def test_several_outputs_are_written_and_stdout_is_silent(captures, monkeypatch, capsys):
    monkeypatch.chdir(captures)
    names = ["a.csv", "b.jsonl", "c.ndjson", "d.txt", "jsonl:e.log"]
    assert main(["scan", "mining.pcap", *(word for name in names for word in ("-o", name))]) == 1
    assert capsys.readouterr().out == ""
    assert (captures / "a.csv").read_bytes().startswith(b"source_ip,") and b"\r\n" in (captures / "a.csv").read_bytes()
    for name in ("b.jsonl", "c.ndjson", "e.log"):
        assert json.loads((captures / name).read_text().splitlines()[0])["type"] == "finding"
    assert (captures / "d.txt").read_text().startswith("Mining: 1 machine")
    assert sorted(path.name for path in captures.iterdir() if path.name.startswith(".")) == []


def test_a_file_keeps_its_permissions_and_a_link_its_place(captures, monkeypatch):
    monkeypatch.chdir(captures)
    (captures / "old.csv").write_text("before")
    (captures / "old.csv").chmod(0o640)
    (captures / "link.csv").symlink_to("old.csv")
    assert main(["scan", "mining.pcap", "-o", "link.csv", "-o", "new.jsonl"]) == 1
    assert (captures / "link.csv").is_symlink() and (captures / "old.csv").read_text().startswith("source_ip")
    assert stat.S_IMODE((captures / "old.csv").stat().st_mode) == 0o640
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((captures / "new.jsonl").stat().st_mode) == 0o666 & ~mask


def test_inputs_and_options_come_in_any_order(captures, monkeypatch, capsys):
    monkeypatch.chdir(captures)
    assert main(["scan", "mining.pcap", "--format", "jsonl", "quiet.pcap", "--jobs", "2"]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["inputs"] == 2


def test_names_that_look_like_options(captures, monkeypatch, capsys):
    monkeypatch.chdir(captures)
    (captures / "-o.pcap").write_bytes(MINING)
    assert main(["scan", "--format", "jsonl", "--", "-o.pcap"]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[0])["evidence"][0]["capture"] == "./-o.pcap"
    assert main(["scan", "--", "--format"]) == 4
    assert "./--format: No such file" in capsys.readouterr().err


def test_quiet_and_verbose(captures, monkeypatch, capsys):
    monkeypatch.chdir(captures)
    assert main(["scan", "mining.pcap", "none.pcap", "--quiet"]) == 3
    assert capsys.readouterr().err == ""
    assert main(["scan", "mining.pcap", "none.pcap"]) == 3
    assert capsys.readouterr().err == "netminer-detect: none.pcap: not a capture (neither pcap nor pcapng)\n"
    assert main(["scan", "mining.pcap", "--verbose"]) == 1
    assert "kernel reads" in (told := capsys.readouterr().err) and "reading mining.pcap" in told


def test_what_a_dialect_does_not_have_is_named_in_detail(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    garbage = [(C, b"\xff\xfe hello\x1b[2J\n"), (S, b"no JSON\n")]
    Scene().tcp([*MINES, *garbage]).write(tmp_path / "odd.pcap")
    Scene().tcp(MINES).write(tmp_path / "even.pcap")
    Scene().tcp(garbage).write(tmp_path / "other.pcap")
    assert main(["scan", "odd.pcap", "--verbose"]) == 1
    told = "netminer-detect: odd.pcap: frame 11: 10.3.0.17 sent or got what is no message of stratum-v1\n"
    assert told in (shown := capsys.readouterr().err) and shown.count("no message") == 1
    assert main(["scan", "odd.pcap"]) == 1
    assert main(["scan", "even.pcap", "other.pcap", "--verbose"]) == 1
    assert "no message" not in capsys.readouterr().err


def test_the_language_is_that_of_the_environment_or_as_asked(captures, monkeypatch, capsys):
    monkeypatch.chdir(captures)
    for environment, words, told in (
        ({"LANG": "zh_CN.UTF-8"}, [], "未发现挖矿"), ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, [], "No mining"),
        ({"LANG": "de_DE.UTF-8"}, [], "No mining"), ({"LANG": "zh_CN"}, ["--lang", "en"], "No mining"),
        ({}, ["--lang", "zh"], "未发现挖矿"),
    ):
        for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert main(["scan", "quiet.pcap", *words]) == 0
        assert capsys.readouterr().out.startswith(told)


def test_a_name_that_steers_the_terminal_is_escaped(tmp_path, capsys):
    (tmp_path / "a\x1b[2J\nb.pcap").write_bytes(b"no capture")
    assert main(["scan", str(tmp_path / "a\x1b[2J\nb.pcap")]) == 4
    shown = capsys.readouterr()
    assert "\x1b" not in shown.err + shown.out and "a\\x1b[2J\\x0ab.pcap" in shown.err
    assert main(["scan", "pcaps", "-o", "a\x1b[2J"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_a_full_disk_is_told_and_the_scan_is_not_lost(captures):
    done = run("scan", captures / "mining.pcap", "-o", "csv:/dev/full")
    assert done.returncode == 2 and done.stdout.startswith("Mining: 1 machine")
    assert done.stderr == "netminer-detect: /dev/full: the report could not be written (No space left on device)\n"
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "netminer_detect", "scan", captures / "mining.pcap"], cwd=ROOT,
                              stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and "standard output: the report could not be written" in done.stderr
    assert done.stderr.count("\n") == 1


def shell(line, captures):
    environment = {**os.environ, "N": f"{sys.executable} -m netminer_detect", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", line], cwd=captures, capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("line", "code", "out", "err"), [
    ("$N scan mining.pcap --format jsonl | head -c 7; exit ${PIPESTATUS[0]}", 1, '{"type"', ""),
    ("$N scan mining.pcap --format jsonl | true; exit ${PIPESTATUS[0]}", 1, "", ""),
    ("$N scan mining.pcap >&-", 2, "",
     "netminer-detect: standard output: it is closed; write to a file with -o FILE\n"),
    ("$N scan mining.pcap none.pcap 2>&- | grep -c Mining; exit ${PIPESTATUS[0]}", 3, "1\n", ""),
    ("$N scan none.pcap 2>/dev/full | head -1; exit ${PIPESTATUS[0]}", 4, "Nothing was read.\n", ""),
    ("$N scan mining.pcap -o csv:/dev/stdout | head -c 9", 0, "source_ip", ""),
    ("cat mining.pcap | $N scan - --format jsonl | tail -c 2 >/dev/null; exit ${PIPESTATUS[1]}", 1, "", ""),
    ("LC_ALL=C $N scan mining.pcap | head -1", 0, "Mining: 1 machine (1 confirmed)\n", ""),
    ("LC_ALL=C PYTHONIOENCODING=ascii $N scan quiet.pcap --lang zh | head -c 2", 0, "\\u", ""),
])
def test_in_a_shell(captures, line, code, out, err):
    assert shell(line, captures) == (code, out, err)


def test_csv_is_utf_8_wherever_it_goes(captures):
    line = "PYTHONIOENCODING=latin-1 $N scan mining.pcap --format csv --lang zh | grep -c 挖矿"
    assert shell(line, captures)[1] == "1\n"


def test_help_loads_no_kernel():
    code = ("import sys; from netminer_detect.cli import main\ntry: main(['scan', '--help'])\nexcept SystemExit: pass\n"
            "print([name for name in sys.modules if 'kernel' in name or 'rich' in name], file=sys.stderr)")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == "[]\n" and "--no-endpoints" in done.stdout


def test_a_report_cut_short_by_the_reader_leaves_the_others_whole(captures, monkeypatch):
    monkeypatch.chdir(captures)
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as broken:
        monkeypatch.setattr(sys, "stdout", broken)
        assert main(["scan", "mining.pcap", "--format", "csv", "-o", "a.jsonl"]) == 1
        monkeypatch.undo()
    assert json.loads((captures / "a.jsonl").read_text().splitlines()[-1])["type"] == "summary"


def test_a_terminal_is_no_capture(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    assert main(["scan", "-"]) == 2
    assert "standard input is a terminal" in capsys.readouterr().err
