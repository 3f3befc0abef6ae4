"""Bytom's Stratum (Tensority; the coin is dead): login, job and submit as in CryptoNote's, with a header in the job.

    login {login, pass, agent} -> {id, job, status}; job {version, height, previous_block_hash, timestamp,
    transactions_merkle_root, transaction_status_hash, nonce, bits, job_id, seed, target}
    submit {id, job_id, nonce 16} -> {status}; getwork

The target's form is not settled (sources read it as 256 bits and as CryptoNote's short form, a factor of 2^200
apart), so shares are counted and their work is not. Source: btccom/btcpool docs/bytom/STRATUM-BTM.md.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects.dialect import Hint, Message, Strength, is_hex, text
from netminer_detect.dialects.login_job import LoginJob, Offer
from netminer_detect.observations import Side
from netminer_detect.patterns import pattern

_WALLET = pattern(r"b[nm]1q[0-9a-z]{38,58}(?:[./].*)?\Z")


def _is_wallet(value: object) -> bool:
    return isinstance(value, str) and _WALLET.match(value) is not None


def _is_job(job: Any) -> bool:
    return (
        isinstance(job, dict)
        and "job_id" in job
        and is_hex(job.get("transactions_merkle_root"), 64)
        and is_hex(job.get("previous_block_hash"), 64)
    )


class Bytom(LoginJob):
    """See the module's contract."""

    NAME: ClassVar[str] = "bytom"

    @staticmethod
    def hint(message: Message) -> Hint | None:
        method, params, result = message.method, message.named, message.body.get("result")
        if method == "job" and _is_job(params):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if method is None and isinstance(result, dict) and (_is_job(result.get("job")) or _is_job(result)):
            return Hint(Strength.CERTAIN, Side.SERVER)
        if method == "login" and _is_wallet(params.get("login")) and ("pass" in params or "agent" in params):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        sound = "job_id" in params and is_hex(params.get("nonce"), 16)
        if method == "submit" and sound and _is_wallet(params.get("id")):
            return Hint(Strength.CERTAIN, Side.CLIENT)
        return None

    def _offer(self, job: dict[str, Any]) -> Offer | None:
        return Offer(text(job["job_id"]), None, "tensority") if _is_job(job) else None


DIALECT = Bytom
