"""Grin's Stratum (Cuckatoo and Cuckaroo), and MWC's: cycles in graphs, ids that are all the same.

    login {login, pass, agent} -> "ok"; getjobtemplate -> {difficulty, height, job_id, pre_pow}
    {"id":"Stratum","method":"job","params":{difficulty, height, job_id, pre_pow}}
    submit {edge_bits, height, job_id, nonce, pow: [42 edges]} -> "ok" or "blockfound - …"; keepalive, status

Answers repeat the method. Work of a share: the difficulty of its job, in solutions (grin's stratumserver.rs sends it
unscaled; a graph holds one in 42 or so). Sources: mimblewimble/grin doc/stratum.md and servers/src/mining,
nicehash/Specifications Grin_NiceHash_v1.0.txt, MoneroOcean/nodejs-pool lib/coins.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.answers import verdict
from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.login_job import LoginJob, Offer
from netminer_detect.observations import Side
from netminer_detect.work import number

_PRE_POW = range(300, 2048)
_CYCLE = (32, 40, 42, 48)
_AGENTS = ("grin-miner", "mwc-miner")
# Size of the graph -> algorithm; there are four kinds of Cuckaroo of 29 bits, which the wire does not tell.
_ALGORITHMS = {29: "cuckaroo29", 31: "cuckatoo31", 32: "cuckatoo32"}


def _is_job(job: Any) -> bool:
    return isinstance(job, dict) and "job_id" in job and is_hex(job.get("pre_pow"), _PRE_POW)


def _is_share(params: dict[str, Any]) -> bool:
    edges = params.get("pow")
    return "job_id" in params and "nonce" in params and isinstance(edges, list) and len(edges) in _CYCLE and all(
        isinstance(edge, int) for edge in edges)


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
        if method == "submit" and "edge_bits" in params and _is_share(params):
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
        bits = params.get("edge_bits")
        return _ALGORITHMS.get(bits) if isinstance(bits, int) else None

    def _accepts(self, body: dict[str, Any]) -> tuple[bool | None, str | None]:
        result = body.get("result")
        if isinstance(result, str) and result.startswith("blockfound"):
            return True, None
        return verdict(body)


DIALECT = Grin
