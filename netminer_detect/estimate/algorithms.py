"""Names the algorithm of work by its coin, where the dialect leaves it open.

Contract: `algorithm_of(coin, dialect)` gives the algorithm, None where coin and dialect do not settle it together.
Ethereum's dialects carry Ethash and ProgPow alike and name neither; chains of Ethash share hardware and watts, so they
share one name ("ethash-family").
"""

from __future__ import annotations

_ETHASH_COINS = frozenset({"ETH", "ETC", "ETHW", "ETHF", "OCTA", "EXP", "UBQ", "CLO", "MUSIC"})
_ETHASH_DIALECTS = frozenset({"eth-proxy", "eth-stratum", "ethereumstratum-1", "eth-getwork-http"})


def algorithm_of(coin: str | None, dialect: str | None) -> str | None:
    """See the module's contract."""
    return "ethash-family" if coin in _ETHASH_COINS and dialect in _ETHASH_DIALECTS else None
