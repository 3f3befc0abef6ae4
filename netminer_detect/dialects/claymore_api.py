"""The management interface of Claymore's miners, and of ethminer, PhoenixMiner, NBMiner, TeamRedMiner after them.

    {"id":0,"jsonrpc":"2.0","method":"miner_getstat1"(,"psw":…)}
        -> {"id":0,"error":null,"result":["9.3 - ETH","21","182724;51;0","30502;…","0;0;0","…","53;71;…","host:port",…]}
    miner_getstat2, miner_getstatdetail, miner_ping, miner_restart, miner_getconnections, …

result[2] is the total rate in kH/s, shares, rejects; result[7] the pool, of two coins two. Source: the API documents of
Claymore's Dual Ethereum Miner and ethereum-mining/ethminer docs/API_DOCUMENTATION.md.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from msgspec import Struct, field

from netminer_detect.dialects.device_text import host_of
from netminer_detect.dialects.dialect import Hint, Message, Strength, text
from netminer_detect.observations import DeviceReported, Observation, Side
from netminer_detect.requests import Requests
from netminer_detect.work import hex_integer, number

_STATS = ("miner_getstat1", "miner_getstat2", "miner_getstathr")
_METHODS = frozenset({
    *_STATS, "miner_getstatdetail", "miner_ping", "miner_restart", "miner_reboot", "miner_shuffle", "miner_pausegpu",
    "miner_getconnections", "miner_setactiveconnection", "miner_addconnection", "miner_removeconnection",
    "miner_setverbosity", "miner_getscramblerinfo", "miner_setscramblerinfo", "control_gpu", "api_authorize",
})  # fmt: skip
# Ethereum's kin count hashes by the thousand; Claymore's miners of other coins count otherwise.
_KILO = ("ETH", "ETC", "ethminer", "PM", "Phoenix", "NBMiner", "TRM", "TeamRed")


class ClaymoreApi(Struct):
    """See the module's contract."""

    NAME: ClassVar[str] = "claymore-api"
    _asked: Requests[str] = field(default_factory=Requests)

    @staticmethod
    def hint(message: Message) -> Hint | None:
        return Hint(Strength.CERTAIN, Side.CLIENT) if message.method in _METHODS else None

    def read(self, message: Message) -> list[Observation] | None:
        method = message.method
        if method is not None:
            if method not in _METHODS:
                return None
            self._asked.ask(message.body.get("id"), method)
            return []
        asked = self._asked.answer(message.body.get("id"))
        result = message.body.get("result")
        if asked in _STATS and isinstance(result, list):
            return _of_list(message, result)
        if asked == "miner_getstatdetail" and isinstance(result, dict):
            return _of_object(message, result)
        return []

    def gap(self, side: Side) -> None:
        """Nothing is kept that a gap could change."""


def _of_list(message: Message, result: list[Any]) -> list[Observation]:
    if len(result) < 8 or not isinstance(result[0], str) or str(result[2]).count(";") != 2:
        return []
    agent, total = result[0], number(str(result[2]).partition(";")[0])
    pool, port = host_of(str(result[7]).partition(";")[0]) or (None, None)
    rate = total * 1000 if total is not None and any(name in agent for name in _KILO) else None
    return [DeviceReported(message.evidence("device"), agent, None, pool, port, rate=rate)]


def _of_object(message: Message, result: dict[str, Any]) -> list[Observation]:
    host, mining, connection = (result.get(name) for name in ("host", "mining", "connection"))
    if not isinstance(host, dict) or not isinstance(mining, dict):
        return []
    uri = text(connection.get("uri")) if isinstance(connection, dict) else None
    pool, port = host_of(uri) or (None, None)
    rate = hex_integer(mining.get("hashrate"))
    agent = text(host.get("version"))
    login = uri.partition("://")[2].rpartition("@")[0].partition(":")[0] if uri and "@" in uri else None
    return [DeviceReported(message.evidence("device"), agent, None, pool, port, login or None,
                           rate=Fraction(rate) if rate else None)]


DIALECT = ClaymoreApi
