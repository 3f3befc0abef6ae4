"""The CryptoNote pools' JSON-RPC, as XMRig, xmr-stak, P2Pool and xmrig-proxy speak it.

    {"method":"login","params":{"login":…,"pass":…,"agent":…,("rigid":…,"algo":[…])}}
        -> {"result":{"id":session,"job":{…},"status":"OK"}}
    {"method":"job","params":{"blob":hex,"job_id":…,"target":8 or 16 hex,("algo","height","seed_hash")}}
    {"method":"submit","params":{"id":session,"job_id":…,"nonce":8 hex,"result":64 hex}} -> {"status":"OK"}
    {"method":"keepalived","params":{"id":session}}, getjob, block_template (self-select: a job without blob)

MoneroOcean: login and getjob have "algo-perf", the miner's own rates; the algorithm changes by the job; an answer to
the login with "algo" and "extra_nonce" and no job says that Stratum follows (`negotiated`; XMRig's AutoClient); Tari's
jobs of sha3x are shorter, its shares of c29 have 42 edges ("pow") in place of a result.

Other programs speak of login, job and submit too: only hex of the right lengths makes it this dialect. Work of
a share: the difficulty of its job, 2^64 / target. Keys come in any order, ids repeat (xmr-stak: always 1).
Sources: xmrig doc/STRATUM.md, src/base/net/stratum/Client.cpp and Job.cpp, SChernykh/p2pool stratum_server.cpp.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar

from msgspec import Struct, field

from netminer_detect.dialects.answers import verdict
from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.logins import split_login, worker_of_password
from netminer_detect.observations import (
    CoinHinted,
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
from netminer_detect.patterns import pattern
from netminer_detect.requests import Requests
from netminer_detect.work import from_cryptonote_target, from_target_of_either_order, number

MAX_JOBS = 512
MAX_SESSIONS = 256
# KawPow's is a header of 32 bytes and room for its nonce (MoneroOcean), Wownero's a whole block.
_BLOB = range(76, 4096)
_NONCE = range(8, 17)
# Tari's (MoneroOcean): a hash of 32 bytes, with or without what is hashed beside it.
_TARI_BLOB = range(64, 256)
_TARI = frozenset({"sha3x", "c29"})
_CYCLE = 42
MAX_CLAIMS = 32
# A login nobody answered is this dialect only where something in it belongs to mining. An Ethereum address (Etica) or
# a hash (XMRig's donation) may be anybody's login.
_WALLET = pattern(r"[1-9A-HJ-NP-Za-km-z]{90,110}(?:[.+/].*)?\Z")
_MONERO = pattern(r"[48][1-9A-HJ-NP-Za-km-z]{94}(?:[.+].*)?\Z")
# Major and minor version 16 of Monero's blocks since 2022; its forks with RandomX count their own.
_MONERO_BLOCK = "1010"
# Grin's miners log in with the same members.
_MINER = pattern(
    r"xmr|castxmr|jce|wildrig|randomx|cryptonight|minergate|ccminer|cpuminer|srbminer|teamredminer|deepminer",
    re.IGNORECASE,
)
_ALGORITHM = pattern(r"(?:rx|cn|cn-lite|cn-heavy|cn-pico|argon2|panthera)/|ghostrider\Z|kawpow\Z")


def _is_job(job: Any) -> bool:
    if not isinstance(job, dict) or text(job.get("job_id")) is None:
        return False
    target = job.get("target")
    if not (is_hex(target, 8) or is_hex(target, 16) or is_hex(target, 64)):
        return False
    if isinstance(job.get("algo"), str) and job["algo"] in _TARI and is_hex(job.get("blob"), _TARI_BLOB):
        return True
    # In self-select mode the pool gives its wallet and an extra nonce in place of a blob.
    return is_hex(job.get("blob"), _BLOB) or ("pool_wallet" in job and "extra_nonce" in job)


def _is_cycle(edges: Any) -> bool:
    return isinstance(edges, list) and len(edges) == _CYCLE and all(isinstance(edge, int) for edge in edges)


def _is_share(params: dict[str, Any]) -> bool:
    if "job_id" not in params or not is_hex(params.get("nonce"), _NONCE):
        return False
    return is_hex(params.get("result"), 64) or _is_cycle(params.get("pow"))


def _unit(algorithm: str | None) -> str:
    return "sol" if algorithm == "c29" else "hash"


def _login_strength(params: dict[str, Any]) -> Strength | None:
    login = params.get("login")
    if not isinstance(login, str) or not ("pass" in params or "agent" in params):
        return None
    algorithms, agent = params.get("algo"), params.get("agent")
    names = algorithms if isinstance(algorithms, list) else [algorithms]
    miner = any(isinstance(name, str) and _ALGORITHM.match(name) for name in names[:64])
    miner = miner or bool(_WALLET.match(login)) or (isinstance(agent, str) and bool(_MINER.match(agent)))
    return Strength.LIKELY if miner else Strength.WEAK


class _Asked(Struct):
    kind: str
    key: int = 0
    login: str | None = None


class _Job(Struct, frozen=True):
    hashes: Fraction | None
    algorithm: str | None


class MoneroJsonRpc(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "monero-json-rpc"
    _asked: Requests[_Asked] = field(default_factory=Requests)
    _jobs: OrderedDict[str, _Job] = field(default_factory=OrderedDict)
    _sessions: dict[str, str | None] = field(default_factory=dict)
    _login: str | None = None
    _seeded: bool = False
    _shares: int = 0
    negotiated: str | None = None

    @staticmethod
    def hint(message: Message) -> Hint | None:
        method, params = message.low_method, message.named
        if method == "login":
            strength = _login_strength(params)
            return Hint(strength, Side.CLIENT) if strength else None
        if method == "submit" and _is_share(params):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        if method == "job" and _is_job(params):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if method == "keepalived":
            return Hint(Strength.WEAK, Side.CLIENT)
        result = message.body.get("result")
        if method is not None or not isinstance(result, dict):
            return None
        if _is_job(result.get("job")) or _is_job(result):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if "id" in result and is_hex(result.get("extra_nonce")) and isinstance(result.get("algo"), str):
            return Hint(Strength.LIKELY, Side.SERVER)
        # A miner without shares is heard of once a minute, by this word.
        return Hint(Strength.FAMILY, Side.SERVER) if result.get("status") == "KEEPALIVED" else None

    def read(self, message: Message) -> list[Observation] | None:
        method = message.low_method
        if method is None:
            return self._answer(message)
        reader = _READERS.get(method)
        if reader is None:
            return None
        by_pool = method == "job"
        return reader(self, message) if by_pool is (message.side is Side.SERVER) else []

    def gap(self, side: Side) -> None:
        """Every job carries its target: nothing is forgotten."""

    def _log_in(self, message: Message) -> list[Observation]:
        params = message.named
        login, password = text(params.get("login")), params.get("pass")
        password = password if isinstance(password, str) else None
        agent = text(params.get("agent"))
        self._asked.ask(message.body.get("id"), _Asked("login", login=login))
        asked = HandshakeAsked(message.evidence("login"), agent)
        if login is None:
            return [asked]
        self._login = login
        rig = text(params.get("rigid")) or worker_of_password(password or "")
        user, worker = split_login(login, rig)
        return [asked, WorkerLogin(message.evidence("login"), login, user, worker, password, agent),
                *self._claims(message)]

    def _claims(self, message: Message) -> list[Observation]:
        """MoneroOcean's miners say how fast they are in each algorithm. Of Cuckaroo it is not said what is counted."""
        rates = message.named.get("algo-perf")
        return [
            RateClaimed(message.evidence("rate"), self._login, rate, algorithm[:32])
            for algorithm, value in (list(rates.items())[:MAX_CLAIMS] if isinstance(rates, dict) else ())
            if (rate := number(value)) is not None and not algorithm.startswith("c29")
        ]

    def _job(self, message: Message) -> list[Observation]:
        return self._assign(message, message.params)

    def _submit(self, message: Message) -> list[Observation]:
        params = message.named
        if not _is_share(params):
            return []
        self._shares += 1
        self._asked.ask(message.body.get("id"), _Asked("submit", self._shares))
        name = text(params.get("job_id"))
        job = self._jobs.get(name) if name else None
        algorithm = self._algorithm(text(params.get("algo")) or (job.algorithm if job else None))
        login = self._sessions.get(text(params.get("id")) or "", self._login)
        hashes = job.hashes if job else None
        return [ShareSubmitted(message.evidence("share"), self._shares, login, name, hashes, algorithm,
                               _unit(algorithm))]

    def _get_job(self, message: Message) -> list[Observation]:
        self._asked.ask(message.body.get("id"), _Asked("getjob"))
        return self._claims(message)

    def _other(self, message: Message) -> list[Observation]:
        self._asked.ask(message.body.get("id"), _Asked("other"))
        self._note_seed(message.named)
        return []

    def _note_seed(self, params: dict[str, Any]) -> None:
        """Only RandomX has a seed; in self-select mode the miner's own template names it."""
        self._seeded = self._seeded or is_hex(params.get("seed_hash"), 64)

    def _algorithm(self, named: str | None) -> str | None:
        """The algorithm as named, or Monero's own where wallet and seed both say Monero."""
        if named is None and self._seeded and self._login and _MONERO.match(self._login):
            return "rx/0"
        return named

    def _answer(self, message: Message) -> list[Observation] | None:
        if message.side is Side.CLIENT:
            return []
        body = message.body
        if "result" not in body and "error" not in body:
            return None
        waiting = self._waiting(body)
        result = body.get("result")
        found: list[Observation] = []
        if waiting is not None and waiting.kind in ("login", "submit"):
            found += self._verdict(message, waiting)
        if isinstance(result, dict):
            job = result.get("job")
            found += self._assign(message, job if isinstance(job, dict) else result)
        return found

    def _waiting(self, body: dict[str, Any]) -> _Asked | None:
        """The request that an answer belongs to. Ids repeat (xmr-stak's and cpuminer's are all 1), so its form has a
        say: a login and getjob are answered by a job, keepalived by its own word, a share by neither."""
        result = body.get("result")
        fits: tuple[str, ...] = ("submit",)
        if isinstance(result, dict):
            if "job" in result or "job_id" in result:
                fits = ("login", "getjob")
            elif result.get("status") == "KEEPALIVED":
                fits = ("other",)
            found = self._asked.answer_if(body.get("id"), lambda asked: asked.kind in fits)
            if found is not None:
                return found
        return self._asked.answer(body.get("id"))

    def _verdict(self, message: Message, waiting: _Asked) -> list[Observation]:
        accepted, reason = verdict(message.body)
        result = message.body.get("result")
        if waiting.kind == "submit":
            if accepted is None and isinstance(result, dict) and not _is_job(result.get("job", result)):
                accepted = True  # xmrig takes any object for a yes
            evidence = message.evidence("accepted" if accepted else "rejected")
            return [] if accepted is None else [ShareAnswered(evidence, waiting.key, accepted, reason)]
        if isinstance(result, dict) and "id" in result:
            # xmrig reads the session's id; some pools leave the status out.
            accepted = True if accepted is None else accepted
            if "extra_nonce" in result and "job" not in result:
                self.negotiated = text(result.get("algo"))
            session = text(result["id"])
            if session is not None and len(self._sessions) < MAX_SESSIONS:
                self._sessions[session] = waiting.login
        return [] if accepted is None else [HandshakeAnswered(message.evidence("login answered"), accepted, reason)]

    def _assign(self, message: Message, job: Any) -> list[Observation]:
        if not _is_job(job):
            return []
        target, algorithm = job["target"], text(job.get("algo"))
        hashes = from_target_of_either_order(target) if len(target) == 64 else from_cryptonote_target(target)
        if algorithm == "rx/yada" and len(target) != 64:
            # The one algorithm whose target is read as a big-endian number (xmrig Job.cpp).
            hashes = from_cryptonote_target(bytes.fromhex(target)[::-1].hex())
        self._note_seed(job)
        algorithm = self._algorithm(algorithm)
        name = text(job.get("job_id"))
        if name is not None:
            self._jobs[name] = _Job(hashes, algorithm)
            self._jobs.move_to_end(name)
            if len(self._jobs) > MAX_JOBS:
                self._jobs.popitem(last=False)
        assigned = JobAssigned(message.evidence("job"), name, hashes, hashes, algorithm, _unit(algorithm))
        if is_hex(job.get("sig_key"), 64):
            # Only Wownero's miners sign their blocks.
            return [CoinHinted(message.evidence("job"), "WOW", algorithm, "job"), assigned]
        if algorithm == "rx/0" and str(job.get("blob")).startswith(_MONERO_BLOCK):
            return [CoinHinted(message.evidence("job"), "XMR", algorithm, "job"), assigned]
        return [assigned]


_READERS: dict[str, Callable[[MoneroJsonRpc, Message], list[Observation]]] = {
    "login": MoneroJsonRpc._log_in,
    "job": MoneroJsonRpc._job,
    "submit": MoneroJsonRpc._submit,
    "getjob": MoneroJsonRpc._get_job,
    "keepalived": MoneroJsonRpc._other,
    "block_template": MoneroJsonRpc._other,
}

DIALECT = MoneroJsonRpc
