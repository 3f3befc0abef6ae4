"""Tasks side by side: results in order, no task lost, whatever happens to a worker."""

import os
import signal
import subprocess
import sys
import time

import pytest

from netminer_detect.parallel import run_tasks

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def ignore(kind, value):
    pass


def results(work, count, jobs, note=ignore):
    """What each task gave, in the order in which it was handed out."""
    taken = []
    run_tasks(work, count, jobs, note, lambda number, result: taken.append((number, result)))
    assert [number for number, _ in taken] == list(range(count))
    return [result for _, result in taken]


@pytest.mark.parametrize("jobs", [1, 2, 9])
def test_results_stand_in_the_order_of_the_tasks(jobs):
    def work(number, note):
        time.sleep((3 - number % 4) / 100)
        return number * number
    assert results(work, 8, jobs) == [number * number for number in range(8)]
    assert results(work, 0, jobs) == []


@pytest.mark.parametrize("jobs", [1, 3])
def test_what_tasks_tell_is_heard(jobs):
    heard = []

    def work(number, note):
        note("opened", f"file {number}")

    results(work, 4, jobs, lambda kind, value: heard.append((kind, value)))
    assert sorted(heard) == [("opened", f"file {number}") for number in range(4)]


def test_a_worker_that_dies_is_replaced_once(tmp_path):
    def work(number, note):
        if number == 1 and not (tmp_path / "died").exists():
            (tmp_path / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 2:
            os._exit(1)
        return number
    lost = []
    assert results(work, 5, 2, lambda kind, value: lost.append((kind, value))) == [0, 1, None, 3, 4]
    assert lost == [("lost", 2)]


def test_a_worker_that_raises_loses_its_task_alone(capfd):
    def work(number, note):
        if number == 1:
            raise RuntimeError("no such thing")
        return number
    assert results(work, 3, 2) == [0, None, 2]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_standard_input_is_read_beside_files(jobs):
    samples = os.path.join(ROOT, "pcaps")
    with open(os.path.join(samples, "stratum-v1.pcap"), "rb") as given:
        done = subprocess.run(
            [sys.executable, "-m", "netminer_detect", "scan", "-", os.path.join(samples, "eth-proxy.pcap"), "--format",
             "jsonl", "--jobs", jobs], stdin=given, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (1, "")
    assert '"dialect":"stratum-v1"' in done.stdout and '"dialect":"eth-proxy"' in done.stdout


def test_closed_standard_input_hinders_nothing():
    program = ("import os, sys; os.close(0); from netminer_detect.parallel import run_tasks\n"
               "taken = []\n"
               "run_tasks(lambda number, note: number, 2, 2, lambda *told: None, lambda *each: taken.append(each))\n"
               "print([result for _, result in taken])")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "[0, 1]\n"


def test_an_interrupt_at_a_worker_s_birth_leaves_no_traceback():
    code = ("import os, signal\n"
            "from netminer_detect.parallel import run_tasks\n"
            "os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGINT))\n"
            "took, told = [], []\n"
            "run_tasks(lambda number, note: number, 2, 2,\n"
            "          lambda *what: told.append(what), lambda *what: took.append(what))\n"
            "print(sorted(took), sorted(told))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[(0, None), (1, None)] [('lost', 0), ('lost', 1)]\n", "")
