"""Tells the coin from what the wire shows: the wallet's form together with the dialect, or a hint of the job.

Contract: `coin_of(ledger)` gives (coin, basis) or (None, []). `is_mined(coin, time_ns)` says whether a coin that a
server is known for could still be mined then. One hint alone names no coin: an EVM address fits
a dozen chains, and NiceHash's users have Bitcoin addresses whatever they hash. Sources: dialects reference 4.3;
the address forms are those of the coins' own software.
"""

from __future__ import annotations

import re

from msgspec import Struct

from netminer_detect.detect.ledger import Ledger
from netminer_detect.patterns import pattern

_BASE58 = "[1-9A-HJ-NP-Za-km-z]"


class _Form(Struct, frozen=True):
    """A wallet's form, the dialects in which it is proof together with them, and the coin. `algorithm`: where coins
    that hash otherwise have such wallets, too, and speak the same dialect."""

    coin: str
    pattern: re.Pattern[str]
    dialects: frozenset[str]
    algorithm: str | None = None

    def fits(self, login: str, ledger: Ledger) -> bool:
        """Whether a login of a session is such a wallet, and proof."""
        if ledger.dialect not in self.dialects or (self.algorithm and list(ledger.algorithms) != [self.algorithm]):
            return False
        return self.pattern.match(login) is not None


def _form(coin: str, text: str, *dialects: str, algorithm: str | None = None) -> _Form:
    return _Form(coin, pattern(text), frozenset(dialects), algorithm)


# Ethereum's last block with proof of work, 15537393: 2022-09-15 06:42:42 UTC. Servers kept their names.
_LAST_MINED_NS = {"ETH": 1_663_224_162 * 1_000_000_000}
_FORMS = (
    # On hardware that hashes nothing else: NiceHash's users have such addresses, too.
    _form("BTC", r"bc1[02-9ac-hj-np-z]{39,59}(?:\..*)?\Z", "axeos-http"),
    _form("XMR", rf"[48]{_BASE58}{{94}}(?:{_BASE58}{{11}})?(?:[.+/].*)?\Z", "monero-json-rpc",
          "monerod-rpc", "xmrig-http-api"),
    _form("WOW", rf"(?:Wo|WW){_BASE58}{{95}}(?:[.+/].*)?\Z", "monero-json-rpc"),
    _form("ZEPH", rf"ZEPH{_BASE58}{{90,110}}(?:[.+/].*)?\Z", "monero-json-rpc"),
    _form("SAL", rf"SaLv{_BASE58}{{90,110}}(?:[.+/].*)?\Z", "monero-json-rpc"),
    # Flux has the same wallets, and Pirate those that begin with zs1.
    _form("ZEC", rf"t[13]{_BASE58}{{33}}(?:[./].*)?\Z", "stratum-v1-equihash", algorithm="equihash200_9"),
    _form("ZEN", rf"zn{_BASE58}{{33}}(?:[./].*)?\Z", "stratum-v1-equihash"),
    _form("RVN", rf"R{_BASE58}{{33}}(?:[./].*)?\Z", "kawpow"),
    _form("ALPH", rf"1{_BASE58}{{44}}(?:[./].*)?\Z", "alephium"),
    _form("IRON", r"[0-9a-f]{64}(?:[./].*)?\Z", "ironfish"),
    _form("KAS", r"kaspa:[0-9a-z]{50,70}", "kaspa", "kaspad-grpc"),
    _form("KLS", r"karlsen:[0-9a-z]{50,70}", "kaspa", "kaspad-grpc"),
    _form("PYI", r"pyrin:[0-9a-z]{50,70}", "kaspa", "kaspad-grpc"),
    _form("HTN", r"hoosat:[0-9a-z]{50,70}", "kaspa", "kaspad-grpc"),
    _form("SPR", r"spectre:[0-9a-z]{50,70}", "kaspa", "kaspad-grpc"),
    _form("ZANO", rf"(?:Zx{_BASE58}{{95}}|iZ{_BASE58}{{106}})(?:[.#/].*)?\Z", "zano"),
    _form("WART", r"[0-9a-f]{48}(?:[./].*)?\Z", "warthog"),
    _form("AION", r"0xa0[0-9a-fA-F]{62}(?:[./].*)?\Z", "aion"),
    _form("BEAM", r"[0-9a-f]{62,67}(?:[./].*)?\Z", "beam"),
    _form("BTM", r"bn1q[0-9a-z]{38,58}(?:[./].*)?\Z", "bytom"),
    _form("AE", rf"ak_{_BASE58}{{40,60}}", "aeternity"),
    _form("CKB", r"ckb1[0-9a-z]{40,110}", "nervos"),
    _form("HNS", r"hs1q[0-9a-z]{38,62}", "handshake"),
    _form("SC", r"[0-9a-f]{76}(?:[./].*)?\Z", "sia", "sia-http"),
    _form("DCR", rf"D[sce]{_BASE58}{{33}}(?:[./].*)?\Z", "decred"),
    _form("KDA", r"k:[0-9a-f]{64}(?:[./].*)?\Z", "kadena"),
    _form("NEXA", r"nexa:[0-9a-z]{40,100}", "nexa"),
    _form("ERG", rf"9{_BASE58}{{50}}(?:[./].*)?\Z", "ergo"),
    _form("CFX", r"cfx:[0-9a-z]{42}(?:[./].*)?\Z", "conflux"),
    _form("XEL", r"xel:[0-9a-z]{50,70}", "xelis", "xelis-getwork", "xatum"),
    _form("VRSC", rf"[Ri]{_BASE58}{{33}}(?:[./].*)?\Z", "stratum-v1-verus"),
)


def is_mined(coin: str, time_ns: int | None) -> bool:
    """See the module's contract."""
    last = _LAST_MINED_NS.get(coin)
    return last is None or (time_ns is not None and time_ns <= last)


def coin_of(ledger: Ledger) -> tuple[str | None, list[str]]:
    """(coin, what it rests on); (None, []) where the wire does not tell or tells two things."""
    found: dict[str, list[str]] = {coin: list(basis) for coin, basis in ledger.coins.items()}
    for login in list(ledger.workers)[:64]:
        for form in _FORMS:
            if login and form.fits(login, ledger):
                basis = found.setdefault(form.coin, [])
                if "address" not in basis:
                    basis.append("address")
    if len(found) != 1:
        return None, []
    coin, basis = next(iter(found.items()))
    if ledger.algorithms and "algorithm" not in basis:
        basis.append("algorithm")
    return coin, basis
