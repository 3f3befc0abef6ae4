"""Kaspa's Stratum and its forks': jobs are four 64-bit words, or 80 hex digits for ASICs.

    mining.subscribe [agent, "EthereumStratum/1.0.0"] -> [true, version], or [null, extranonce, size]
    set_extranonce [extranonce, size], with the subscription's id or none
    mining.notify [job, [u64, u64, u64, u64], time in ms] or [job, 80 hex (, …)]
    mining.submit [user, job, (0x) nonce, of Bitmain's machines in decimal]

Work of a share: difficulty times 2^32. Words exceed 2^53: integers here. The forks hash in ways of their own, told by
the wallet's prefix; where only an account is named, the algorithm is not known, nor is the work of Spectre's shares,
which pools scale differently. Sources: onemorebsmith/kaspa-stratum-bridge, Miningcore's Kaspa,
nicehash/Specifications KHeavyHash_NiceHash_v1.0.txt.
"""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec.structs import replace

from netminer_detect.dialects.dialect import Message, is_0x, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.observations import Observation, ShareSubmitted
from netminer_detect.patterns import pattern

# Prefix of the wallet -> algorithm, None where it is not certain.
FORKS = {
    "kaspa": "kheavyhash", "karlsen": "karlsenhash", "pyrin": "pyrinhash", "hoosat": "hoohash",
    "spectre": "astrobwt-spectre", "nautilus": None, "bugna": None, "sedra": None, "kaspaclassic": None,
}  # fmt: skip
_UNSCALED = frozenset({"spectre"})
_WALLET = pattern(rf"({'|'.join(FORKS)})(?:test|dev)?:[qp][0-9a-z]{{50,70}}(?:[./].*)?\Z")


def _notify(params: list[Any]) -> JobShape | None:
    if not 2 <= len(params) <= 4:
        return None
    work = params[1]
    words = isinstance(work, list) and len(work) == 4 and all(
        isinstance(word, int) and not isinstance(word, bool) and 0 <= word < 1 << 64 for word in work)
    return JobShape(text(params[0])) if words or is_hex(work, 80) else None


def _share(params: list[Any]) -> bool:
    if len(params) != 3 or text(params[1]) is None:
        return False
    return is_0x(params[2], range(4, 17)) or is_hex(params[2], range(4, 17)) or _is_decimal(params[2])


def _is_decimal(nonce: object) -> bool:
    """Whether a nonce is 64 bits in decimal, and too long to be hex."""
    return isinstance(nonce, str) and is_hex(nonce, range(17, 21)) and nonce.isdigit() and int(nonce) < 1 << 64


class Kaspa(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "kaspa"
    SHAPE: ClassVar[Shape] = Shape("kaspa", _notify, _share, _WALLET)

    def __init__(self) -> None:
        super().__init__()
        self._scaled = True

    def _authorize(self, message: Message) -> list[Observation]:
        self._note_fork(message)
        return super()._authorize(message)

    def _submit(self, message: Message) -> list[Observation]:
        self._note_fork(message)
        found = super()._submit(message)
        if self._scaled:
            return found
        return [replace(share, hashes=None) if isinstance(share, ShareSubmitted) else share for share in found]

    def _note_fork(self, message: Message) -> None:
        params = message.positional
        fork = _WALLET.match(params[0]) if params and isinstance(params[0], str) else None
        if fork is None:
            return
        self._scaled = fork[1] not in _UNSCALED
        algorithm = FORKS[fork[1]]
        if algorithm is not None:
            self._name_algorithm(algorithm)


DIALECT = Kaspa
