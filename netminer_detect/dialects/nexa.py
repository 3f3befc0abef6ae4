"""Nexa's Stratum.

    mining.notify [job, commitment 64, height (integer), bits 8]
    mining.submit [user, job, …]

Work of a share: difficulty times 2^32. Source: Miningcore's Nexa.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.patterns import pattern

_WALLET = pattern(r"nexa:[0-9a-z]{40,100}")


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) != 4 or not isinstance(params[2], int) or isinstance(params[2], bool):
        return None
    return JobShape(text(params[0])) if is_hex(params[1], 64) and is_hex(params[3], 8) else None


def _share(params: list[Any]) -> bool:
    return isinstance(params[0], str) and _WALLET.match(params[0]) is not None


class Nexa(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "nexa"
    SHAPE: ClassVar[Shape] = Shape("nexa", _notify, _share, _WALLET, algorithm="nexapow")


DIALECT = Nexa
