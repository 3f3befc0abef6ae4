"""Kaspa's Stratum and its forks': jobs are four 64-bit words, or 80 hex digits for ASICs.

    mining.subscribe [agent, "EthereumStratum/1.0.0"] -> [true, version]
    set_extranonce [extranonce, size], with the subscription's id or none
    mining.notify [job, [u64, u64, u64, u64], time in ms] or [job, 80 hex (, …)]
    mining.submit [user, job, 0x nonce]

Work of a share: difficulty times 2^32. Words exceed 2^53: integers here. Sources:
onemorebsmith/kaspa-stratum-bridge, Miningcore's Kaspa, nicehash/Specifications KHeavyHash_NiceHash_v1.0.txt.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from netminer_detect.dialects.dialect import is_0x, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape

_WALLET = re.compile(r"kaspa(?:test)?:[0-9a-z]{50,70}")


def _notify(params: list[Any]) -> JobShape | None:
    if not 2 <= len(params) <= 4:
        return None
    work = params[1]
    words = isinstance(work, list) and len(work) == 4 and all(
        isinstance(word, int) and not isinstance(word, bool) and 0 <= word < 1 << 64 for word in work)
    return JobShape(text(params[0])) if words or is_hex(work, 80) else None


def _share(params: list[Any]) -> bool:
    return len(params) == 3 and text(params[1]) is not None and is_0x(params[2], range(6, 17))


class Kaspa(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "kaspa"
    SHAPE: ClassVar[Shape] = Shape("kaspa", _notify, _share, _WALLET, algorithm="kheavyhash")


DIALECT = Kaspa
