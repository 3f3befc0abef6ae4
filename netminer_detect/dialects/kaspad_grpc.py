"""Solo mining against a node of Kaspa or of its forks: gRPC over HTTP/2 in the clear, one stream of messages.

    client getBlockTemplateRequest (1005) {payAddress 1, extraData 2} -> getBlockTemplateResponse (1006) {block 3, error
           1000}
    client submitBlockRequest (1003) {block 2} -> submitBlockResponse (1004) {rejectReason 1, error 1000}

Answers come in the order of the requests. Wallets and explorers use other messages of the same stream: whoever names an
address to be paid, or hands a block in, mines. A whole block is handed in, not a share: there is no work to count.
Source: kaspanet/kaspad infrastructure/network/netadapter/server/grpcserver/protowire/{messages,rpc}.proto.
"""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from netminer_detect.dialects.answers import MAX_REASON
from netminer_detect.dialects.kaspa import FORKS
from netminer_detect.dialects.protobuf import Fields, fields, part
from netminer_detect.marks import Mark
from netminer_detect.observations import (
    DialectRecognised,
    Evidence,
    HandshakeAnswered,
    HandshakeAsked,
    JobAssigned,
    Observation,
    ShareAnswered,
    ShareSubmitted,
    Side,
    WorkerLogin,
)
from netminer_detect.patterns import pattern

MAX_WAITING, MAX_STRANGE = 1024, 64
_SUBMIT, _SUBMITTED, _ASK, _TEMPLATE = 1003, 1004, 1005, 1006
_ADDRESS, _EXTRA, _SUBMITTED_BLOCK, _GIVEN_BLOCK, _REASON, _ERROR = 1, 2, 2, 3, 1, 1000
_REASONS = {1: "block invalid", 2: "node is not synced"}
_WALLET = pattern(rb"([a-z]{3,20}):[qp][0-9a-z]{50,80}\Z")
# A header without transactions is longer.
_MIN_BLOCK = 128


class KaspadGrpc:
    """See the module's contract."""

    NAME: ClassVar[str] = "kaspad-grpc"

    def __init__(self) -> None:
        self.done = False
        self._client: Side | None = None
        self._strange = 0
        self._wallet: str | None = None
        self._algorithm: str | None = None
        self._block: bytes | None = None
        self._waiting: deque[int] = deque(maxlen=MAX_WAITING)
        self._blocks = 0

    def message(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Calls`."""
        content = fields(data)
        if content is None:
            content = {}
        found = self._ask(side, content, mark) + self._submit(side, content, mark)
        if self._client is None:
            self._strange += 1
            self.done = self._strange > MAX_STRANGE
        elif side is not self._client:
            found += self._template(content, mark) + self._submitted(content, mark)
        return found

    def gap(self, side: Side) -> list[Observation]:
        """See `Calls`. Which block the next answer is for is no longer known."""
        self._waiting.clear()
        return []

    def _recognise(self, side: Side, mark: Mark) -> list[Observation]:
        if self._client is not None:
            return []
        self._client = side
        evidence = Evidence(mark, Side.CLIENT, "dialect", "")
        return [DialectRecognised(evidence, self.NAME, side is Side.SERVER)]

    def _ask(self, side: Side, content: Fields, mark: Mark) -> list[Observation]:
        asked = fields(part(content, _ASK) or b"") or {}
        address = part(asked, _ADDRESS) or b""
        wallet = _WALLET.match(address)
        if wallet is None or self._client not in (None, side):
            return []
        found = self._recognise(side, mark)
        login = address.decode("ascii")
        if login == self._wallet:
            return found
        self._wallet, self._algorithm = login, FORKS.get(wallet[1].decode("ascii").removesuffix("test"))
        agent = (part(asked, _EXTRA) or b"").decode("utf-8", "replace")[:MAX_REASON] or None
        evidence = Evidence(mark, Side.CLIENT, "login", {"getBlockTemplateRequest": {"payAddress": login}})
        return [*found, HandshakeAsked(evidence, agent), WorkerLogin(evidence, login, login, None, agent=agent)]

    def _submit(self, side: Side, content: Fields, mark: Mark) -> list[Observation]:
        block = part(fields(part(content, _SUBMIT) or b"") or {}, _SUBMITTED_BLOCK)
        if block is None or len(block) < _MIN_BLOCK or self._client not in (None, side):
            return []
        self._blocks += 1
        self._waiting.append(self._blocks)
        evidence = Evidence(mark, Side.CLIENT, "block", f"submitBlockRequest of {len(block)} bytes")
        share = ShareSubmitted(evidence, self._blocks, self._wallet, None, None, self._algorithm)
        return [*self._recognise(side, mark), share]

    def _template(self, content: Fields, mark: Mark) -> list[Observation]:
        given = fields(part(content, _TEMPLATE) or b"") or {}
        error, block = _error_of(given), part(given, _GIVEN_BLOCK)
        if error is not None:
            evidence = Evidence(mark, Side.SERVER, "template refused", f"getBlockTemplateResponse: {error}")
            return [HandshakeAnswered(evidence, False, error)]
        if block is None or len(block) < _MIN_BLOCK:
            return []
        evidence = Evidence(mark, Side.SERVER, "job", f"getBlockTemplateResponse of {len(block)} bytes")
        found: list[Observation] = [HandshakeAnswered(evidence, True)]
        if block != self._block:
            self._block = block
            found.append(JobAssigned(evidence, None, None, None, self._algorithm))
        return found

    def _submitted(self, content: Fields, mark: Mark) -> list[Observation]:
        raw = part(content, _SUBMITTED)
        if raw is None or not self._waiting:
            return []
        answer = fields(raw) or {}
        number = answer.get(_REASON, [0])[-1]
        reason = _error_of(answer) or (_REASONS.get(number, f"reason {number}") if isinstance(number, int) and number
                                       else None)
        evidence = Evidence(mark, Side.SERVER, "rejected" if reason else "accepted",
                            f"submitBlockResponse: {reason or 'accepted'}")
        return [ShareAnswered(evidence, self._waiting.popleft(), reason is None, reason)]


def _error_of(answer: Fields) -> str | None:
    """What an answer says is wrong."""
    error = fields(part(answer, _ERROR) or b"") or {}
    return (part(error, 1) or b"").decode("utf-8", "replace")[:MAX_REASON] or None


GRPC_DIALECT = KaspadGrpc
