"""eth-proxy: the node's getWork calls carried over a raw socket, one JSON object a line.

    {"method":"eth_submitLogin","params":["0x address(.worker)","x"],"worker":"rig"}      -> true; also eth_login
    {"method":"eth_getWork"} -> [0x header 64, 0x seed 64, 0x boundary 64, (0x height)]
    pushed work is an answer that nobody asked for, with id 0
    {"method":"eth_submitWork","params":[0x nonce 16, 0x header 64, 0x mix 64],"worker":…} -> true or false
    {"method":"eth_submitHashrate","params":[0x rate, 0x client id]}

Other coins change the prefix (Cortex: ctxc_, whose third part of a share is a cycle of 42 edges); of a prefix not
known only the form counts, since any service may have work to get and submit. Work of a share: 2^256 / boundary of
its header. Sources: sammy007/open-ethereum-pool docs/STRATUM.md, ethereum-mining/ethminer libpoolprotocols,
Miningcore.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar, TypeGuard

from msgspec import Struct, field

from netminer_detect.dialects.answers import verdict
from netminer_detect.dialects.dialect import Hint, Message, Strength, is_0x, text
from netminer_detect.dialects.logins import split_login
from netminer_detect.dialects.wallets import is_zano
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
from netminer_detect.patterns import pattern
from netminer_detect.requests import Requests
from netminer_detect.work import from_target, hex_integer

# Nervos has calls of the same names whose params are objects (`nervos_getwork`).
_METHOD = pattern(r"((?!ckb_)[a-z]{2,12})_(submitLogin|login|getWork|submitWork|submitHashrate)\Z", re.IGNORECASE)
_KINDS = {kind.lower(): kind for kind in ("submitLogin", "getWork", "submitWork", "submitHashrate")}
# As Claymore's miner calls it towards some pools; anybody may: the work it asks for next tells.
_KINDS["login"] = "submitLogin"
_KNOWN_PREFIXES = frozenset({"eth", "ctxc"})
_WALLET = pattern(r"0x[0-9a-fA-F]{40}(?:[./].*)?\Z")
# A boundary under which every hash of 2^16 passes is none: the least difficulty of a chain is 2^17.
_LEAST_ZEROS = 16
MAX_JOBS = 512
MAX_LOGINS = 256


def kind_of(method: str | None, params: list[Any]) -> str | None:
    """submitLogin, getWork, submitWork or submitHashrate of a coin's calls, None where it is none of them."""
    match = _METHOD.match(method or "")
    if match is None:
        return None
    name = match[2].lower()
    kind = _KINDS[name]
    if kind == "getWork" or (has_known_prefix(method) and name != "login"):
        return kind
    first = params[0] if params else None
    if kind == "submitLogin":
        own = isinstance(first, str) and _WALLET.match(first) is not None
    elif kind == "submitWork":
        own = _is_share(params)
    else:
        own = is_0x(first, range(1, 65))
    return kind if own else None


def _is_share(params: list[Any]) -> bool:
    return (
        len(params) == 3
        and is_0x(params[0], range(1, 17))
        and is_0x(params[1], 64)
        and is_0x(params[2], range(64, 1025))
    )


def has_known_prefix(method: str | None) -> bool:
    """Whether a method is one of Ethereum or its kin by name alone."""
    return (method or "").partition("_")[0].lower() in _KNOWN_PREFIXES


def is_work(result: Any) -> TypeGuard[list[Any]]:
    """Whether an answer is work: header, seed, boundary, and perhaps the height."""
    return (
        isinstance(result, list)
        and 3 <= len(result) <= 5
        and is_0x(result[0], 64)
        and is_0x(result[1], 64)
        and is_0x(result[2], range(1, 65))
    )


def _is_pushed(result: Any) -> bool:
    """Whether an answer that nobody asked for is work, and no list of hashes (a filter's new blocks)."""
    if not is_work(result) or any(is_0x(more, 64) for more in result[3:]):
        return False
    return int(result[2], 16) >> (256 - _LEAST_ZEROS) == 0


def _kind(message: Message) -> str | None:
    return kind_of(message.method, message.positional)


class _Asked(Struct):
    kind: str
    key: int = 0


