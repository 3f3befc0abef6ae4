"""Kadena's Stratum: the job is a whole header of 286 bytes; a new one comes every second or so.

    mining.set_target [64 hex big-endian]
    mining.notify [job, header 572, clean]
    mining.submit [user, job, nonce2]

Work of a share: 2^256 / (target + 1). Source: kadena-io/chainweb-mining-client src/Worker/POW/Stratum.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.patterns import pattern

_WALLET = pattern(r"k:[0-9a-f]{64}(?:[./].*)?\Z")


def _notify(params: list[Any]) -> JobShape | None:
    sound = len(params) == 3 and is_hex(params[1], 572) and isinstance(params[2], bool)
    return JobShape(text(params[0])) if sound else None


def _share(params: list[Any]) -> bool:
    return (
        len(params) == 3
        and is_hex(params[2], range(4, 17))
        and isinstance(params[0], str)
        and _WALLET.match(params[0]) is not None
    )


class Kadena(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "kadena"
    SHAPE: ClassVar[Shape] = Shape("kadena", _notify, _share, _WALLET, default=None, algorithm="blake2s-kda")


DIALECT = Kadena
