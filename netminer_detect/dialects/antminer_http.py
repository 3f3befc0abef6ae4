"""The web interface of Antminers and their kin: HTTP Digest, then JSON from /cgi-bin/.

    401, WWW-Authenticate: Digest realm="antMiner Configuration"  (Hammer: "blackMiner", Elphapex: "Daoge")
    get_system_info.cgi -> {"minertype":"Antminer S19",…}; summary.cgi, stats.cgi -> {"INFO":{"type"},"SUMMARY" or
    "STATS":[{"rate_avg","rate_unit":"GH/s",…}]}; pools.cgi -> {"POOLS":[{"url","user","status"}]};
    get_miner_conf.cgi -> {"pools":[{"url","user","pass"}]}

The realm alone tells the device, not that it mines. Source: UpstreamData/pyasic web/antminer.py.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from netminer_detect.dialects.device_text import host_of
from netminer_detect.dialects.dialect import text
from netminer_detect.dialects.exchanges import Asked, Reply
from netminer_detect.observations import DeviceReported, Evidence, Observation
from netminer_detect.patterns import pattern
from netminer_detect.work import number

_REALMS = {"antminer configuration": "Antminer", "blackminer configuration": "Hammer", "blackminer": "Hammer",
           "daoge": "Elphapex"}  # fmt: skip
_REALM = pattern(r'realm="([^"]{1,64})"')
_UNITS = {"H/S": 1, "KH/S": 10**3, "MH/S": 10**6, "GH/S": 10**9, "TH/S": 10**12}


class AntminerHttp:
    """See the module's contract."""

    NAME: ClassVar[str] = "antminer-http"

    @staticmethod
    def knows(method: str, path: str) -> bool:
        return path.startswith("/cgi-bin/") and path.endswith(".cgi")

    def asked(self, asked: Asked) -> list[Observation]:
        return []

    def answered(self, asked: Asked, reply: Reply) -> list[Observation]:
        if reply.response.status == 401:
            realm = _REALM.search(reply.response.headers.get("www-authenticate", ""))
            maker = _REALMS.get(realm[1].lower()) if realm else None
            if maker is None or realm is None:
                return []
            evidence = Evidence(reply.response.mark, reply.evidence("").side, "device page", f"401, realm {realm[1]}")
            return [DeviceReported(evidence, None, maker, running=False)]
        seen = _device(reply.body, reply.evidence("device"))
        return [] if seen is None else [seen]


def _first(body: dict[str, Any], *names: str) -> dict[str, Any]:
    """The first object of a list or object by one of these names."""
    for name in names:
        part = body.get(name)
        part = part[0] if isinstance(part, list) and part else part
        if isinstance(part, dict):
            return part
    return {}


def _device(body: dict[str, Any], evidence: Evidence) -> DeviceReported | None:
    model = text(body.get("minertype")) or text(_first(body, "INFO").get("type"))
    version = text(body.get("bmminer_version"))
    pools = body.get("POOLS") or body.get("pools")
    stats = _first(body, "SUMMARY", "STATS")
    known = model is not None or "rate_unit" in stats
    pool, login = _pool(pools) if isinstance(pools, list) else (None, None)
    if not known and pool is None:
        return None
    host, port = host_of(pool) or (None, None)
    return DeviceReported(evidence, f"bmminer {version}" if version else None, model, host, port, login,
                          rate=_rate(stats))


def _rate(stats: dict[str, Any]) -> Fraction | None:
    unit = _UNITS.get(str(stats.get("rate_unit")).upper())
    rate = number(stats.get("rate_avg")) or number(stats.get("rate_30m")) or number(stats.get("rate_5s"))
    return rate * unit if rate is not None and unit is not None else None


def _pool(pools: list[Any]) -> tuple[str | None, str | None]:
    """The first pool that lives, else the first of all; others than mining's have another scheme."""
    listed = [pool for pool in pools[:16] if isinstance(pool, dict) and "stratum" in str(pool.get("url"))[:16]
              and "user" in pool]
    listed.sort(key=lambda pool: pool.get("status", "Alive") != "Alive")
    return (text(listed[0]["url"]), text(listed[0]["user"])) if listed else (None, None)


EXCHANGE_DIALECT = AntminerHttp
