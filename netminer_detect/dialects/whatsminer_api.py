"""WhatsMiner's API: version 2 on port 4028 in the manner of cgminer's, version 3 on 4433 (no TLS) with lengths.

    v2  {"cmd":"summary"}   -> as cgminer, with "Power" in watts; some replies have "Msg":{…}
    v3  length u32 LE, {"cmd":"get.device.info","param":…}
        -> length u32 LE, {"code":0,"msg":{"miner":{"type":"M50S_VH50"},"summary":{"hash-average":TH/s,
           "power-realtime":W},"pools":[…]},"desc":"get.device.info"}

What version 2 says in cipher ({"enc":1,"data":…}) others say, too: it tells nothing. Sources: UpstreamData/pyasic
rpc/btminer.py, MicroBT's API documents as pools' software quotes them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netminer_detect.dialects import cgminer_api
from netminer_detect.dialects.binary import Frames, Start
from netminer_detect.dialects.device_text import host_of, watts_of
from netminer_detect.dialects.dialect import text
from netminer_detect.marks import Mark
from netminer_detect.messages import read_objects
from netminer_detect.observations import DeviceReported, DialectRecognised, Evidence, Observation, Side
from netminer_detect.work import number

_BLANKS = b" \t\r\n\x00"
_ASKS = b'{"cmd":"'
_MAX = 256 * 1024
_TERA = 10**12


def _size_of(head: bytes) -> int | None:
    if len(head) < 5:
        return None
    size = int.from_bytes(head[:4], "little")
    return 4 + size if head[4] == 0x7B and 8 <= size <= _MAX else 0


def _begins(head: bytes) -> bool | None:
    if head[:1] != b"{" and _size_of(head) == 0:
        return False
    compact = (head if head[:1] == b"{" else head[4:]).translate(None, _BLANKS)
    if compact.startswith(_ASKS):
        return True
    return None if _ASKS.startswith(compact) else False


def _algorithm(model: str | None) -> str | None:
    """All of the M series hash SHA-256d (the D series does not)."""
    return "sha256d" if model is not None and model[:1] == "M" and model[1:3].isdigit() else None


class WhatsminerApi(cgminer_api.CgminerApi):
    """See the module's contract."""

    NAME: ClassVar[str] = "whatsminer-api"

    def __init__(self) -> None:
        super().__init__()
        self._frames: dict[Side, Frames] | None = None

    @staticmethod
    def begins(start: Start) -> bool | None:
        """See `BinaryDialect`."""
        return start.any(_begins)

    def data(self, side: Side, data: bytes, mark: Mark) -> list[Observation]:
        """See `Reader`."""
        if self._frames is None and not any(self._texts.values()) and data[:1] != b"{":
            self._frames = {side: Frames(_size_of, _MAX) for side in Side}
        if self._frames is None:
            return super().data(side, data, mark)
        found: list[Observation] = []
        for frame in self._frames[side].feed(data):
            for body in read_objects(frame[4:])[:1]:
                found += self._framed(side, body, mark)
        return found

    def gap(self, side: Side, size: int) -> list[Observation]:
        """See `Reader`."""
        if self._frames is None:
            return super().gap(side, size)
        self._frames[side].gap(size)
        return []

    @staticmethod
    def reported(text: str, evidence: Evidence) -> DeviceReported | None:
        """What a reply of version 2 tells."""
        seen = cgminer_api.reported(text, evidence)
        if seen is None:
            return None
        return DeviceReported(
            evidence, seen.agent, seen.model, seen.pool, seen.port, seen.login, algorithm=_algorithm(seen.model),
            rate=seen.rate, power_w=seen.power_w,
        )  # fmt: skip

    def _framed(self, side: Side, body: dict[str, Any], mark: Mark) -> list[Observation]:
        message = body.get("msg")
        if "code" not in body or "desc" not in body or not isinstance(message, dict):
            return []
        evidence = Evidence(mark, Side.SERVER, "device", body)
        found: list[Observation] = []
        if self._device is None:
            self._device = side
            found.append(DialectRecognised(evidence, self.NAME, side is Side.CLIENT))
        return [*found, _of_message(message, evidence)] if side is self._device else found


def _part(message: dict[str, Any], name: str) -> dict[str, Any]:
    part = message.get(name)
    return part if isinstance(part, dict) else {}


def _of_message(message: dict[str, Any], evidence: Evidence) -> DeviceReported:
    model, summary = text(_part(message, "miner").get("type")), _part(message, "summary")
    rate = number(summary.get("hash-average")) or number(summary.get("hash-realtime"))
    watts = watts_of(summary.get("power-realtime")) or watts_of(summary.get("power-5min"))
    pools = message.get("pools")
    live = [pool for pool in pools[:16] if isinstance(pool, dict)] if isinstance(pools, list) else []
    live.sort(key=lambda pool: (pool.get("stratum-active") is not True, pool.get("status") != "alive"))
    url = text(live[0].get("url")) if live else None
    pool, port = host_of(url) or (None, None)
    login = (text(live[0].get("account")) or text(live[0].get("user"))) if live else None
    return DeviceReported(
        evidence, None, model, pool, port, login, algorithm=_algorithm(model),
        rate=rate * _TERA if rate is not None else None, power_w=watts,
    )  # fmt: skip


BINARY_DIALECT = WhatsminerApi
