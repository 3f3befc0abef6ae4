"""The HTTP interfaces of GPU miners: T-Rex, NBMiner, lolMiner, GMiner, SRBMiner. Each is told by its reply.

    T-Rex     GET /summary        {"name":"t-rex","version","algorithm","hashrate":H/s,"active_pool":{"url","user"},
                                  "gpus":[{"power"}]}
    NBMiner   GET /api/v1/status  {"miner":{"total_hashrate_raw","total_power_consume"},"stratum":{"url","user",
                                  "algorithm"},"version"}
    lolMiner  GET / or /summary   {"Software":"lolMiner 1.98","Algorithms":[{"Algorithm","Pool","User","Worker",
                                  "Total_Performance","Performance_Factor"}]}, once "Mining", "Stratum", "Session"
    GMiner    GET /stat           {"miner":"GMiner 3.44","algorithm","server","user",
                                  "devices":[{"speed","power_usage"}]}
    SRBMiner  GET / or /stats     {"rig_name","miner_version","total_cpu_workers","total_gpu_workers","algorithms":
                                  [{"name","pool":{"pool","wallet"},"hashrate":{"cpu":{"total"},"gpu":{"total"}}}],
                                  "gpu_devices":[{"asic_power"}]}

Sources: the programs' own documents (trexminer/T-Rex, NebuTech/NBMiner, Lolliedieb/lolMiner-releases, develsoftware/
GMinerRelease, doktor83/SRBMiner-Multi).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar

from netminer_detect.dialects.device_text import host_of, watts_of
from netminer_detect.dialects.dialect import text
from netminer_detect.dialects.exchanges import Asked, Reply
from netminer_detect.observations import DeviceReported, Evidence, Observation
from netminer_detect.work import number

_PATHS = frozenset({"/", "/summary", "/stat", "/stats", "/api/v1/status"})
MAX_CARDS = 64
# lolMiner's units of hashes, before it told a factor.
_FACTORS = {"h/s": Fraction(1), "kh/s": Fraction(10**3), "mh/s": Fraction(10**6), "gh/s": Fraction(10**9)}
_SRBMINER = {"rig_name", "total_cpu_workers", "total_gpu_workers"}


class GpuMinerHttp:
    """See the module's contract."""

    NAME: ClassVar[str] = "gpu-miner-http"

    @staticmethod
    def knows(method: str, path: str) -> bool:
        return method == "GET" and path in _PATHS

    def asked(self, asked: Asked) -> list[Observation]:
        return []

    def answered(self, asked: Asked, reply: Reply) -> list[Observation]:
        for read in _READERS:
            seen = read(reply.body, reply.evidence("device")) if reply.body else None
            if seen is not None:
                return [seen]
        return []


def _part(body: dict[str, Any], name: str) -> dict[str, Any]:
    part = body.get(name)
    part = part[0] if isinstance(part, list) and part else part
    return part if isinstance(part, dict) else {}


def _sum(cards: object, *names: str) -> Fraction | None:
    """The sum of a figure over the cards, None where none has it."""
    listed = [card for card in cards[:MAX_CARDS] if isinstance(card, dict)] if isinstance(cards, list) else []
    figures = [number(card[name]) for card in listed for name in names if name in card]
    known = [figure for figure in figures if figure is not None]
    return sum(known, Fraction(0)) if known else None


def _of_trex(body: dict[str, Any], evidence: Evidence) -> DeviceReported | None:
    if body.get("name") != "t-rex" or "hashrate" not in body:
        return None
    pool = _part(body, "active_pool")
    host, port = host_of(text(pool.get("url"))) or (None, None)
    version = text(body.get("version"))
    return DeviceReported(
        evidence, f"T-Rex/{version}" if version else "T-Rex", None, host, port, text(pool.get("user")),
        text(pool.get("worker")), text(body.get("algorithm")), number(body.get("hashrate")),
        power_w=watts_of(_sum(body.get("gpus"), "power")),
    )  # fmt: skip


def _of_nbminer(body: dict[str, Any], evidence: Evidence) -> DeviceReported | None:
    miner, stratum = _part(body, "miner"), _part(body, "stratum")
    if "total_hashrate_raw" not in miner or "url" not in stratum:
        return None
    host, port = host_of(text(stratum.get("url"))) or (None, None)
    version = text(body.get("version"))
    return DeviceReported(
        evidence, f"NBMiner/{version}" if version else "NBMiner", None, host, port, text(stratum.get("user")),
        algorithm=text(stratum.get("algorithm")), rate=number(miner.get("total_hashrate_raw")),
        power_w=watts_of(miner.get("total_power_consume")),
    )  # fmt: skip


def _of_lolminer(body: dict[str, Any], evidence: Evidence) -> DeviceReported | None:
    agent = text(body.get("Software"))
    if agent is None or not agent.startswith("lolMiner"):
        return None
    new, mining, stratum = _part(body, "Algorithms"), _part(body, "Mining"), _part(body, "Stratum")
    host, port = host_of(text(new.get("Pool")) or text(stratum.get("Current_Pool"))) or (None, None)
    rate, factor = number(new.get("Total_Performance")), number(new.get("Performance_Factor"))
    if not new:
        session = _part(body, "Session")
        rate = number(session.get("Performance_Summary"))
        factor = _FACTORS.get(str(session.get("Performance_Unit")).lower())
    cards = body.get("Workers") or body.get("GPUs")
    return DeviceReported(
        evidence, agent, None, host, port, text(new.get("User")) or text(stratum.get("Current_User")),
        text(new.get("Worker")), text(new.get("Algorithm")) or text(mining.get("Algorithm")),
        rate * factor if rate is not None and factor is not None else None,
        power_w=watts_of(_sum(cards, "Power", "Consumption (W)")),
    )  # fmt: skip


def _of_gminer(body: dict[str, Any], evidence: Evidence) -> DeviceReported | None:
    agent, cards = text(body.get("miner")), body.get("devices")
    if agent is None or not agent.startswith("GMiner") or not isinstance(cards, list):
        return None
    host, port = host_of(text(body.get("server"))) or (None, None)
    return DeviceReported(
        evidence, agent, None, host, port, text(body.get("user")), algorithm=text(body.get("algorithm")),
        rate=_sum(cards, "speed"), power_w=watts_of(_sum(cards, "power_usage")),
    )  # fmt: skip


def _of_srbminer(body: dict[str, Any], evidence: Evidence) -> DeviceReported | None:
    work, version = _part(body, "algorithms"), text(body.get("miner_version"))
    pool, rates = _part(work, "pool"), _part(work, "hashrate")
    if version is None or not body.keys() >= _SRBMINER or "pool" not in pool:
        return None
    host, port = host_of(text(pool.get("pool"))) or (None, None)
    rate = _sum([rates.get("cpu"), rates.get("gpu")], "total")
    return DeviceReported(
        evidence, f"SRBMiner-MULTI/{version}", None, host, port, text(pool.get("wallet")),
        text(body.get("rig_name")), text(work.get("name")), rate,
        power_w=watts_of(_sum(body.get("gpu_devices"), "asic_power")),
    )  # fmt: skip


_READERS: tuple[Callable[[dict[str, Any], Evidence], DeviceReported | None], ...] = (
    _of_trex, _of_nbminer, _of_lolminer, _of_gminer, _of_srbminer,
)  # fmt: skip

EXCHANGE_DIALECT = GpuMinerHttp
