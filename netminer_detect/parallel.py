"""Runs tasks side by side in processes of their own, and loses none of them.

Contract: `run_tasks(work, count, jobs, note)` calls `work(number, note)` for 0 … count-1 in up to `jobs` forked
processes and gives the results in that order. What `work` tells through `note(kind, value)` reaches the
caller's `note` as it happens. A worker that dies (killed, out of memory) costs its task one retry; a task that
kills two workers gives None. Where the system cannot fork, or for one job, everything runs in this process.
Workers stand in process groups of their own, so that Ctrl-C reaches this process alone, which then asks each
worker once to finish with what it has; what they still give is collected, tasks not yet begun give None. Standard
input is the workers' as well.

The pools of the standard library are not used: a killed worker hangs multiprocessing.Pool and breaks all other
tasks of a ProcessPoolExecutor.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

Result = TypeVar("Result")
Note = Callable[[str, Any], None]
Work = Callable[[int, Note], Result]
_TRIES = 2


def run_tasks(work: Work[Result], count: int, jobs: int, note: Note) -> list[Result | None]:
    """See the module's contract."""
    if min(jobs, count) < 2 or not hasattr(os, "fork"):
        return _run_here(work, count, note)
    return _Crew(work, count, min(jobs, count), note).run()


def _run_here(work: Work[Result], count: int, note: Note) -> list[Result | None]:
    results: list[Result | None] = [None] * count
    stop = False

    def noting(kind: str, value: Any) -> None:
        nonlocal stop
        stop = stop or kind == "interrupted"
        note(kind, value)

    for number in range(count):
        if stop:
            break
        try:
            results[number] = work(number, noting)
        except KeyboardInterrupt:
            noting("interrupted", None)
    return results


class _Crew:
    """The workers of one run."""

    def __init__(self, work: Work[Any], count: int, jobs: int, note: Note) -> None:
        # Not needed for one job, and slower to import than all that a small scan does.
        import multiprocessing.connection

        self._wait = multiprocessing.connection.wait
        self._work = work
        self._jobs = jobs
        self._note = note
        self._waiting = deque(range(count))
        self._tries = [0] * count
        self._results: list[Any] = [None] * count
        self._context = multiprocessing.get_context("fork")
        self._workers: dict[Connection, tuple[ForkProcess, int]] = {}
        self._stop = False

    def run(self) -> list[Any]:
        try:
            while self._waiting or self._workers:
                try:
                    self._step()
                except KeyboardInterrupt:
                    if self._stop:
                        raise
                    self._interrupt()
        finally:
            for process, _ in self._workers.values():
                process.kill()
        return self._results

    def _interrupt(self) -> None:
        """Begin nothing more; ask the workers to finish with what they have."""
        self._stop = True
        self._waiting.clear()
        self._note("interrupted", None)
        for process, _ in self._workers.values():
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, signal.SIGINT)

    def _step(self) -> None:
        while len(self._workers) < self._jobs and self._waiting:
            self._begin(self._waiting.popleft())
        for ready in cast("list[Connection]", self._wait(list(self._workers))):
            try:
                kind, value = ready.recv()
            except (EOFError, OSError):
                self._lost(ready)
                continue
            if kind == "result":
                self._end(ready, value)
            else:
                self._note(kind, value)

    def _begin(self, number: int) -> None:
        self._tries[number] += 1
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_serve, args=(self._work, number, theirs), daemon=True)
        process.start()
        theirs.close()
        self._workers[ours] = (process, number)

    def _end(self, connection: Connection, result: Any) -> None:
        process, number = self._workers.pop(connection)
        self._results[number] = result
        connection.close()
        process.join()

    def _lost(self, connection: Connection) -> None:
        process, number = self._workers.pop(connection)
        connection.close()
        process.join()
        if not self._stop and self._tries[number] < _TRIES:
            self._waiting.appendleft(number)
        else:
            self._note("lost", number)


def _serve(work: Work[Any], number: int, connection: Connection) -> None:
    """The life of a worker: one task."""
    def note(kind: str, value: Any) -> None:
        connection.send((kind, value))

    os.setpgid(0, 0)
    with contextlib.suppress(OSError):
        # The library gives workers an empty standard input; the one they inherited is still open, if it ever was.
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    try:
        result = work(number, note)
    except KeyboardInterrupt:
        os._exit(130)
    connection.send(("result", result))
    connection.close()
