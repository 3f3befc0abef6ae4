"""BTC.com's agent: Stratum v1 of Bitcoin, with many machines behind one connection in binary frames.

    agent.get_capabilities [["verrol", "subres"]] -> {"capabilities": ["subres"]}: shares are answered
    mining.subscribe ["btccom-agent/…"], mining.authorize ["user.agent", ""], mining.notify as in Stratum v1
    REGISTER_WORKER  session, agent, worker      a machine behind the agent
    SUBMIT_SHARE     job, session, extranonce2, nonce (, time) (, version)
    MINING_SET_DIFF  log2 of the difficulty, sessions      from the next job on
    SUBMIT_RESPONSE  number of the share, status

Few pools answer shares; of the others all count. Answers number the shares of the connection modulo 2^16: without its
beginning, or behind lost shares, it is not known which they mean. Work of a share: 2^(exponent + 32); before the first
MINING_SET_DIFF of its session, the difficulty of the connection. Frames: `agent_frames`. Sources: btccom/btcpool
docs/AGENT.md, btccom/btcagent.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import ClassVar

from netminer_detect.dialects.dialect import Hint, Message, Strength, text
from netminer_detect.dialects.stratum import HANDLERS, MAX_JOBS, Worth
from netminer_detect.dialects.stratum_v1 import StratumV1
from netminer_detect.observations import Observation, ShareAnswered, ShareSubmitted, Side, WorkerLogin
from netminer_detect.work import from_difficulty

_AGENT = "btccom-agent/"
MAX_SESSIONS = 4096
MAX_NAME = 256
# Difficulties of a session that jobs still open may have been sent under.
MAX_CHANGES = 16


_FRAMES = {
    "agent.register_worker": "_register",
    "agent.unregister_worker": "_unregister",
    "agent.submit_share": "_submit_frame",
    "agent.set_difficulty": "_set_exponent",
    "agent.answer_share": "_answer_frame",
}
_FROM_POOL = frozenset({"agent.set_difficulty", "agent.answer_share"})
# The share is good, or solves a block, each also when its job is old (StratumStatus of btcpool).
_ACCEPTED = frozenset({1798084231, 950395421, 1422486894, 1713984938, 1835617709})
_REASONS = {21: "job not found or stale", 22: "duplicate share", 23: "low difficulty", 24: "unauthorized"}
_NUMBERS = 1 << 16


class BtcAgent(StratumV1):
    """See the module's contract."""

    NAME: ClassVar[str] = "btcagent"
    HANDLERS: ClassVar[dict[str, str]] = HANDLERS | _FRAMES

    def __init__(self) -> None:
        super().__init__()
        self._user: str | None = None
        self._logins: dict[int, str] = {}
        self._count = 0
        self._order: OrderedDict[str, int] = OrderedDict()
        # Of each session: (jobs sent before, exponent), oldest first.
        self._changes: dict[int, list[tuple[int, int]]] = {}
        # The number that answers give the first share; whether shares may have been missed.
        self._first: int | None = None
        self._missed = True
        self._answers = False

    @staticmethod
    def hint(message: Message) -> Hint | None:
        method = message.method or ""
        if method in _FRAMES:
            return Hint(Strength.CERTAIN, Side.SERVER if method in _FROM_POOL else Side.CLIENT)
        params = message.positional
        if method == "mining.subscribe" and params and str(params[0])[: len(_AGENT)].lower() == _AGENT:
            return Hint(Strength.CERTAIN, Side.CLIENT)
        return None

    def gap(self, side: Side) -> None:
        super().gap(side)
        if side is Side.CLIENT:
            self._missed = True
        else:
            # A change of difficulty may have been lost, and which jobs it stood before.
            self._changes.clear()
            self._jobs.clear()

    def _authorize(self, message: Message) -> list[Observation]:
        found = super()._authorize(message)
        for login in found:
            if isinstance(login, WorkerLogin):
                self._user = login.user
        self._missed = self._missed and self._shares > 0
        return found

    def _notify(self, message: Message) -> list[Observation] | None:
        found = super()._notify(message)
        job = text(message.positional[0]) if found else None
        if job is not None:
            self._count += 1
            self._order[job] = self._count
            self._order.move_to_end(job)
            if len(self._order) > MAX_JOBS:
                self._order.popitem(last=False)
        return found

    def _register(self, message: Message) -> list[Observation]:
        params = message.named
        name, session = params["worker"][:MAX_NAME], params["session"]
        login = f"{self._user}.{name}" if self._user else name
        if session in self._logins or len(self._logins) < MAX_SESSIONS:
            self._logins[session] = login
            self._changes.pop(session, None)
        agent = params["agent"][:MAX_NAME] or None
        return [WorkerLogin(message.evidence("worker"), login, self._user, name or None, agent=agent)]

    def _unregister(self, message: Message) -> list[Observation]:
        return []

    def _set_exponent(self, message: Message) -> list[Observation]:
        for session in message.named["sessions"]:
            if session in self._changes or len(self._changes) < MAX_SESSIONS:
                changes = self._changes.setdefault(session, [])
                changes.append((self._count, message.named["exponent"]))
                del changes[:-MAX_CHANGES]
        return []

    def _submit_frame(self, message: Message) -> list[Observation]:
        params = message.named
        job, session = str(params["job"]), params["session"]
        self._shares += 1
        worth = self._worth_in(job, session)
        return [ShareSubmitted(message.evidence("share"), self._shares, self._logins.get(session), job, worth.hashes,
                               self.shape.algorithm, acknowledged=self._answers)]

    def _answer(self, message: Message) -> list[Observation] | None:
        result = message.body.get("result")
        offered = result.get("capabilities") if isinstance(result, dict) else None
        if message.side is Side.SERVER and isinstance(offered, list) and "subres" in offered:
            self._answers = True
        return super()._answer(message)

    def _answer_frame(self, message: Message) -> list[Observation]:
        index, status = message.named["index"], message.named["status"]
        self._answers = True
        if self._missed or not self._shares:
            return []
        if self._first is None:
            self._first = index
        share = self._shares - (self._first + self._shares - 1 - index) % _NUMBERS
        accepted = status in _ACCEPTED
        evidence = message.evidence("accepted" if accepted else "rejected")
        return [ShareAnswered(evidence, share, accepted, None if accepted else _REASONS.get(status, str(status)))]

    def _worth_in(self, job: str, session: int) -> Worth:
        """What a share of a session is worth: the difficulty in force when its job was sent."""
        order = self._order.get(job)
        if order is None:
            return Worth(None, None)
        known = self._jobs.get(job) or Worth(None, None)
        for before, exponent in reversed(self._changes.get(session, [])):
            if before < order:
                return Worth(from_difficulty(1 << exponent), None)
        return known


DIALECT = BtcAgent
