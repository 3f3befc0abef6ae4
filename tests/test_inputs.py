"""What a user means by files, folders, globs, links and pipes: each capture once, in order, nothing lost silently."""

import bz2
import gzip
import lzma
import os
import random

import pytest
import zstandard

from netminer_detect.sources.inputs import find_inputs, natural_key
from tests.captures import pcap, section

CAPTURE = pcap([(1, b"frame")])
ANOTHER = section()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to stand in; `put` writes a capture there."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(path, data=CAPTURE):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def found(*arguments):
    paths, problems = find_inputs(arguments)
    assert problems == []
    return paths


def test_numbers_in_names_count_as_numbers():
    names = ["trace1.pcap", "trace2.pcap", "trace02.pcap", "trace10.pcap", "trace10a.pcap", "²", "٣", "trace",
             "9" * 300]
    assert [n for n in sorted(names, key=natural_key) if n.startswith("trace") and n[-1] == "p"] == [
        "trace1.pcap", "trace02.pcap", "trace2.pcap", "trace10.pcap", "trace10a.pcap"]
    for _ in range(20):
        shuffled = random.sample(names, len(names))
        assert sorted(shuffled, key=natural_key) == sorted(names, key=natural_key)


def test_a_folder_is_searched_in_natural_order_by_content(folder):
    for name in ("b10.pcap", "b9.pcap", "plain", "sub/z2.dat", "sub/z10.dat", "sub2/deep/er/x.ntar"):
        put(folder / "in" / name, ANOTHER if "z" in name else CAPTURE)
    put(folder / "in" / "notes.txt", b"a log")
    put(folder / "in" / "units.csv", b"network,name\n")
    assert found("in") == [f"in/{name}" for name in (
        "b9.pcap", "b10.pcap", "plain", "sub/z2.dat", "sub/z10.dat", "sub2/deep/er/x.ntar")]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_a_compressed_file_in_a_folder_counts_by_what_is_in_it(folder, pack):
    put(folder / "in" / "1.backup", pack(CAPTURE))
    put(folder / "in" / "2.backup", pack(b"a log that was rotated"))
    put(folder / "in" / "3.backup", pack(CAPTURE)[:12])
    put(folder / "in" / "4.pcap.gz", pack(CAPTURE)[:12])
    assert found("in") == ["in/1.backup", "in/4.pcap.gz"]


@pytest.mark.parametrize("name", ["a.pcap", "a.PCAPNG", "a.cap", "a.pcap7", "a.pcap.7", "a.pcap_00007", "a.pcap.gz",
                                  "a.pcap3.zst"])
def test_what_is_named_like_a_capture_is_never_passed_over(folder, name):
    for data in (b"", b"\xd4", b"garbage that was a capture"):
        put(folder / "in" / name, data)
        assert found("in") == [f"in/{name}"]
    (folder / "in" / name).unlink()
    (folder / "in" / name).symlink_to("nowhere")
    assert found("in") == [f"in/{name}"]
    (folder / "in" / name).unlink()
    (folder / "in" / name).symlink_to(name)
    assert found("in") == [f"in/{name}"]


@pytest.mark.parametrize("name", ["a.pcap.md5", "a.pcap.txt", "pcap", "night_cap", "a.capture.log"])
def test_what_lies_beside_captures_is(folder, name):
    put(folder / "in" / name, b"words")
    put(folder / "in" / "a.pcap")
    assert found("in") == ["in/a.pcap"]


def test_each_capture_is_read_once_whatever_its_names(folder):
    put(folder / "in" / "a.pcap")
    put(folder / "in" / "sub" / "b.pcap")
    (folder / "in" / "link.pcap").symlink_to("a.pcap")
    os.link(folder / "in" / "a.pcap", folder / "in" / "twin.pcap")
    assert found("in/a.pcap", "in", "./in/a.pcap", "in/*.pcap", str(folder / "in"), "in/sub") == [
        "in/a.pcap", "in/sub/b.pcap"]


def test_links_to_folders_are_searched_and_loops_end(folder):
    put(folder / "elsewhere" / "a.pcap")
    (folder / "in" / "deep").mkdir(parents=True)
    (folder / "in" / "there").symlink_to("../elsewhere")
    for at in range(6):
        (folder / "in" / f"loop{at}").symlink_to(".")
        (folder / "in" / "deep" / f"up{at}").symlink_to("..")
    assert found("in") == ["in/there/a.pcap"]
    assert found("in/**/*.pcap") == ["in/there/a.pcap"]
    assert found("**/*.pcap") == ["elsewhere/a.pcap"]
    assert found("**") == found(".") == ["./elsewhere/a.pcap"]


def test_globs_match_in_natural_order_and_a_name_of_magic_is_itself(folder):
    for name in ("a/t2.pcap", "a/t10.pcap", "b/t1.pcap", "t[1].pcap", "c/d/e/t3.pcap"):
        put(folder / name)
    assert found("a/*.pcap") == ["a/t2.pcap", "a/t10.pcap"]
    assert found("[ab]/t?.pcap") == ["a/t2.pcap", "b/t1.pcap"]
    assert found("t[1].pcap") == ["t[1].pcap"]
    assert found("**/t*.pcap") == ["a/t2.pcap", "a/t10.pcap", "b/t1.pcap", "c/d/e/t3.pcap", "t[1].pcap"]
    assert found("c/**/e/*") == found("*/**/e/*.pcap") == ["c/d/e/t3.pcap"]
    assert found("[bc]") == ["b/t1.pcap", "c/d/e/t3.pcap"]


def test_what_a_user_names_is_an_input_even_if_it_is_none(folder):
    put(folder / "notes.txt", b"words")
    named = ["notes.txt", "missing.pcap", "no*.pcap", "-", ""]
    assert found(*named, "-") == named


def test_pipes_and_sockets_in_a_folder_are_left_alone_and_read_where_named(folder):
    put(folder / "in" / "a.pcap")
    os.mkfifo(folder / "in" / "live.pcap")
    assert found("in") == ["in/a.pcap"]
    assert found("in/live.pcap", "in/live.pcap") == ["in/live.pcap"]


def test_names_of_any_bytes_are_found(folder):
    for name in (b"new\nline.pcap", b"\x1b[31m.pcap", b"\xff\xfe.pcap", "\u202etxt.pcap".encode()):
        put(folder / "in" / os.fsdecode(name))
    assert sorted(map(os.fsencode, found("in"))) == sorted(
        b"in/" + name for name in (b"new\nline.pcap", b"\x1b[31m.pcap", b"\xff\xfe.pcap", "\u202etxt.pcap".encode()))


def test_a_folder_that_gives_nothing_is_told_with_advice(folder):
    put(folder / "empty" / "notes.txt", b"words")
    put(folder / "in" / "a.pcap")
    paths, problems = find_inputs(["empty", "in"])
    assert paths == ["in/a.pcap"]
    assert [str(problem) for problem in problems] == [
        "empty: no capture in this folder; name a file, or another folder"]


def test_a_folder_that_cannot_be_read_is_told_and_the_others_go_on(folder, monkeypatch):
    put(folder / "in" / "a.pcap")
    put(folder / "in" / "shut" / "b.pcap")
    listdir = os.listdir

    def refusing(path):
        if path == "in/shut":
            raise PermissionError(13, "Permission denied", path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refusing)
    paths, problems = find_inputs(["in"])
    assert paths == ["in/a.pcap"]
    assert [str(problem) for problem in problems] == ["in/shut: this folder cannot be read (Permission denied)"]
