"""Runs tasks side by side in processes of their own, and loses none of them.

Contract: `run_tasks(work, count, jobs, note, take)` calls `work(number, note)` for 0 … count-1 in up to `jobs` forked
processes and hands each result to `take(number, result)`, in that order, as soon as its turn comes; at most MOST_AHEAD
results a job wait for theirs. What `work` tells through `note(kind, value)` reaches the caller's `note` as it happens.
A worker that dies (killed, out of memory) costs its task one retry; a task that kills two workers is told as `lost`
(its number) and gives None. Where the system cannot fork, or for one job, everything runs in this process.
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

from netminer_detect.interrupts import Interrupts

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

Result = TypeVar("Result")
Note = Callable[[str, Any], None]
Work = Callable[[int, Note], Result]
Take = Callable[[int, Result | None], None]
MOST_AHEAD = 4
_TRIES = 2


def run_tasks(work: Work[Result], count: int, jobs: int, note: Note, take: Take[Result]) -> None:
    """See the module's contract."""
    if min(jobs, count) < 2 or not hasattr(os, "fork"):
        _run_here(work, count, note, take)
    else:
        _Crew(work, count, min(jobs, count), note, take).run()


def _run_here(work: Work[Result], count: int, note: Note, take: Take[Result]) -> None:
    stop = False

    def noting(kind: str, value: Any) -> None:
        nonlocal stop
        stop = stop or kind == "interrupted"
        note(kind, value)

    with Interrupts() as between:
        for number in range(count):
            result = None
            if not stop:
                try:
                    result = work(number, noting)
                except KeyboardInterrupt:
                    noting("interrupted", None)
            take(number, result)
            # What was found must not be lost where Ctrl-C comes while it is put together.
            if between.pending and not stop:
                noting("interrupted", None)


class _Crew:
    """The workers of one run."""

    def __init__(self, work: Work[Any], count: int, jobs: int, note: Note, take: Take[Any]) -> None:
        # Not needed for one job, and slower to import than all that a small scan does.
        import multiprocessing.connection

        self._wait = multiprocessing.connection.wait
        self._work = work
        self._jobs = jobs
        self._note = note
        self._take = take
        self._count = count
        self._waiting = deque(range(count))
        self._tries = [0] * count
        self._ended: dict[int, Any] = {}
        self._taken = 0
        self._context = multiprocessing.get_context("fork")
        self._workers: dict[Connection, tuple[ForkProcess, int]] = {}
        self._stop = False

    def run(self) -> None:
        """See the module's contract."""
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
        while self._taken < self._count:
            self._take(self._taken, self._ended.pop(self._taken, None))
            self._taken += 1

    def _interrupt(self) -> None:
        """Begin nothing more; ask the workers to finish with what they have."""
        self._stop = True
        self._waiting.clear()
        self._note("interrupted", None)
        for process, _ in self._workers.values():
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, signal.SIGINT)

    def _step(self) -> None:
        while len(self._workers) < self._jobs and self._waiting and self._may_begin():
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

    def _may_begin(self) -> bool:
        """Whether the next task is not too far ahead of the first that has not ended."""
        return self._waiting[0] < self._taken + MOST_AHEAD * self._jobs

    def _begin(self, number: int) -> None:
        self._tries[number] += 1
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_serve, args=(self._work, number, theirs), daemon=True)
        # Ctrl-C waits until the worker is known here, and there until it can be caught.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
            theirs.close()
            self._workers[ours] = (process, number)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _end(self, connection: Connection, result: Any) -> None:
        process, number = self._workers.pop(connection)
        connection.close()
        process.join()
        self._finish(number, result)

    def _finish(self, number: int, result: Any) -> None:
        """A task is over: hand out what has its turn now."""
        self._ended[number] = result
        while self._taken in self._ended:
            self._take(self._taken, self._ended.pop(self._taken))
            self._taken += 1

    def _lost(self, connection: Connection) -> None:
        process, number = self._workers.pop(connection)
        connection.close()
        process.join()
        if self._stop:
            return
        if self._tries[number] < _TRIES:
            self._waiting.appendleft(number)
        else:
            self._note("lost", number)
            self._finish(number, None)


def _serve(work: Work[Any], number: int, connection: Connection) -> None:
    """The life of a worker: one task."""
    def note(kind: str, value: Any) -> None:
        connection.send((kind, value))

    os.setpgid(0, 0)
    with contextlib.suppress(OSError):
        # The library gives workers an empty standard input; the one they inherited is still open, if it ever was.
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        result = work(number, note)
    except KeyboardInterrupt:
        os._exit(130)
    connection.send(("result", result))
    connection.close()
