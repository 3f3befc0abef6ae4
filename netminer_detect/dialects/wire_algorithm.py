"""Tells the algorithm and coin of jobs in Bitcoin's form, which name neither, where something on the wire does.

Contract: a `WireAlgorithm` is told what one flow says, and answers with `algorithm` and `coin`, each None as long as
it is not certain, and `basis`, what the coin rests on. `hashes(difficulty)` is the work of a share, None where the
algorithm is not known: difficulty 1 is 2^32 hashes of SHA-256d and of X11, but 2^16 of scrypt, and pools disagree
about the others (dialects reference 4.2).

What is certain: a network difficulty that only one chain, or only chains of one algorithm, have; hardware that
computes nothing else; the algorithm by name (bfgminer's goals). A wallet names the coin only together with a
difficulty that its network can have and where the password asks for no payout in another coin: pools of many coins
take any wallet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from netminer_detect.dialects.bitcoin import difficulty_of, is_bitcoin
from netminer_detect.patterns import pattern
from netminer_detect.work import DIFFICULTY_1

# Network difficulties are 1e8 (Litecoin) to 4e8 (Dash) at most for other algorithms with jobs of this form.
SHA256D_FLOOR = 10**10
# Below this a chain is small, and there are many of them.
COIN_FLOOR = 10**6
# What the networks of wallets had since 2018, by algorithm.
_NETWORKS = {"sha256d": (10**11, 3 * 10**12)}
_DIVISORS = {"sha256d": 1, "x11": 1, "scrypt": 1 << 16, "ghostrider": 1 << 16}
_NAMES = {"sha256d": "sha256d", "sha256": "sha256d", "scrypt": "scrypt", "x11": "x11"}
# ESP32 and BM13xx boards, and firmware of machines that are built for SHA-256 alone.
_HARDWARE = pattern(r"(?:bitaxe|nerd(?:miner|q?axe)|bosminer|whatsminer)", re.IGNORECASE)
_BASE58 = "[1-9A-HJ-NP-Za-km-z]"
# M… of Litecoin are also Myriad's, D… of Dogecoin DigiByte's: neither tells.
_WALLETS = (
    (pattern(rf"(?:ltc1[02-9ac-hj-np-z]{{39,59}}|L{_BASE58}{{26,33}})(?:[./].*)?\Z"), "LTC", "scrypt"),
    (pattern(rf"X{_BASE58}{{33}}(?:[./].*)?\Z"), "DASH", "x11"),
    (pattern(r"bitcoincash:[qp][02-9ac-hj-np-z]{41}(?:[./].*)?\Z"), "BCH", "sha256d"),
)
_PAYOUT = pattern(r"(?:^|[,;& ])m?c=", re.IGNORECASE)


class WireAlgorithm:
    """See the module's contract."""

    def __init__(self) -> None:
        self._difficulty: float | None = None
        self._bitcoin = False
        self._named: str | None = None
        self._wallets: set[tuple[str, str] | None] = set()

    def job(self, bits: object, time: object) -> None:
        """A job with this compact target and time, as hex of four bytes."""
        self._difficulty = difficulty_of(bits) if isinstance(bits, str) else None
        self._bitcoin = is_bitcoin(bits, time)

    def agent(self, agent: object) -> None:
        """The miner's program."""
        if isinstance(agent, str) and _HARDWARE.match(agent):
            self._named = "sha256d"

    def login(self, login: object, password: object) -> None:
        """A worker's login."""
        if not isinstance(login, str) or len(login) > 512:
            return
        elsewhere = isinstance(password, str) and _PAYOUT.search(password) is not None
        coins = [(coin, algorithm) for wallet, coin, algorithm in _WALLETS if wallet.match(login) and not elsewhere]
        self._wallets.add(coins[0] if coins else None)

    def agreed(self, algorithm: str) -> None:
        """Miner and pool named the algorithm before Stratum began (XMRig's EthStratumClient counts GhostRider so)."""
        if algorithm in _DIVISORS:
            self._named = algorithm

    def goal(self, params: list[Any]) -> None:
        """bfgminer's set_goal: a name, and what is to be computed."""
        options = params[1] if len(params) > 1 and isinstance(params[1], Mapping) else {}
        self._named = _NAMES.get(str(options.get("malgo")).lower(), self._named)

    @property
    def algorithm(self) -> str | None:
        if self._bitcoin or (self._difficulty is not None and self._difficulty >= SHA256D_FLOOR):
            return "sha256d"
        wallet = self._wallet
        return self._named or (wallet[1] if wallet is not None else None)

    @property
    def coin(self) -> str | None:
        if self._bitcoin:
            return "BTC"
        wallet = self._wallet
        return wallet[0] if wallet is not None and wallet[1] == self.algorithm else None

    @property
    def basis(self) -> tuple[str, ...]:
        return ("job",) if self._bitcoin else ("address", "job")

    @property
    def _wallet(self) -> tuple[str, str] | None:
        """(coin, algorithm) of the only wallet, where the job is that of such a network."""
        wallet = next(iter(self._wallets)) if len(self._wallets) == 1 else None
        if self._difficulty is None or wallet is None:
            return None
        low, high = _NETWORKS.get(wallet[1], (COIN_FLOOR, SHA256D_FLOOR))
        return wallet if low <= self._difficulty < high else None

    def hashes(self, difficulty: Fraction) -> Fraction | None:
        """The work of a share at a difficulty."""
        algorithm = self.algorithm
        return None if algorithm is None else difficulty * DIFFICULTY_1 / _DIVISORS[algorithm]
