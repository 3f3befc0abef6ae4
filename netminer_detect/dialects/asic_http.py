"""The web interfaces of other ASICs and of firmware for Antminers: IceRiver, Goldshell, ePIC, Vnish.

    IceRiver   POST /user/userpanel     {"error":0,"data":{"model","rtpow":"9.1T","powstate","boards":[…],"pools":
                                        [{"addr","user","connect","state"}]}}
    Goldshell  GET /mcb/pools           [{"url","user","pass","dragid","active"}]; GET /mcb/status {"model","firmware"}
    ePIC       GET /summary, port 4028  {"Software":"PowerPlay v1.4","Stratum":{"Current Pool","Current User"},
                                        "HBs":[{"Hashrate":[MH/s, percent]}],"Power Supply Stats":{"Input Power"}}
    Vnish      GET /api/v1/summary      {"miner":{"miner_type":"Antminer S19 (Vnish 1.2.0)","power_usage",…}};
               GET /api/v1/settings     {"miner":{"pools":[{"url","user","pass"}],…}}

Source: UpstreamData/pyasic miners/backends and web.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar

from netminer_detect.dialects.device_text import host_of, watts_of
from netminer_detect.dialects.dialect import text
from netminer_detect.dialects.exchanges import Asked, Reply
from netminer_detect.observations import DeviceReported, Evidence, Observation
from netminer_detect.patterns import pattern
from netminer_detect.work import number

MAX_PARTS = 64
_MEGA = 10**6
_SCALES = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
_RATE = pattern(r"\s*([0-9.]{1,16})\s*([KMGTP])(?:H/s)?\s*\Z")
_VNISH = pattern(r"(.{1,64}?)\s*\(Vnish ([^)]{1,32})\)\Z")


class AsicHttp:
    """See the module's contract."""

    NAME: ClassVar[str] = "asic-http"

    @staticmethod
    def knows(method: str, path: str) -> bool:
        return path in _READERS

    def asked(self, asked: Asked) -> list[Observation]:
        return []

    def answered(self, asked: Asked, reply: Reply) -> list[Observation]:
        seen = _READERS[asked.path](reply.body, reply.evidence("device")) if reply.body else None
        return [] if seen is None else [seen]


def _parts(value: object) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [one for one in value[:MAX_PARTS] if isinstance(one, dict)] if isinstance(value, list) else []


def _part(body: dict[str, Any], name: str) -> dict[str, Any]:
    part = body.get(name)
    return part if isinstance(part, dict) else {}


def _of_iceriver(body: dict[str, Any], evidence: Evidence) -> DeviceReported | None:
    data = _part(body, "data")
    if "powstate" not in data or not isinstance(data.get("rtpow"), str) or not isinstance(data.get("pools"), list):
        return None
    pools = [pool for pool in _parts(data["pools"]) if pool.get("addr")]
    pools.sort(key=lambda pool: not pool.get("connect"))
    pool = pools[0] if pools else {}
    host, port = host_of(text(pool.get("addr"))) or (None, None)
    rate, model = _RATE.match(data["rtpow"]), text(data.get("model"))
    amount = number(rate[1]) if rate else None
    return DeviceReported(
        evidence, None, model if model and model != "none" else "IceRiver", host, port, text(pool.get("user")),
        rate=amount * _SCALES[rate[2]] if rate and amount is not None else None,
    )  # fmt: skip


def _of_goldshell(body: dict[str, Any], evidence: Evidence) -> DeviceReported | None:
    if "firmware" in body and (text(body.get("model")) or "").lower().startswith("goldshell"):
        return DeviceReported(evidence, None, text(body.get("model")), running=False)
    if not body.keys() >= {"url", "user", "dragid"}:
        return None
    host, port = host_of(text(body.get("url"))) or (None, None)
    return DeviceReported(evidence, None, "Goldshell", host, port, text(body.get("user")))


def _of_epic(body: dict[str, Any], evidence: Evidence) -> DeviceReported | None:
    agent, stratum = text(body.get("Software")), _part(body, "Stratum")
    if agent is None or not agent.startswith("PowerPlay") or "HBs" not in body:
        return None
    host, port = host_of(text(stratum.get("Current Pool"))) or (None, None)
    rates = [number(board["Hashrate"][0]) for board in _parts(body["HBs"])
             if isinstance(board.get("Hashrate"), list) and board["Hashrate"]]
    known = [rate for rate in rates if rate is not None]
    return DeviceReported(
        evidence, agent, None, host, port, text(stratum.get("Current User")),
        rate=sum(known, Fraction(0)) * _MEGA if known else None,
        power_w=watts_of(_part(body, "Power Supply Stats").get("Input Power")),
    )  # fmt: skip


def _of_vnish(body: dict[str, Any], evidence: Evidence) -> DeviceReported | None:
    miner = _part(body, "miner")
    kind = _VNISH.match(text(miner.get("miner_type")) or "")
    if kind is not None:
        return DeviceReported(evidence, f"Vnish {kind[2]}", kind[1], power_w=watts_of(miner.get("power_usage")))
    pools = [pool for pool in _parts(miner.get("pools")) if pool.get("url") and "user" in pool]
    if not pools or "overclock" not in miner:
        return None
    host, port = host_of(text(pools[0]["url"])) or (None, None)
    return DeviceReported(evidence, "Vnish", None, host, port, text(pools[0]["user"]))


_READERS: dict[str, Callable[[dict[str, Any], Evidence], DeviceReported | None]] = {
    "/user/userpanel": _of_iceriver,
    "/mcb/pools": _of_goldshell,
    "/mcb/status": _of_goldshell,
    "/summary": _of_epic,
    "/api/v1/summary": _of_vnish,
    "/api/v1/settings": _of_vnish,
}

EXCHANGE_DIALECT = AsicHttp
