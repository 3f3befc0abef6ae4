"""JSON-RPC over WebSocket with a subscription to new work, in the words of an Ethereum node.

    {"id":1,"method":"eth_subscribe","params":["newWork",user,password,agent]} -> a subscription id
    {"method":"eth_subscription","params":{"subscription":id,
        "result":[job, 0x work hash 64, 0x seed 64, 0x boundary 64, 0x height, extranonce]}}
    {"id":2,"method":"eth_submitWork","params":[job, 0x nonce 16, 0x work hash 64]} -> true or false

A node's own subscriptions (newHeads, logs …) have other names and give objects: `newWork` decides. Work of a share:
2^256 / boundary. Source: CyberChainXyz/stratum-jsonrpc2-ws.
"""

from __future__ import annotations

from collections import OrderedDict
from fractions import Fraction
from typing import Any, ClassVar

from msgspec import Struct, field

from netminer_detect.dialects.answers import verdict
from netminer_detect.dialects.dialect import Hint, Message, Strength, is_0x, text
from netminer_detect.dialects.logins import split_login
from netminer_detect.observations import (
    HandshakeAnswered,
    HandshakeAsked,
    JobAssigned,
    Observation,
    RateClaimed,
    ShareAnswered,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.requests import Requests
from netminer_detect.work import from_target, hex_integer

MAX_JOBS = 512
_BOUNDARY = range(1, 65)


def _work_of(message: Message) -> list[Any] | None:
    result = message.named.get("result") if message.method == "eth_subscription" else None
    if not isinstance(result, list) or len(result) < 4 or text(result[0]) is None:
        return None
    return result if is_0x(result[1], 64) and is_0x(result[2], 64) and is_0x(result[3], _BOUNDARY) else None


def _is_share(params: list[Any]) -> bool:
    # A node's own form is [nonce, header, mix]: there the job's place holds a 0x nonce.
    return (
        len(params) == 3 and text(params[0]) is not None and not is_0x(params[0], 16) and is_0x(params[1], 16)
        and is_0x(params[2], 64)
    )


class EthNewworkWebSocket(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "eth-newwork-websocket"
    _asked: Requests[int] = field(default_factory=Requests)
    _jobs: OrderedDict[str, Fraction | None] = field(default_factory=OrderedDict)
    _login: str | None = None
    _shares: int = 0

    @staticmethod
    def hint(message: Message) -> Hint | None:
        params = message.positional
        if message.method == "eth_subscribe" and params and params[0] == "newWork":
            return Hint(Strength.CERTAIN, Side.CLIENT)
        if message.method == "eth_submitWork" and _is_share(params):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        return Hint(Strength.CERTAIN, Side.SERVER) if _work_of(message) is not None else None

    def read(self, message: Message) -> list[Observation] | None:
        match message.method:
            case None:
                return self._answer(message)
            case "eth_subscribe":
                return self._subscribe(message)
            case "eth_subscription":
                return self._work(message)
            case "eth_submitWork":
                return self._submit(message)
            case "eth_submitHashrate":
                rate = hex_integer(message.positional[0]) if message.positional else None
                return [RateClaimed(message.evidence("rate"), self._login, Fraction(rate))] if rate else []
        return None

    def gap(self, side: Side) -> None:
        """Each job carries its boundary: nothing is forgotten."""

    def _subscribe(self, message: Message) -> list[Observation]:
        topic, login, password, agent = [*message.positional, None, None, None, None][:4]
        if topic != "newWork":
            return []
        self._asked.ask(message.body.get("id"), 0)
        login, agent = text(login), text(agent)
        asked = HandshakeAsked(message.evidence("subscribe"), agent)
        if login is None:
            return [asked]
        self._login = login
        user, worker = split_login(login)
        return [asked, WorkerLogin(message.evidence("login"), login, user, worker,
                                   password if isinstance(password, str) else None, agent)]

    def _work(self, message: Message) -> list[Observation]:
        work = _work_of(message)
        if work is None:
            return []
        job, hashes = str(work[0]), from_target(work[3])
        self._jobs[job] = hashes
        self._jobs.move_to_end(job)
        if len(self._jobs) > MAX_JOBS:
            self._jobs.popitem(last=False)
        return [JobAssigned(message.evidence("job"), job, hashes, hashes)]

    def _submit(self, message: Message) -> list[Observation]:
        if not _is_share(message.positional):
            return []
        self._shares += 1
        self._asked.ask(message.body.get("id"), self._shares)
        job = text(message.positional[0])
        hashes = self._jobs.get(job) if job is not None else None
        return [ShareSubmitted(message.evidence("share"), self._shares, self._login, job, hashes)]

    def _answer(self, message: Message) -> list[Observation] | None:
        if "result" not in message.body and "error" not in message.body:
            return None
        share = self._asked.answer(message.body.get("id"))
        if share is None:
            return []
        accepted, reason = verdict(message.body)
        if share:
            evidence = message.evidence("accepted" if accepted else "rejected")
            return [] if accepted is None else [ShareAnswered(evidence, share, accepted, reason)]
        # A subscription is answered with its id.
        accepted = accepted is not False or isinstance(message.body.get("result"), str)
        return [HandshakeAnswered(message.evidence("subscribed"), accepted, reason)]


WEBSOCKET_DIALECT = EthNewworkWebSocket