class EthProxy(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "eth-proxy"
    ALGORITHM: ClassVar[str | None] = None
    _asked: Requests[_Asked] = field(default_factory=Requests)
    _jobs: OrderedDict[str, Fraction | None] = field(default_factory=OrderedDict)
    _logins: dict[str, str] = field(default_factory=dict)
    _latest: str | None = None
    _shares: int = 0

    @staticmethod
    def hint(message: Message) -> Hint | None:
        kind = _kind(message)
        if kind in ("submitLogin", "submitWork"):
            if message.positional and is_zano(message.positional[0]):
                return None
            # Another order of parts is another dialect's (newWork over WebSocket), or nobody's.
            asked = kind == "submitLogin" and not str(message.low_method).endswith("_login")
            sound = asked or (kind == "submitWork" and _is_share(message.positional))
            return Hint(Strength.CERTAIN if sound else Strength.WEAK, Side.CLIENT)
        if kind == "getWork":
            return Hint(Strength.LIKELY if has_known_prefix(message.method) else Strength.WEAK, Side.CLIENT)
        if kind == "submitHashrate":
            return Hint(Strength.WEAK, Side.CLIENT)  # other dialects have it too
        if message.method is None and _is_pushed(message.body.get("result")):
            # Pools of many coins push it to whoever came by another dialect, too: what the miner asks weighs more.
            return Hint(Strength.FAMILY, Side.SERVER)
        return None

    def read(self, message: Message) -> list[Observation] | None:
        if message.method is None:
            return self._answer(message)
        kind = _kind(message)
        if kind is None:
            return None
        return _READERS[kind](self, message)

    def gap(self, side: Side) -> None:
        """Every job carries its target: nothing is forgotten."""

    def _ask(self, message: Message, kind: str, key: int = 0) -> None:
        self._asked.ask(message.body.get("id"), _Asked(kind, key))

    def _login(self, message: Message) -> list[Observation]:
        self._ask(message, "login")
        params = message.positional
        login = text(params[0]) if params else None
        if login is None:
            return [HandshakeAsked(message.evidence("login"))]
        rig = text(message.body.get("worker"))
        user, worker = split_login(login, rig)
        password = params[1] if len(params) > 1 and isinstance(params[1], str) else None
        whole = f"{login}/{rig}" if rig else login
        if len(self._logins) < MAX_LOGINS:
            self._logins[rig or ""] = whole
        self._latest = whole
        return [
            HandshakeAsked(message.evidence("login")),
            WorkerLogin(message.evidence("login"), whole, user, worker, password),
        ]

    def _get_work(self, message: Message) -> list[Observation]:
        self._ask(message, "work")
        return [HandshakeAsked(message.evidence("getWork"))]

    def _submit(self, message: Message) -> list[Observation]:
        self._shares += 1
        self._ask(message, "submit", self._shares)
        params = message.positional
        header = text(params[1]) if len(params) > 1 else None
        # Another coin's algorithm is another, and may count cycles of a graph instead of hashes.
        prefix, other, _ = str(message.method).lower().partition("_")
        known = header is not None and (prefix == "eth" or not other)
        hashes = self._jobs.get(str(header).lower()) if known else None
        return [ShareSubmitted(message.evidence("share"), self._shares, self._login_of(message), header, hashes,
                               self.ALGORITHM)]

    def _login_of(self, message: Message) -> str | None:
        """The login of the rig that a message names, as it logged in."""
        return self._logins.get(text(message.body.get("worker")) or "", self._latest)

    def _hashrate(self, message: Message) -> list[Observation]:
        self._ask(message, "other")
        rate = hex_integer(message.positional[0]) if message.positional else None
        if not rate:
            return []
        return [RateClaimed(message.evidence("rate"), self._login_of(message), Fraction(rate))]

    def _answer(self, message: Message) -> list[Observation] | None:
        if message.side is Side.CLIENT:
            return []
        result = message.body.get("result")
        if is_work(result):
            # Pushed work has id 0, which may also be the id of a submission that still waits: only a request
            # for work is answered by work.
            self._asked.answer_if(message.body.get("id"), lambda asked: asked.kind == "work")
            return self._work(message, result)
        waiting = self._asked.answer(message.body.get("id"))
        accepted, reason = verdict(message.body)
        if waiting is None or accepted is None:
            return []
        if waiting.kind == "submit":
            evidence = message.evidence("accepted" if accepted else "rejected")
            return [ShareAnswered(evidence, waiting.key, accepted, reason)]
        if waiting.kind == "login" or (waiting.kind == "work" and not accepted):
            return [HandshakeAnswered(message.evidence(f"{waiting.kind} answered"), accepted, reason)]
        return []

    def _work(self, message: Message, work: list[Any]) -> list[Observation]:
        header, hashes = work[0].lower(), from_target(work[2])
        if header in self._jobs and self._jobs[header] == hashes:
            return []  # polled again
        self._remember(header, hashes)
        return [JobAssigned(message.evidence("job"), work[0], hashes, hashes, self.ALGORITHM)]

    def _remember(self, job: str, hashes: Fraction | None) -> None:
        """Shares of this job are worth so much from now on."""
        self._jobs[job] = hashes
        self._jobs.move_to_end(job)
        if len(self._jobs) > MAX_JOBS:
            self._jobs.popitem(last=False)


_READERS: dict[str, Callable[[EthProxy, Message], list[Observation]]] = {
    "submitLogin": EthProxy._login,
    "getWork": EthProxy._get_work,
    "submitWork": EthProxy._submit,
    "submitHashrate": EthProxy._hashrate,
}

DIALECT = EthProxy
