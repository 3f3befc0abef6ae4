"""Socket.IO miners where WebSocket is not to be had: the same events in the bodies of HTTP requests (long polling).

    GET /socket.io/?EIO=4&transport=polling&sid=…   waits, and is answered by the relay's packets
    POST to the same                                brings the miner's

A browser spreads these over several connections: each is read for itself. See `socketio_miner` for the events,
`socket_io` for the packets.
"""

from __future__ import annotations

from typing import ClassVar

from netminer_detect.carriers.http_message import HttpMessage
from netminer_detect.dialects.dialect import Message, Strength
from netminer_detect.dialects.exchanges import Asked, Reply
from netminer_detect.dialects.socket_io import event_of, packets_of
from netminer_detect.dialects.socketio_miner import SocketIoMiner
from netminer_detect.observations import Observation, Side


class SocketIoPolling:
    """See the module's contract."""

    NAME: ClassVar[str] = SocketIoMiner.NAME

    def __init__(self) -> None:
        self._miner = SocketIoMiner()
        self._speaks = False

    @staticmethod
    def knows(method: str, path: str) -> bool:
        return method in ("GET", "POST") and path.rstrip("/").endswith("/socket.io")

    def asked(self, asked: Asked) -> list[Observation]:
        return self._read(Side.CLIENT, asked.request)

    def answered(self, asked: Asked, reply: Reply) -> list[Observation]:
        return self._read(Side.SERVER, reply.response)

    def _read(self, side: Side, sent: HttpMessage) -> list[Observation]:
        found: list[Observation] = []
        for packet in packets_of(sent.body):
            event = event_of(packet)
            if event is None:
                continue
            message = Message(side, event, sent.mark)
            hint = SocketIoMiner.hint(message)
            if hint is not None and hint.strength >= Strength.LIKELY and hint.speaker is side:
                self._speaks = True
            if self._speaks:
                found += self._miner.read(message) or []
        return found


EXCHANGE_DIALECT = SocketIoPolling
