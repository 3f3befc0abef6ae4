"""getwork: Bitcoin's first way to mine, JSON-RPC over HTTP, each login an HTTP Basic user.

    {"method":"getwork","params":[]} -> {"result":{"data":256 hex,"target":64 hex little-endian,"midstate",…}}
    {"method":"getwork","params":["256 hex"]} -> true or false          (a share)
    GET of the address in X-Long-Polling -> the next work, once there is any

Headers: User-Agent names the miner, X-Mining-Hashrate its rate in H/s, X-Reject-Reason why a share was refused.
Other services have a getwork too: a request without data is a miner's where a header or the agent says so, or
once it is answered with work.
Work of a share: 2^256 / (target + 1) of the work with the same version, previous block and merkle root: the
first 136 digits of the data. Sources: bitcoin/bips, ckolivas/cgminer, luke-jr/bfgminer.
"""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from msgspec import Struct, field

from netminer_detect.dialects.answers import verdict
from netminer_detect.dialects.bitcoin import is_bitcoin
from netminer_detect.dialects.dialect import is_hex
from netminer_detect.dialects.http_login import HttpLogin
from netminer_detect.dialects.over_http import Answer, Call
from netminer_detect.observations import (
    CoinHinted,
    HandshakeAnswered,
    JobAssigned,
    Observation,
    RateClaimed,
    ShareAnswered,
    ShareSubmitted,
)
from netminer_detect.work import DIFFICULTY_1, from_little_endian_target, number

_JOB_DIGITS = 136


def _data_of(call: Call) -> str | None:
    data = call.positional[0] if call.positional else None
    return data if isinstance(data, str) and is_hex(data, range(160, 1025)) else None


def _is_long_poll(call: Call) -> bool:
    """Whether a GET may wait for the next work: at the address that X-Long-Polling named, on any connection."""
    headers = call.request.headers
    return "x-mining-extensions" in headers or ("authorization" in headers and call.names_miner)


def _is_miner(call: Call) -> bool:
    """Whether a request is a miner's whatever the answer."""
    if not call.method:
        return "x-mining-extensions" in call.request.headers  # other programs named for miners fetch pages
    return call.of_miner or _data_of(call) is not None


def _is_bitcoin(data: str) -> bool:
    """Time and bits stand behind the merkle root, their words in either byte order (servers differ)."""
    time, bits = data[136:144], data[144:152]
    turned = bytes.fromhex(time)[::-1].hex(), bytes.fromhex(bits)[::-1].hex()
    return is_bitcoin(bits, time) or is_bitcoin(turned[1], turned[0])


class Getwork(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "getwork"
    _login: HttpLogin = field(default_factory=HttpLogin)
    _shares: int = 0
    _sure: bool = False

    @staticmethod
    def knows(call: Call) -> bool:
        if not call.method:
            return _is_long_poll(call)
        return call.method == "getwork" and (not call.params or _data_of(call) is not None)

    def asked(self, call: Call) -> list[Observation]:
        self._sure = self._sure or _is_miner(call)
        found = self._login.seen(call) if self._sure else []
        rate = number(call.request.headers.get("x-mining-hashrate"))
        if rate is not None:
            found.append(RateClaimed(call.evidence("rate"), call.basic_user, rate))
        data = _data_of(call)
        if data is not None:
            self._shares += 1
            job = data[:_JOB_DIGITS].lower()
            found.append(ShareSubmitted(call.evidence("share"), self._shares, call.basic_user, job,
                                        call.handed.worth((self.NAME, job))))
            self._login.wait(call, self._shares)
        return found

    def answered(self, call: Call, answer: Answer) -> list[Observation]:
        share = self._login.share_of(call)
        accepted, reason = verdict(answer.body) if answer.body is not None else (None, None)
        if answer.refused and accepted is not True:
            accepted, reason = False, reason or f"HTTP status {answer.response.status}"
        if share is not None:
            if accepted is None:
                return []
            reason = answer.response.headers.get("x-reject-reason", reason)
            evidence = answer.evidence("accepted" if accepted else "rejected")
            return [ShareAnswered(evidence, share, accepted, reason)]
        result = answer.body.get("result") if answer.body is not None else None
        if isinstance(result, dict) and is_hex(result.get("data"), range(160, 1025)):
            self._sure = True
            hashes = from_little_endian_target(result.get("target"))
            return self._login.seen(call) + self._work(call, answer, result["data"], hashes)
        if accepted is False and self._sure:
            return [HandshakeAnswered(answer.evidence("getwork answered"), False, reason)]
        return []

    def _work(self, call: Call, answer: Answer, data: str, hashes: Fraction | None) -> list[Observation]:
        job = data[:_JOB_DIGITS].lower()
        call.handed.note((self.NAME, job), hashes)
        difficulty = None if hashes is None else hashes / DIFFICULTY_1
        hints: list[Observation] = []
        if _is_bitcoin(data):
            hints.append(CoinHinted(answer.evidence("job"), "BTC", "sha256d", "job"))
        return [
            *hints,
            HandshakeAnswered(answer.evidence("getwork answered"), True),
            JobAssigned(answer.evidence("job"), job, hashes, difficulty),
        ]


HTTP_DIALECT = Getwork
