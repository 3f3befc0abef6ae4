"""getblocktemplate: solo mining against a Bitcoin-like node or a pool that serves templates (BIP 22, BIP 23).

    {"method":"getblocktemplate","params":[{"capabilities":[…],"rules":["segwit"]}]} -> a template
    {"method":"submitblock","params":["block hex",{…}]} -> null where it was accepted, else the reason

Explorers and watchers ask for a template, too, to see what the next block may hold. It is a miner who hands a block in,
says what it can do with a template (`capabilities`, `longpollid`, a proposal), has a miner's headers, or was given
ENOUGH templates on one connection. A whole block is handed in, not a share: `shares` counts blocks, and there is no
work to count. Monero's node has calls of the same names with an object as params: another dialect.
"""

from __future__ import annotations

from typing import Any, ClassVar

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

# Who watches a page asks once or twice, who mines for hours.
ENOUGH = 3
_TEMPLATE_KEYS = ("previousblockhash", "coinbasevalue", "coinbasetxn", "transactions")


def _is_template_request(call: Call) -> bool:
    if call.method != "getblocktemplate" or isinstance(call.params, dict):
        return False
    first = call.positional[0] if call.positional else None
    return first is None or isinstance(first, dict)


def _is_miner(call: Call) -> bool:
    """Whether a request is a miner's whatever the answer."""
    first = call.positional[0] if call.positional else None
    able = isinstance(first, dict) and any(first.get(key) for key in ("capabilities", "longpollid", "data", "workid"))
    return call.method == "submitblock" or able or call.of_miner


class GetBlockTemplate(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "getblocktemplate"
    _login: HttpLogin = field(default_factory=HttpLogin)
    _shares: int = 0
    _given: int = 0
    _sure: bool = False

    @staticmethod
    def knows(call: Call) -> bool:
        if call.method == "submitblock":
            # Bitcoin's block of 80 bytes of header at least. Monero's request is the same but for its node's path.
            block = call.positional[0] if call.positional else None
            return is_hex(block, range(160, 1 << 24)) and not (call.request.target or "").startswith("/json_rpc")
        return _is_template_request(call)

    def asked(self, call: Call) -> list[Observation]:
        self._sure = self._sure or _is_miner(call)
        found = self._login.seen(call) if self._sure else []
        if call.method == "submitblock":
            self._shares += 1
            self._login.wait(call, self._shares)
            found.append(ShareSubmitted(call.evidence("block"), self._shares, call.basic_user, None))
        return found

    def answered(self, call: Call, answer: Answer) -> list[Observation]:
        share = self._login.share_of(call)
        if share is not None:
            # Behind lost packets an answer may be another call's: to a proposal null is a yes, too.
            return self._block_answer(answer, share) if call.repeated_by(answer.body) else []
        body = answer.body or {}
        result = body.get("result")
        is_template = isinstance(result, dict) and any(key in result for key in _TEMPLATE_KEYS)
        # Templates are megabytes: what was cut is no refusal.
        cut = not body and answer.response.body_truncated and answer.response.status == 200
        self._given += is_template or cut
        self._sure = self._sure or self._given >= ENOUGH
        if not self._sure:
            return []
        found = self._login.seen(call)
        if is_template or cut:
            return found + self._template(call, answer, result or {})
        error = body.get("error")
        if error or answer.refused:
            reason = reason_of(error) or (f"HTTP status {answer.response.status}" if answer.refused else None)
            found.append(HandshakeAnswered(answer.evidence("template refused"), False, reason))
        return found

    def _template(self, call: Call, answer: Answer, result: dict[str, Any]) -> list[Observation]:
        """A template was given; `result` is empty where it was cut."""
        found: list[Observation] = []
        time = result.get("curtime")
        if isinstance(time, int) and 0 <= time < 1 << 32 and is_bitcoin(result.get("bits"), f"{time:08x}"):
            found.append(CoinHinted(answer.evidence("job"), "BTC", "sha256d", "job"))
        found.append(HandshakeAnswered(answer.evidence("template"), True))
        job = text(result.get("longpollid")) or text(result.get("previousblockhash"))
        if result and call.handed.note((self.NAME, job), None):
            found.append(JobAssigned(answer.evidence("job"), job, None))
        return found

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
