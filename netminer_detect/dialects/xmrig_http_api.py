"""The HTTP interface of XMRig and xmrig-proxy.

    GET /2/summary (or /1/summary) -> {"kind":"miner"|"proxy","ua":"XMRig/6.26.0 …","algo":"rx/0","worker_id",
        "connection":{"pool":"host:port"},"hashrate":{"total":[10 s, 60 s, 15 min]},…}
    GET /1/config -> {"pools":[{"url","user","pass"}],…}

The rates are in H/s, a proxy's in kH/s. Source: xmrig/xmrig doc/API.md, src/base/api.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from netminer_detect.dialects.device_text import host_of
from netminer_detect.dialects.dialect import text
from netminer_detect.dialects.exchanges import Asked, Reply
from netminer_detect.observations import DeviceReported, Observation
from netminer_detect.work import number

_PATHS = ("/1/summary", "/2/summary", "/api.json", "/1/config", "/2/config")


class XmrigHttpApi:
    """See the module's contract."""

    NAME: ClassVar[str] = "xmrig-http-api"

    @staticmethod
    def knows(method: str, path: str) -> bool:
        return path.rstrip("/") in _PATHS

    def asked(self, asked: Asked) -> list[Observation]:
        return []

    def answered(self, asked: Asked, reply: Reply) -> list[Observation]:
        body = reply.body
        if body.get("kind") in ("miner", "proxy") and "hashrate" in body and ("algo" in body or "results" in body):
            return [_summary(body, reply)]
        pools = body.get("pools")
        if asked.path.rstrip("/").endswith("/config") and isinstance(pools, list) and "donate-level" in body:
            return _config(pools, reply)
        return []


def _summary(body: dict[str, Any], reply: Reply) -> DeviceReported:
    connection = body.get("connection")
    pool, port = (host_of(text(connection.get("pool"))) if isinstance(connection, dict) else None) or (None, None)
    version = text(body.get("version"))
    name = "xmrig-proxy" if body["kind"] == "proxy" else "XMRig"
    return DeviceReported(
        reply.evidence("device"), text(body.get("ua")) or (f"{name}/{version}" if version else name), None, pool, port,
        worker=text(body.get("worker_id")), algorithm=text(body.get("algo")),
        rate=_rate(body["hashrate"], 1000 if body["kind"] == "proxy" else 1),
    )  # fmt: skip


def _rate(hashrate: Any, unit: int) -> Fraction | None:
    total = hashrate.get("total") if isinstance(hashrate, dict) else None
    rates = [number(rate) for rate in total[:6]] if isinstance(total, list) else []
    rate = next((rate for rate in rates if rate is not None), None)
    return None if rate is None else rate * unit


def _config(pools: list[Any], reply: Reply) -> list[Observation]:
    for pool in pools[:16]:
        named = host_of(text(pool.get("url"))) if isinstance(pool, dict) and pool.get("enabled", True) else None
        if named is not None:
            rig = text(pool.get("rig-id"))
            return [DeviceReported(reply.evidence("device"), "XMRig", None, *named, text(pool.get("user")), rig)]
    return []


EXCHANGE_DIALECT = XmrigHttpApi
