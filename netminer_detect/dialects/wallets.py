"""Forms of wallets that more than one dialect must know.

Contract: `is_zano(login)` says whether a login begins with an address of Zano: Zx and 95 characters of base 58, an
integrated one iZ and 106; `is_evm(login)` whether with one of Ethereum's kin: 0x and 40 hex digits. A worker may follow
behind a dot.
"""

from __future__ import annotations

from netminer_detect.patterns import pattern

_ZANO = pattern(r"(?:Zx[1-9A-HJ-NP-Za-km-z]{95}|iZ[1-9A-HJ-NP-Za-km-z]{106})(?:[./#].*)?\Z")
_EVM = pattern(r"0[xX][0-9a-fA-F]{40}(?:[./].*)?\Z")


def is_zano(login: object) -> bool:
    """See the module's contract."""
    return isinstance(login, str) and _ZANO.match(login) is not None


def is_evm(login: object) -> bool:
    """See the module's contract."""
    return isinstance(login, str) and _EVM.match(login) is not None
