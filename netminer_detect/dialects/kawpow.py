"""KawPow and its kin of ProgPow (Ravencoin and others) on a Stratum wire.

    mining.set_target [64 hex]
    mining.notify [job, header 64, seed 64, target 64 or "", clean, height (integer) (, bits 8)]
    mining.submit [user, job, 0x nonce 16, 0x header 64, 0x mix 64]

Work of a share: 2^256 / (target + 1) of its job, or of the target set before where the job has none. The kin say the
same and hash otherwise: the wallet tells, or the algorithm that MoneroOcean names beside the params; elsewhere it is
not known. Sources: xmrig src/base/net/stratum/EthStratumClient.cpp, nicehash/Specifications KawPow_NiceHash_v1.0.txt,
RavenCommunity/kawpowminer.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Hint, Message, is_0x, is_hex, text
from netminer_detect.dialects.stratum import JobShape, Kin, Shape
from netminer_detect.dialects.wallets import is_evm
from netminer_detect.observations import Observation
from netminer_detect.patterns import pattern
from netminer_detect.work import from_target

# First letter of the wallet -> algorithm: Ravencoin, Neurai, Clore and AIPG; Firo; Evrmore; Meowcoin.
_WALLETS = {"R": "kawpow", "N": "kawpow", "A": "kawpow", "a": "firopow", "E": "evrprogpow", "M": "meowpow"}
_ANY_WALLET = pattern(r"([RNAaEM])[1-9A-HJ-NP-Za-km-z]{33}(?:[./].*)?\Z")
# The form that is proof together with the shares'.
_WALLET = pattern(r"R[1-9A-HJ-NP-Za-km-z]{33}(?:[./].*)?\Z")
_NAMES = frozenset({"kawpow", "firopow", "evrprogpow", "meowpow"})


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) not in (6, 7) or not all(is_hex(part, 64) for part in params[1:3]):
        return None
    if not isinstance(params[4], bool) or not isinstance(params[5], int) or (params[6:] and not is_hex(params[6], 8)):
        return None
    if params[3] == "":
        return JobShape(text(params[0]))
    return JobShape(text(params[0]), from_target(params[3])) if is_hex(params[3], 64) else None


def _share(params: list[Any]) -> bool:
    return len(params) == 5 and is_0x(params[2], 16) and is_0x(params[3], 64) and is_0x(params[4], 64)


class Kawpow(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "kawpow"
    SHAPE: ClassVar[Shape] = Shape("kawpow", _notify, _share, _WALLET, default=None)

    @classmethod
    def hint(cls, message: Message) -> Hint | None:
        """A wallet alone tells nothing: Verus, Komodo and Raptoreum have addresses of the same form. Ethereum's shares
        have the same form: its wallets do not."""
        low, params = message.low_method, message.positional
        if low == "mining.authorize":
            return None
        if low == "mining.submit" and (not _share(params) or is_evm(params[0])):
            return None
        return super().hint(message)

    def _authorize(self, message: Message) -> list[Observation]:
        self._note_wallet(message)
        return super()._authorize(message)

    def _submit(self, message: Message) -> list[Observation]:
        self._note_wallet(message)
        return super()._submit(message)

    def _notify(self, message: Message) -> list[Observation] | None:
        named = message.body.get("algo")
        if isinstance(named, str) and named in _NAMES and _notify(message.positional) is not None:
            self._name_algorithm(named)
        return super()._notify(message)

    def _note_wallet(self, message: Message) -> None:
        params = message.positional
        wallet = _ANY_WALLET.match(params[0]) if params and isinstance(params[0], str) else None
        if wallet is not None and self.shape.algorithm is None:
            self._name_algorithm(_WALLETS[wallet[1]])


DIALECT = Kawpow
