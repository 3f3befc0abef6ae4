"""Solo mining against a Monero node, as XMRig's daemon mode and pools' software do it.

    POST /json_rpc {"method":"getblocktemplate","params":{"wallet_address":…,"extra_nonce":…}}
        -> {"result":{"blockhashing_blob","blocktemplate_blob","difficulty","height","prev_hash","seed_hash",…}}
    POST /json_rpc {"method":"submitblock","params":["block hex"]}, with X-Hash-Difficulty from XMRig -> {"status":"OK"}

Both calls have a spelling with underscores. P2Pool asks for get_miner_data, which has no wallet, and makes the
template itself. Templates are fetched every second: one counts as a job when the chain has
grown. A whole block is handed in, not a share: there is no work to count. Sources: xmrig src/base/net/stratum/
DaemonClient.cpp, monero src/rpc/core_rpc_server.cpp,
SChernykh/p2pool src/p2pool.cpp.
"""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import Struct, field

from netminer_detect.dialects.answers import verdict
from netminer_detect.dialects.dialect import is_hex, text
from netminer_detect.dialects.http_login import HttpLogin
from netminer_detect.dialects.over_http import Answer, Call
from netminer_detect.observations import (
    HandshakeAnswered,
    JobAssigned,
    Observation,
    ShareAnswered,
    ShareSubmitted,
)
from netminer_detect.patterns import pattern

_TEMPLATE = ("getblocktemplate", "get_block_template")
_DATA = "get_miner_data"
_SUBMIT = ("submitblock", "submit_block")
_MONERO = pattern(r"[48][1-9A-HJ-NP-Za-km-z]{94}(?:[1-9A-HJ-NP-Za-km-z]{11})?\Z")
_BLOCK = range(140, 1 << 24)


def _wallet(call: Call) -> str | None:
    return text(call.params.get("wallet_address")) if isinstance(call.params, dict) else None


class MonerodRpc(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "monerod-rpc"
    _login: HttpLogin = field(default_factory=HttpLogin)
    _wallet: str | None = None
    _tip: str | None = None
    _shares: int = 0

    @staticmethod
    def knows(call: Call) -> bool:
        if call.method in _TEMPLATE:
            return _wallet(call) is not None
        if call.method == _DATA:
            return (call.request.target or "").startswith("/json_rpc")
        if call.method not in _SUBMIT or not call.positional or not is_hex(call.positional[0], _BLOCK):
            return False
        # Bitcoin's call has the same name; its servers have no such path.
        return (call.request.target or "").startswith("/json_rpc") or "x-hash-difficulty" in call.request.headers

    def asked(self, call: Call) -> list[Observation]:
        self._wallet = _wallet(call) or self._wallet
        found = self._login.seen(call, self._wallet)
        if call.method in _SUBMIT:
            self._shares += 1
            self._login.wait(call, self._shares)
            found.append(ShareSubmitted(call.evidence("block"), self._shares, self._wallet, None))
        return found

    def answered(self, call: Call, answer: Answer) -> list[Observation]:
        share = self._login.share_of(call)
        body = answer.body or {}
        accepted, reason = verdict(body)
        if share is not None:
            evidence = answer.evidence("accepted" if accepted else "rejected")
            # Behind lost packets an answer may be another call's: templates have a status, too.
            if accepted is None or not call.repeated_by(body):
                return []
            return [ShareAnswered(evidence, share, accepted, reason)]
        result = body.get("result")
        if isinstance(result, dict) and (is_hex(result.get("blocktemplate_blob"), _BLOCK) or "prev_id" in result):
            return self._template(answer, result)
        if accepted is False or answer.refused:
            return [HandshakeAnswered(answer.evidence("template refused"), False, reason)]
        return []

    def _template(self, answer: Answer, result: dict[str, Any]) -> list[Observation]:
        tip = text(result.get("prev_hash")) or text(result.get("prev_id"))
        if tip is not None and tip == self._tip:
            return []
        self._tip = tip
        # A seed hash means RandomX; which of the family, the wallet's chain says.
        randomx = is_hex(result.get("seed_hash"), 64)
        algorithm = "rx/0" if randomx and self._wallet is not None and _MONERO.match(self._wallet) else None
        return [
            HandshakeAnswered(answer.evidence("template"), True),
            JobAssigned(answer.evidence("job"), tip, None, None, algorithm),
        ]


HTTP_DIALECT = MonerodRpc
