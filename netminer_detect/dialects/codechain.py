"""CodeChain's Stratum (the chain is dead): a job is a hash and a score, a share the hash and its seal.

    mining.notify [0x pow hash 64, 0x score]
    mining.submit [0x pow hash 64, [0x seal, …]]

What a score means depends on the chain's engine, so shares are counted and their work is not. Source: the notes of
CodeChain's Stratum, which follows Parity's.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Message, is_0x, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.observations import Observation


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) != 2 or not is_0x(params[0], 64) or not is_0x(params[1], range(1, 65)):
        return None
    return JobShape(text(params[0]))


def _share(params: list[Any]) -> bool:
    if len(params) != 2 or not is_0x(params[0], 64) or not isinstance(params[1], list):
        return False
    return bool(params[1]) and all(is_0x(seal, range(2, 2049)) for seal in params[1][:16])


class CodeChain(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "codechain"
    SHAPE: ClassVar[Shape] = Shape("codechain", _notify, _share, default=None)

    def _submit(self, message: Message) -> list[Observation]:
        params = message.positional
        return self._share(message, None, text(params[0]) if params else None)


DIALECT = CodeChain
