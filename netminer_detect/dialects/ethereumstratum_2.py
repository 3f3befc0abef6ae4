"""EthereumStratum/2.0.0 (EIP-1571): targets and algorithm are set apart from jobs, and silence is a yes.

    mining.hello {agent, host, port in hex, proto} -> {proto, encoding, …}
    mining.subscribe -> "s-…", mining.authorize [user, password] -> "w-…", which names the worker from then on
    mining.set {epoch, target, algo, extranonce}, any of them; hex without leading zeros
    mining.notify [job, block number in hex, header, "0" or "1"]
    mining.submit [job, miner's nonce, "w-…"] -> {"id":n}; an error of 2xx is a yes with a remark
    mining.hashrate [rate in hex, "w-…"], mining.noop, mining.bye, mining.reconnect

In the draft before, the server says hello, the miner subscribes with {agent, host, port, session}, and jobs are
[job, 0x header 64, clean].

After a hello that agrees on gzip both sides go on in gzip (`framing`). Work of a share: 2^256 / (target + 1).
Sources: EIP-1571, ethereum-mining/ethminer libpoolprotocols/stratum.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_0x, is_hex, text
from netminer_detect.dialects.ethereumstratum_1 import ETHASH
from netminer_detect.dialects.stratum import HANDLERS, Asked, JobShape, Kin, Shape, Worth, named_server, port_of
from netminer_detect.observations import (
    HandshakeAnswered,
    HandshakeAsked,
    Observation,
    RateClaimed,
    ShareAnswered,
    Side,
)
from netminer_detect.work import from_target, hex_integer

_VERSION = "ethereumstratum/2"
MAX_WORKERS = 256


def _is_version(value: object) -> bool:
    return isinstance(value, str) and value[: len(_VERSION)].lower() == _VERSION


def _notify(params: list[Any]) -> JobShape | None:
    if len(params) == 3 and is_0x(params[1], 64) and isinstance(params[2], bool):
        return JobShape(text(params[0]))
    if len(params) != 4 or not is_hex(params[1], range(1, 17)) or params[3] not in ("0", "1"):
        return None
    # A header of fewer digits than this would be a hash in 2^64.
    return JobShape(text(params[0])) if is_hex(params[2], range(49, 65)) else None


def _share(params: list[Any]) -> bool:
    return len(params) == 3 and is_hex(params[1], range(1, 17)) and str(params[2])[:2] == "w-"


class EthereumStratum2(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "ethereumstratum-2"
    SHAPE: ClassVar[Shape] = Shape("ethereumstratum-2", _notify, _share, default=None)
    HANDLERS: ClassVar[dict[str, str]] = HANDLERS | {
        "mining.hello": "_hello",
        "mining.set": "_set",
        "mining.hashrate": "_hashrate",
        "mining.noop": "_other_request",
        "mining.bye": "_nothing",
        "mining.reconnect": "_nothing",
    }

    def __init__(self) -> None:
        super().__init__()
        self._workers: dict[str, str] = {}

    @classmethod
    def hint(cls, message: Message) -> Hint | None:
        method, result = message.method, message.body.get("result")
        if method == "mining.hello":
            speaker = Side.SERVER if "node" in message.named else Side.CLIENT
            return Hint(Strength.CERTAIN, speaker) if _is_version(message.named.get("proto")) else None
        if method == "mining.set" and {"target", "epoch", "algo"} & message.named.keys():
            return Hint(Strength.CERTAIN, Side.SERVER)
        if method is None and isinstance(result, dict) and _is_version(result.get("proto")):
            return Hint(Strength.CERTAIN, Side.SERVER)
        return super().hint(message)

    def _hello(self, message: Message) -> list[Observation]:
        return [] if message.side is Side.SERVER else self._introduce(message, "hello")

    def _subscribe(self, message: Message) -> list[Observation]:
        # In a list the only param is the session to resume: who asks was said in the hello.
        return self._introduce(message, "subscribe")

    def _introduce(self, message: Message, kind: str) -> list[Observation]:
        """The miner names its program and the server as it was told it."""
        self._asked.ask(message.body.get("id"), Asked(kind))
        evidence, params = message.evidence(kind), message.named
        port = params.get("port")
        port = hex_integer(port, 4) if isinstance(port, str) else port_of(port)
        return [HandshakeAsked(evidence, text(params.get("agent"))), *named_server(evidence, params.get("host"), port)]

    def _set(self, message: Message) -> list[Observation]:
        params = message.named
        if "target" in params:
            self._worth = Worth(from_target(params["target"]), None)
        algorithm = text(params.get("algo"))
        if algorithm is not None:
            self._name_algorithm(ETHASH.get(algorithm.lower(), algorithm))
        return []

    def _submit(self, message: Message) -> list[Observation]:
        params = [*message.positional, None, None, None]
        return self._share(message, self._workers.get(text(params[2]) or ""), text(params[0]))

    def _hashrate(self, message: Message) -> list[Observation]:
        self._other_request(message)
        params = [*message.positional, None, None]
        rate = hex_integer(params[0])
        if not rate:
            return []
        login = self._workers.get(text(params[1]) or "")
        return [RateClaimed(message.evidence("rate"), login, Fraction(rate), self.shape.algorithm)]

    def _nothing(self, message: Message) -> list[Observation]:
        return []

    def _answer(self, message: Message) -> list[Observation] | None:
        body = message.body
        if message.side is Side.CLIENT or "id" not in body:
            return super()._answer(message)
        waiting = self._asked.answer(body["id"])
        if waiting is None or waiting.kind == "other":
            return []
        error, result = body.get("error"), body.get("result")
        code = error.get("code") if isinstance(error, dict) else None
        accepted = (error is None and result is not False) or (isinstance(code, int) and 200 <= code < 300)
        reason = text(error.get("message")) if isinstance(error, dict) else None
        if waiting.kind == "submit":
            evidence = message.evidence("accepted" if accepted else "rejected")
            return [ShareAnswered(evidence, waiting.key, accepted, reason)]
        if isinstance(result, str) and waiting.login and len(self._workers) < MAX_WORKERS:
            self._workers[result] = waiting.login
        return [HandshakeAnswered(message.evidence(f"{waiting.kind} answered"), accepted, reason)]


DIALECT = EthereumStratum2
