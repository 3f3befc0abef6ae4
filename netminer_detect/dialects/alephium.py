"""Alephium's pool Stratum: the pool speaks first, jobs come sixteen at a time, and a share is an object.

    mining.set_difficulty [D], mining.set_extranonce ["515a"]      before the miner says anything
    mining.notify [{jobId, fromGroup, toGroup, headerBlob, txsBlob, targetBlob, height}, …]
    mining.submit {jobId, fromGroup, toGroup, nonce 48, worker}
    alph_submitHashrate [0x rate, worker]

The newer form (AlephiumStratum/1.0.0, after EIP-1571): mining.hello [agent, version], mining.authorize -> worker id,
mining.set_target hex, mining.notify [job, chain index hex, header hex], mining.submit [job, nonce, worker id].

A hash counts only where its last four bits name the job's chain, one in sixteen: work of a share is D * 2^30 * 16, or
2^256 / (target + 1) * 16. Sources: alephium/mining-pool lib/stratum.js and stats.js, the wiki's Alephium Stratum.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.stratum import HANDLERS, Asked, JobShape, Kin, Shape, Worth
from netminer_detect.observations import (
    HandshakeAnswered,
    HandshakeAsked,
    JobAssigned,
    Observation,
    RateClaimed,
    Side,
)
from netminer_detect.patterns import pattern
from netminer_detect.work import from_target, hex_integer

_WALLET = pattern(r"1[1-9A-HJ-NP-Za-km-z]{44}(?:[./].*)?\Z")
_VERSION = "AlephiumStratum/"
_CHAINS = 16
MAX_WORKERS = 256
# A notification holds a job for each of the sixteen chains of a group or two.
MAX_IN_ONE = 64


def _is_job(job: Any) -> bool:
    return isinstance(job, dict) and "jobId" in job and is_hex(job.get("headerBlob"), range(400, 1600))


def _notify(params: list[Any]) -> JobShape | None:
    if params and all(_is_job(job) for job in params[:MAX_IN_ONE]):
        return JobShape(text(params[0]["jobId"]))
    if len(params) == 3 and is_hex(params[1], range(1, 5)) and is_hex(params[2], range(400, 1600)):
        return JobShape(text(params[0]))
    return None


class Alephium(Kin):
    """See the module's contract."""

    NAME: ClassVar[str] = "alephium"
    SHAPE: ClassVar[Shape] = Shape(
        "alephium", _notify, account=_WALLET, default=None, one=Fraction(2**30 * _CHAINS), algorithm="blake3-alph")
    HANDLERS: ClassVar[dict[str, str]] = HANDLERS | {
        "mining.hello": "_hello",
        "mining.noop": "_other_request",
        "mining.set_cleanjobs": "_nothing",
        "connection.set_gzip": "_other_request",
        "alph_submithashrate": "_submit_hashrate",
    }

    def __init__(self) -> None:
        super().__init__()
        self._workers: dict[str, str] = {}

    @classmethod
    def hint(cls, message: Message) -> Hint | None:
        method, named = message.method, message.named
        if method == "mining.submit" and "fromGroup" in named and "nonce" in named:
            return Hint(Strength.CERTAIN, Side.CLIENT)
        if method == "mining.hello" and str([*message.positional, "", ""][1])[: len(_VERSION)] == _VERSION:
            return Hint(Strength.CERTAIN, Side.CLIENT)
        if method == "alph_submitHashrate":
            return Hint(Strength.LIKELY, Side.CLIENT)
        return super().hint(message)

    def _hello(self, message: Message) -> list[Observation]:
        self._asked.ask(message.body.get("id"), Asked("hello"))
        return [HandshakeAsked(message.evidence("hello"), text([*message.positional, None][0]))]

    def _set_target(self, message: Message) -> list[Observation]:
        params = message.params
        hashes = from_target(params[0] if isinstance(params, list) and params else params)
        self._worth = Worth(None if hashes is None else hashes * _CHAINS, None)
        return []

    def _notify(self, message: Message) -> list[Observation] | None:
        found = super()._notify(message)
        for observation in found or []:
            if isinstance(observation, JobAssigned):
                # The other chains' jobs of the same message are worth the same.
                worth = Worth(observation.hashes, observation.difficulty)
                for job in message.positional[1:MAX_IN_ONE]:
                    name = text(job.get("jobId")) if isinstance(job, dict) else None
                    if name is not None:
                        self._remember(name, worth)
        return found

    def _submit(self, message: Message) -> list[Observation]:
        params = message.params
        if isinstance(params, dict):
            return self._share(message, text(params.get("worker")), text(params.get("jobId")))
        job, _, worker = [*message.positional, None, None, None][:3]
        return self._share(message, self._workers.get(text(worker) or ""), text(job))

    def _submit_hashrate(self, message: Message) -> list[Observation]:
        self._other_request(message)
        rate, login = [*message.positional, None, None][:2]
        value = hex_integer(rate)
        if not value:
            return []
        return [RateClaimed(message.evidence("rate"), text(login), Fraction(value), self.shape.algorithm)]

    def _nothing(self, message: Message) -> list[Observation]:
        return []

    def _handshake_answer(
        self, message: Message, asked: Asked, accepted: bool | None, reason: str | None
    ) -> list[Observation]:
        result = message.body.get("result")
        if isinstance(result, str) and not message.body.get("error"):
            # The newer form answers with ids: of the session, of the worker.
            accepted = True
            if asked.login and len(self._workers) < MAX_WORKERS:
                self._workers[result] = asked.login
        elif asked.kind == "hello":
            return [HandshakeAnswered(message.evidence("hello answered"), isinstance(result, list), reason)]
        return super()._handshake_answer(message, asked, accepted, reason)


DIALECT = Alephium
