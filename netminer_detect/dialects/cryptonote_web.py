"""Jobs and shares of browser miners of the CryptoNote family, whatever envelope they travel in.

Contract: `is_job` and `is_share` tell them by hex of the right lengths, since other programs speak of jobs, too.
`WebJobs` keeps the work of each job: the difficulty of its target, as in `monero_json_rpc`.
"""

from __future__ import annotations

from collections import OrderedDict
from fractions import Fraction
from typing import Any

from msgspec import Struct, field

from netminer_detect.dialects.dialect import Message, is_hex, text
from netminer_detect.observations import JobAssigned, Observation, ShareSubmitted
from netminer_detect.work import from_cryptonote_target

MAX_JOBS = 512
_BLOB = range(140, 4096)


def is_job(job: Any) -> bool:
    """A block to hash, with its target."""
    if not isinstance(job, dict) or text(job.get("job_id")) is None or not is_hex(job.get("blob"), _BLOB):
        return False
    return is_hex(job.get("target"), 8) or is_hex(job.get("target"), 16)


def is_share(share: Any) -> bool:
    """A nonce and the hash that it gave."""
    return (
        isinstance(share, dict) and "job_id" in share and is_hex(share.get("nonce"), 8)
        and is_hex(share.get("result"), 64)
    )


class _Job(Struct, frozen=True):
    hashes: Fraction | None
    algorithm: str | None


class WebJobs(Struct):
    """The jobs and shares of one connection."""

    _jobs: OrderedDict[str, _Job] = field(default_factory=OrderedDict)
    _shares: int = 0

    def job(self, message: Message, job: dict[str, Any]) -> list[Observation]:
        """A job that `is_job` knows."""
        name, algorithm = text(job["job_id"]), text(job.get("algo"))
        # "cn" with a variant apart names no algorithm by itself; "cn/r" and "rx/0" do.
        known = _Job(from_cryptonote_target(job["target"]), algorithm if algorithm and "/" in algorithm else None)
        if name is not None:
            self._jobs[name] = known
            self._jobs.move_to_end(name)
            if len(self._jobs) > MAX_JOBS:
                self._jobs.popitem(last=False)
        return [JobAssigned(message.evidence("job"), name, known.hashes, known.hashes, known.algorithm)]

    def share(self, message: Message, share: dict[str, Any], login: str | None, acknowledged: bool) -> ShareSubmitted:
        """A share that `is_share` knows; its `key` counts."""
        self._shares += 1
        name = text(share["job_id"])
        job = self._jobs.get(name) if name is not None else None
        hashes, algorithm = (job.hashes, job.algorithm) if job is not None else (None, None)
        return ShareSubmitted(message.evidence("share"), self._shares, login, name, hashes, algorithm,
                              acknowledged=acknowledged)
