"""AxeOS: the web interface of Bitaxe, NerdAxe and other small miners with an ESP32.

    GET /api/system/info -> {"ASICModel":"BM1370","hashRate":GH/s,"power":W,"stratumURL","stratumPort","stratumUser",…}

One reply names pool, user, rate and watts; while `isUsingFallbackStratum` the pool is that of `fallbackStratumURL` and
its kin. The chips of the BM series hash SHA-256d. Source: bitaxeorg/ESP-Miner
main/http_server.
"""

from __future__ import annotations

from typing import ClassVar

from netminer_detect.dialects.device_text import host_of, watts_of
from netminer_detect.dialects.dialect import text
from netminer_detect.dialects.exchanges import Asked, Reply
from netminer_detect.observations import DeviceReported, Observation
from netminer_detect.work import number

_GIGA = 10**9
# Host, port and user of the pool, and of the one that it falls back to.
_FIRST = ("stratumURL", "stratumPort", "stratumUser")
_SECOND = ("fallbackStratumURL", "fallbackStratumPort", "fallbackStratumUser")


class AxeosHttp:
    """See the module's contract."""

    NAME: ClassVar[str] = "axeos-http"

    @staticmethod
    def knows(method: str, path: str) -> bool:
        return method == "GET" and path.startswith("/api/system/info")

    def asked(self, asked: Asked) -> list[Observation]:
        return []

    def answered(self, asked: Asked, reply: Reply) -> list[Observation]:
        body, model = reply.body, text(reply.body.get("ASICModel"))
        if model is None or not ("stratumURL" in body or "hashRate" in body):
            return []
        names = _SECOND if body.get("isUsingFallbackStratum") else _FIRST
        url, login = text(body.get(names[0])), text(body.get(names[2]))
        rate, port = number(body.get("hashRate")), number(body.get(names[1]))
        pool, stated = host_of(url) or (None, None)
        return [DeviceReported(
            reply.evidence("device"), None, model, pool, stated or (int(port) if port and port < 65536 else None),
            login, algorithm="sha256d" if model.startswith("BM1") else None,
            rate=rate * _GIGA if rate is not None else None, power_w=watts_of(body.get("power")),
        )]  # fmt: skip


EXCHANGE_DIALECT = AxeosHttp
