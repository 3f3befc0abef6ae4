"""getblocktemplate: solo mining against a Bitcoin-like node or a pool that serves templates (BIP 22, BIP 23).

    {"method":"getblocktemplate","params":[{"capabilities":[…],"rules":["segwit"]}]} -> a template
    {"method":"submitblock","params":["block hex",{…}]} -> null where it was accepted, else the reason

A whole block is handed in, not a share: `shares` counts blocks, and there is no work to count. Monero's node
has calls of the same names with an object as params: another dialect.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct, field

from netminer_detect.dialects.answers import MAX_REASON, reason_of
from netminer_detect.dialects.bitcoin import is_bitcoin
from netminer_detect.dialects.dialect import is_hex, text
from netminer_detect.dialects.http_login import HttpLogin
from netminer_detect.dialects.over_http import Answer, Call
from netminer_detect.observations import (
    CoinHinted,
    HandshakeAnswered,
    JobAssigned,
    Observation,
    ShareAnswered,
    ShareSubmitted,
)

_TEMPLATE_KEYS = ("previousblockhash", "coinbasevalue", "coinbasetxn", "transactions")


def _is_template_request(call: Call) -> bool:
    if call.method != "getblocktemplate" or isinstance(call.params, dict):
        return False
    first = call.positional[0] if call.positional else None
    return first is None or isinstance(first, dict)


class GetBlockTemplate(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "getblocktemplate"
    _login: HttpLogin = field(default_factory=HttpLogin)
    _shares: int = 0

    @staticmethod
    def knows(call: Call) -> bool:
        if call.method == "submitblock":
            # Bitcoin's block of 80 bytes of header at least. Monero's request is the same but for its node's path.
            block = call.positional[0] if call.positional else None
            return is_hex(block, range(160, 1 << 24)) and not (call.request.target or "").startswith("/json_rpc")
        return _is_template_request(call)

    def asked(self, call: Call) -> list[Observation]:
        found = self._login.seen(call)
        if call.method == "submitblock":
            self._shares += 1
            self._login.wait(call, self._shares)
            found.append(ShareSubmitted(call.evidence("block"), self._shares, call.basic_user, None))
        return found

    def answered(self, call: Call, answer: Answer) -> list[Observation]:
        share = self._login.share_of(call)
        if share is not None:
            return self._block_answer(answer, share)
        body = answer.body or {}
        result = body.get("result")
        if isinstance(result, dict) and any(key in result for key in _TEMPLATE_KEYS):
            job = text(result.get("longpollid")) or text(result.get("previousblockhash"))
            hints: list[Observation] = []
            time = result.get("curtime")
            if isinstance(time, int) and 0 <= time < 1 << 32 and is_bitcoin(result.get("bits"), f"{time:08x}"):
                hints.append(CoinHinted(answer.evidence("job"), "BTC", "sha256d", "job"))
            new = call.handed.note((self.NAME, job), None)
            return [
                *hints,
                HandshakeAnswered(answer.evidence("template"), True),
                *([JobAssigned(answer.evidence("job"), job, None)] if new else []),
            ]
        error = body.get("error")
        if error or answer.refused:
            reason = reason_of(error) or (f"HTTP status {answer.response.status}" if answer.refused else None)
            return [HandshakeAnswered(answer.evidence("template refused"), False, reason)]
        if answer.response.body_truncated and answer.response.status == 200:
            # Templates are megabytes: what was cut is no refusal.
            return [HandshakeAnswered(answer.evidence("template"), True)]
        return []

    @staticmethod
    def _block_answer(answer: Answer, share: int) -> list[Observation]:
        body = answer.body
        if body is None or "result" not in body:
            return []
        result, error = body["result"], body.get("error")
        if result is None and not error:
            return [ShareAnswered(answer.evidence("accepted"), share, True)]
        reason = result[:MAX_REASON] if isinstance(result, str) else reason_of(error)
        return [ShareAnswered(answer.evidence("rejected"), share, False, reason)]


HTTP_DIALECT = GetBlockTemplate
