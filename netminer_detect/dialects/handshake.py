"""Handshake's Stratum: Bitcoin's messages with five roots in place of a coinbase.

    mining.notify [job, prev 64, merkle 64, witness 64, tree 64, reserved 64, version 8, bits 8, time 8, (mask 64)]
        before the main network [job, prev 64, coinb1, coinb2, [branches], tree, filter, reserved 64, the rest, clean]
    mining.submit [user, job, nonce2 8, time 8, nonce 8, (mask 64)]

Work of a share: difficulty times 2^32. Sources: HandyOSS/HandyStratum, Miningcore's Handshake,
HandshakeAlliance/hstratum docs/spec.md, goldshellminer/HS1.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.observations import Side
from netminer_detect.patterns import pattern

_WALLET = pattern(r"(?:hs|ts|rs)1q[0-9a-z]{38,62}")
# The time in seconds and a number.
_JOB = pattern(r"1\d{9}:[0-9a-zA-Z]{1,16}\Z")


def _notify(params: list[Any]) -> JobShape | None:
    roots, rest = params[1:6], params[6:9]
    if len(params) == 12 and isinstance(params[4], list):
        roots, rest = [params[1], *params[5:8]], params[8:11]
    elif len(params) not in (9, 10):
        return None
    sound = all(is_hex(part, 64) for part in roots) and all(is_hex(part, 8) for part in rest)
    return JobShape(text(params[0])) if sound else None


def _share(params: list[Any]) -> bool:
    if not all(is_hex(part, 8) for part in params[2:5]):
        return False
    if len(params) == 6:
        return is_hex(params[5], 64)
    # Without a mask it is Bitcoin's form too: the wallet tells, or the name that HandyStratum gives its jobs.
    return len(params) == 5 and any(
        isinstance(part, str) and form.match(part) is not None
        for part, form in zip(params, (_WALLET, _JOB), strict=False)
    )


class Handshake(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "handshake"
    SHAPE: ClassVar[Shape] = Shape("handshake", _notify, _share, _WALLET, algorithm="handshake")

    @classmethod
    def hint(cls, message: Message) -> Hint | None:
        if message.low_method == "mining.submit" and _share(message.positional):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        return super().hint(message)


DIALECT = Handshake
