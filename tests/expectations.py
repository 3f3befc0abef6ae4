"""Compares what a scan found in a dialogue with what its index expects: every fact, or none but true ones."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from netminer_detect.findings import Finding, Level, Report, Role, Verdict, Work, Worker

# The index's own bound for work.
_EXACTNESS = Fraction(1, 10_000)


def mining(report: Report) -> list[Finding]:
    """The findings that say that somebody mines, or may."""
    return [finding for finding in report.findings if finding.verdict is not Verdict.NOT_MINING]


def mistakes(report: Report, expected: dict[str, Any]) -> list[str]:
    """What a full reading lacks or has wrong."""
    found = mining(report)
    if len(found) != 1:
        return [f"{len(found)} findings instead of one"]
    finding = found[0]
    managed = expected.get("role") == "management"
    wrong = _differences("role", finding.role, Role.MANAGED if managed else Role.MINER)
    if managed:
        wrong += _differences("level", finding.level, Level.DEVICE)
        wrong += _differences("agent", [worker.agent for worker in finding.workers], [expected["agent"]])
    wrong += _differences("dialect", finding.dialect, expected["dialect"])
    if "user" in expected:
        wrong += _login_mistakes(finding, expected)
    if expected["accepted"]:
        wrong += _differences("level", finding.level, Level.SHARES)
        wrong += _differences("verdict", finding.verdict, Verdict.CONFIRMED)
    for count in ("accepted", "rejected", "unanswered"):
        if expected.get(count) is not None:
            wrong += _differences(count, getattr(finding.shares, count), expected[count])
    if expected["hashes"]:
        amount = _amount(finding.work, expected.get("unit", "hash"))
        if amount is None or abs(amount - expected["hashes"]) > expected["hashes"] * _EXACTNESS:
            wrong.append(f"work is {amount}, not {expected['hashes']}")
    wrong += _worker_mistakes(finding, expected.get("by_worker", {}))
    if "points" in expected and _amount(finding.work, "point") != expected["points"]:
        wrong.append(f"work is {finding.work}, not {expected['points']} points")
    return wrong + untruths(report, expected)


def untruths(report: Report, expected: dict[str, Any]) -> list[str]:
    """What a reading asserts that is not so; what it does not tell is no untruth."""
    wrong: list[str] = []
    for finding in mining(report):
        # A capture that ends before the dialect turned tells the one before.
        if finding.dialect != expected.get("dialect_before"):
            wrong += _unless_told("dialect", [finding.dialect], expected["dialect"])
        wrong += _unless_told("coin", [finding.coin], expected["coin"])
        if expected["algo"] is not None:
            wrong += _unless_told("algorithm", finding.algorithms, expected["algo"])
        wrong += _worker_untruths(finding.workers, expected)
        wrong += _count_untruths(finding, expected)
        amount = _amount(finding.work, expected.get("unit", "hash"))
        if expected["hashes"] is None and amount is not None:
            wrong.append(f"work is {amount}, which the wire does not tell")
        if expected["hashes"] and amount is not None and amount > expected["hashes"] * (1 + _EXACTNESS):
            wrong.append(f"work is {amount}, more than {expected['hashes']}")
    return wrong


def _login_mistakes(finding: Finding, expected: dict[str, Any]) -> list[str]:
    if expected["user"] is None:
        return []
    for worker in finding.workers:
        if (worker.user, worker.worker) == (expected["user"], expected["worker"]):
            agent = _differences("agent", worker.agent, expected["agent"])
            return agent + _differences("password", worker.password or "", expected["password"] or "")
    logins = [(worker.user, worker.worker) for worker in finding.workers]
    return [f"nobody logged in as {(expected['user'], expected['worker'])}, but {logins}"]


def _worker_mistakes(finding: Finding, expected: dict[str, tuple[int, int, int]]) -> list[str]:
    """`expected`: accepted and rejected shares and work of each worker."""
    wrong: list[str] = []
    told = {worker.worker: worker for worker in finding.workers}
    for name, (accepted, rejected, hashes) in expected.items():
        shares, amount = told[name].shares, _amount(told[name].work, "hash") or 0
        wrong += _differences(f"shares of {name}", (shares.accepted, shares.rejected), (accepted, rejected))
        if abs(amount - hashes) > hashes * _EXACTNESS:
            wrong.append(f"work of {name} is {amount}, not {hashes}")
    return wrong


def _worker_untruths(workers: list[Worker], expected: dict[str, Any]) -> list[str]:
    wrong: list[str] = []
    for field in ("user", "worker", "agent", "password"):
        values = [getattr(worker, field) for worker in workers]
        if field in expected:
            # Machines behind an agent have names and programs of their own.
            told = [expected[field], *expected.get(f"sub_{field}s", [])]
            wrong += [f"{field} is {v!r}, not {told}" for v in values if v and v not in told]
    return wrong


def _count_untruths(finding: Finding, expected: dict[str, Any]) -> list[str]:
    accepted, rejected = expected["accepted"], expected["rejected"]
    if accepted is None:
        return []
    most = {
        "accepted": accepted,
        "rejected": rejected,
        "submitted": accepted + rejected + expected["unanswered"],
    }
    return [
        f"{name} is {getattr(finding.shares, name)}, more than {limit}"
        for name, limit in most.items()
        if getattr(finding.shares, name) > limit
    ]


def _unless_told(field: str, values: Iterable[str | None], truth: str | None) -> list[str]:
    return [f"{field} is {value!r}, not {truth!r}" for value in values if value is not None and value != truth]


def _differences(field: str, value: object, truth: object) -> list[str]:
    return [] if value == truth else [f"{field} is {value!r}, not {truth!r}"]


def _amount(work: list[Work], unit: str) -> Fraction | None:
    amounts = [done.amount for done in work if done.unit == unit]
    return sum(amounts, Fraction(0)) if amounts else None
