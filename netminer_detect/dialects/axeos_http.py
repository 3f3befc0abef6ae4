"""AxeOS: the web interface of Bitaxe, NerdAxe and other small miners with an ESP32.

    GET /api/system/info -> {"ASICModel":"BM1370","hashRate":GH/s,"power":W,"stratumURL","stratumPort","stratumUser",…}

One reply names pool, user, rate and watts. The chips of the BM series hash SHA-256d. Source: bitaxeorg/ESP-Miner
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
        rate, port = number(body.get("hashRate")), number(body.get("stratumPort"))
        pool, stated = host_of(text(body.get("stratumURL"))) or (None, None)
        return [DeviceReported(
            reply.evidence("device"), None, model, pool, stated or (int(port) if port and port < 65536 else None),
            text(body.get("stratumUser")), algorithm="sha256d" if model.startswith("BM1") else None,
            rate=rate * _GIGA if rate is not None else None, power_w=watts_of(body.get("power")),
        )]  # fmt: skip


EXCHANGE_DIALECT = AxeosHttp
