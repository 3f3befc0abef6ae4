"""Grin's Stratum (Cuckatoo and Cuckaroo), MWC's and Epic's: cycles in graphs, ids that are all the same.

    login {login, pass, agent} -> "ok"; getjobtemplate -> {difficulty, height, job_id, pre_pow}
    {"id":"Stratum","method":"job","params":{difficulty, height, job_id, pre_pow}}
    submit {edge_bits, height, job_id, nonce, pow: [42 edges]} -> "ok" or "blockfound - …"; keepalive, status

Epic tags the proof: {"Cuckoo": [edge_bits, edges]}, {"RandomX": 32 bytes}, {"ProgPow": 32 bytes}; what its difficulties
mean for the two hashes is not settled, so their work is not told. Answers repeat the method. Work of a share: the
difficulty of its job, in solutions (grin's stratumserver.rs sends it unscaled; a graph holds one in 42 or so). Sources:
mimblewimble/grin doc/stratum.md and EpicCash/epic servers/src/mining/stratumserver.rs, nicehash/Specifications
Grin_NiceHash_v1.0.txt, MoneroOcean/nodejs-pool lib/coins.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from netminer_detect.dialects.answers import verdict
from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.login_job import LoginJob, Offer
from netminer_detect.observations import Side
from netminer_detect.work import number

_PRE_POW = range(300, 2048)
_CYCLE = (32, 40, 42, 48)
_HASHES = {"RandomX": "randomx", "ProgPow": "progpow"}
_AGENTS = ("grin-miner", "mwc-miner")
# Size of the graph -> algorithm; there are four kinds of Cuckaroo of 29 bits, which the wire does not tell.
_ALGORITHMS = {29: "cuckaroo29", 31: "cuckatoo31", 32: "cuckatoo32"}


def _is_job(job: Any) -> bool:
    return isinstance(job, dict) and "job_id" in job and is_hex(job.get("pre_pow"), _PRE_POW)


def _proof(params: dict[str, Any]) -> tuple[str, Any, Any]:
    """(kind, size of the graph, numbers) of a share; Grin's own have no kind."""
    proof = params.get("pow")
    if not isinstance(proof, dict):
        return "", params.get("edge_bits"), proof
    kind, value = next(iter(proof.items()), ("", None))
    if kind == "Cuckoo" and isinstance(value, list) and len(value) == 2:
        return kind, value[0], value[1]
    return kind, None, value


def _is_share(params: dict[str, Any]) -> bool:
    if "job_id" not in params or "nonce" not in params:
        return False
    kind, bits, numbers = _proof(params)
    if not isinstance(numbers, list) or not all(isinstance(one, int) for one in numbers[:64]):
        return False
    return len(numbers) == 32 if kind in _HASHES else isinstance(bits, int) and len(numbers) in _CYCLE


class Grin(LoginJob):
    """See the module's contract."""

    NAME: ClassVar[str] = "grin"
    UNIT: ClassVar[str] = "sol"

    @staticmethod
    def hint(message: Message) -> Hint | None:
        method, params, result = message.method, message.named, message.body.get("result")
        if method == "getjobtemplate":
            asked = "result" not in message.body and "error" not in message.body
            sure = Strength.CERTAIN if _is_job(result) else Strength.LIKELY
            return Hint(sure, Side.CLIENT if asked else Side.SERVER)
        if _is_job(params if method == "job" else result):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if method == "submit" and _is_share(params):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        if method == "login" and str(params.get("agent"))[:10].startswith(_AGENTS):
            return Hint(Strength.LIKELY, Side.CLIENT)
        return None

    def _offer(self, job: dict[str, Any]) -> Offer | None:
        if not _is_job(job):
            return None
        named = text(job.get("algo"))
        return Offer(text(job["job_id"]), number(job.get("difficulty")), named)

    def _algorithm_of(self, params: dict[str, Any], offer: Offer | None) -> str | None:
        if offer is not None and offer.algorithm is not None:
            return offer.algorithm
        kind, bits, _ = _proof(params)
        return _HASHES.get(kind) or (_ALGORITHMS.get(bits) if isinstance(bits, int) else None)

    def _hashes_of(self, params: dict[str, Any], offer: Offer | None) -> Fraction | None:
        return None if _proof(params)[0] in _HASHES else super()._hashes_of(params, offer)

    def _accepts(self, body: dict[str, Any]) -> tuple[bool | None, str | None]:
        result = body.get("result")
        if isinstance(result, str) and result.startswith("blockfound"):
            return True, None
        return verdict(body)


DIALECT = Grin
