"""Siacoin's Stratum: Bitcoin's job without a version, with a time and a nonce of eight bytes.

    mining.notify [job, prev 64, coinb1, coinb2, [branches], "", bits 8, time 16, clean]
    mining.submit [user, job, extranonce2, time 16, nonce 16]
    for NiceHash's sgminer: the merkle root as coinb1, "" as coinb2, no branches
    getwork over Stratum: mining.notify [job, 0x header 160, 0x target], mining.submit [user, job, header]

Work of a share: difficulty times 2^32, or 2^256 / (target + 1). Sources: btccom/btcpool src/sia, siamining's
clients.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import is_0x, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.patterns import pattern
from netminer_detect.work import from_target

_WALLET = pattern(r"[0-9a-f]{76}(?:[./].*)?\Z")


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) == 3 and is_0x(params[1], 160) and is_0x(params[2], range(1, 65)):
        return JobShape(text(params[0]), from_target(params[2]))
    if len(params) != 9 or params[5] != "" or not isinstance(params[4], list):
        return None
    return JobShape(text(params[0])) if is_hex(params[1], 64) and is_hex(params[7], 16) else None


def _share(params: list[Any]) -> bool:
    if len(params) == 3:
        return is_0x(params[2], 160) or is_hex(params[2], 160)
    # A time of eight bytes is nobody else's; the extranonces may be part of the nonce.
    return len(params) == 5 and is_hex(params[3], 16) and is_hex(params[4], range(6, 17))


class Sia(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "sia"
    SHAPE: ClassVar[Shape] = Shape("sia", _notify, _share, _WALLET, algorithm="blake2b-sia")


DIALECT = Sia
