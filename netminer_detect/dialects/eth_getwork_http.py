"""Ethereum's getWork over HTTP: a miner polls a node or a pool, five times a second at worst.

    {"method":"eth_getWork","params":[]} -> [0x header 64, 0x seed 64, 0x boundary 64, (0x height)]
    {"method":"eth_submitWork","params":[0x nonce 16, 0x header 64, 0x mix 64]} -> true or false
    {"method":"eth_submitHashrate","params":[0x rate, 0x client id]}

Who mines stands in the path (`/0x address/rig`, `/0x address.rig`, `/miner/0x address.rig/rate`,
`/address/rig/e-mail`) or in HTTP Basic; against a node of one's own nowhere. Work of a share: 2^256 / boundary.
Sources: ethereum-mining/ethminer libpoolprotocols/getwork, sammy007/open-ethereum-pool proxy.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar

from msgspec import Struct, field

from netminer_detect.dialects.answers import verdict
from netminer_detect.dialects.dialect import is_0x
from netminer_detect.dialects.eth_proxy import has_known_prefix, is_work, kind_of
from netminer_detect.dialects.http_login import HttpLogin
from netminer_detect.dialects.over_http import Answer, Call
from netminer_detect.observations import (
    HandshakeAnswered,
    JobAssigned,
    Observation,
    RateClaimed,
    ShareAnswered,
    ShareSubmitted,
)
from netminer_detect.patterns import pattern
from netminer_detect.work import from_target, hex_integer

# Behind the wallet, and perhaps a rig, some pools take an e-mail (nanopool) or a rate in MH/s (ethpool).
_WALLET_PATH = pattern(r"(?:/[A-Za-z0-9_-]+)?/((?:0x)?[0-9a-fA-F]{40})(?:[./]([^/]{1,64}))?(?:/[^/]{0,128})?/?\Z")


def _kind(call: Call) -> str | None:
    kind = kind_of(call.method, call.positional)
    return kind if kind != "getWork" or has_known_prefix(call.method) else None


def _login_of(call: Call) -> tuple[str | None, str | None]:
    """(login, rig) of a call."""
    path = _WALLET_PATH.match(call.path)
    wallet, rig = (path[1], path[2]) if path else (None, None)
    return (f"{wallet}.{rig}" if rig else wallet) or call.basic_user, rig


class EthGetworkHttp(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "eth-getwork-http"
    _login: HttpLogin = field(default_factory=HttpLogin)
    _shares: int = 0
    _served: bool = False

    @staticmethod
    def knows(call: Call) -> bool:
        return _kind(call) is not None

    def asked(self, call: Call) -> list[Observation]:
        login, rig = _login_of(call)
        return self._login.seen(call, login, rig) + _READERS[_kind(call) or "getWork"](self, call, login)

    def _get_work(self, call: Call, login: str | None) -> list[Observation]:
        return []

    def _submit(self, call: Call, login: str | None) -> list[Observation]:
        self._shares += 1
        self._login.wait(call, self._shares)
        params = call.positional
        header = params[1].lower() if len(params) > 1 and is_0x(params[1], 64) else None
        known = header is not None and call.method.lower().startswith("eth_")
        hashes = call.handed.worth((self.NAME, login, header)) if known else None
        return [ShareSubmitted(call.evidence("share"), self._shares, login, header, hashes)]

    def _hashrate(self, call: Call, login: str | None) -> list[Observation]:
        rate = hex_integer(call.positional[0]) if call.positional else None
        return [RateClaimed(call.evidence("rate"), login, Fraction(rate))] if rate else []

    def answered(self, call: Call, answer: Answer) -> list[Observation]:
        share = self._login.share_of(call)
        body = answer.body or {}
        accepted, reason = verdict(body)
        if share is not None:
            evidence = answer.evidence("accepted" if accepted else "rejected")
            return [] if accepted is None else [ShareAnswered(evidence, share, accepted, reason)]
        if _kind(call) != "getWork":
            return []
        result = body.get("result")
        if is_work(result):
            return self._work(call, answer, result[0], from_target(result[2]))
        if body.get("error") or answer.refused:
            return [HandshakeAnswered(answer.evidence("getWork answered"), False, reason)]
        return []

    def _work(self, call: Call, answer: Answer, header: str, hashes: Fraction | None) -> list[Observation]:
        """Miners poll, five times a second at worst: the same work is no new job."""
        found: list[Observation] = []
        if not self._served:
            self._served = True
            found.append(HandshakeAnswered(answer.evidence("getWork answered"), True))
        if call.handed.note((self.NAME, _login_of(call)[0], header.lower()), hashes):
            found.append(JobAssigned(answer.evidence("job"), header, hashes, hashes))
        return found


_READERS: dict[str, Callable[[EthGetworkHttp, Call, str | None], list[Observation]]] = {
    "getWork": EthGetworkHttp._get_work,
    "submitLogin": EthGetworkHttp._get_work,
    "submitWork": EthGetworkHttp._submit,
    "submitHashrate": EthGetworkHttp._hashrate,
}

HTTP_DIALECT = EthGetworkHttp
