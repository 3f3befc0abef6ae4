"""Stratum V2's frames and fields: who sends which message, how long it may be, what stands in it.

Contract: `frame_size(head)` and `begins_frame(head)` tell frames by type, channel bit and length: a row of TYPES each.
`Fields` pulls the fields of a payload; what is too short gives zeros and empty texts and sets `short`. Layout:
extension u16 (its bit 15 says that the payload begins with a channel's number), type u8, length u24, payload; all
little-endian; a text is a length u8 and bytes. Source: stratum-mining/sv2-spec 03-Protocol-Overview.md,
05-Mining-Protocol.md.
"""

from __future__ import annotations

from fractions import Fraction

from netminer_detect.observations import Side

HEADER = 6
_CHANNEL = 0x8000
# What else than mining may stand in a frame: negotiation of extensions and their own messages.
_MAX_EXTENSION, _MAX_EXTENSION_SIZE = 0x10, 4096
_SPACE = 2**256

C, S = Side.CLIENT, Side.SERVER
# type: (speaker or None for both, begins with a channel, least and greatest length, name)
TYPES: dict[int, tuple[Side | None, bool, int, int, str]] = {
    0x00: (C, False, 18, 1500, "SetupConnection"),
    0x01: (S, False, 6, 6, "SetupConnection.Success"),
    0x02: (S, False, 5, 260, "SetupConnection.Error"),
    0x03: (S, True, 4, 4, "ChannelEndpointChanged"),
    0x04: (S, False, 3, 258, "Reconnect"),
    0x10: (C, False, 41, 296, "OpenStandardMiningChannel"),
    0x11: (S, False, 45, 77, "OpenStandardMiningChannel.Success"),
    0x12: (S, False, 5, 260, "OpenMiningChannel.Error"),
    0x13: (C, False, 43, 298, "OpenExtendedMiningChannel"),
    0x14: (S, False, 43, 79, "OpenExtendedMiningChannel.Success"),
    0x15: (S, True, 45, 49, "NewMiningJob"),
    0x16: (C, True, 40, 40, "UpdateChannel"),
    0x17: (S, True, 5, 260, "UpdateChannel.Error"),
    0x18: (None, True, 5, 260, "CloseChannel"),
    0x19: (S, True, 5, 37, "SetExtranoncePrefix"),
    0x1A: (C, True, 24, 24, "SubmitSharesStandard"),
    0x1B: (C, True, 25, 120, "SubmitSharesExtended"),
    0x1C: (S, True, 20, 20, "SubmitShares.Success"),
    0x1D: (S, True, 9, 264, "SubmitShares.Error"),
    0x1F: (S, True, 18, 1 << 20, "NewExtendedMiningJob"),
    0x20: (S, True, 48, 48, "SetNewPrevHash"),
    0x21: (S, True, 36, 36, "SetTarget"),
    0x22: (C, True, 60, 1 << 20, "SetCustomMiningJob"),
    0x23: (S, True, 12, 16, "SetCustomMiningJob.Success"),
    0x24: (S, True, 9, 264, "SetCustomMiningJob.Error"),
    0x25: (S, False, 6, 1 << 18, "SetGroupChannel"),
}
# Frequent, and of one length: what a stream begun before the capture may begin with. An extended share has a length of
# its own, but says it twice.
_MID = frozenset({0x15, 0x1A, 0x1C, 0x20, 0x21})
_EXTENDED_SHARE, _EXTRANONCE = 0x1B, HEADER + 24


def frame_size(head: bytes) -> int | None:
    """The size of the frame that begins so; None where the head is too short to say, 0 where it is none."""
    if len(head) < HEADER:
        return None
    extension, kind, length = head[0] | head[1] << 8, head[2], int.from_bytes(head[3:6], "little")
    if extension & ~_CHANNEL:
        sound = extension & ~_CHANNEL <= _MAX_EXTENSION and length <= _MAX_EXTENSION_SIZE
        return HEADER + length if sound else 0
    known = TYPES.get(kind)
    if known is None or known[1] is not bool(extension) or not known[2] <= length <= known[3]:
        return 0
    return HEADER + length


def begins_frame(head: bytes) -> bool | None:
    """Whether bytes begin a conversation of miners, or a frame in its middle; None while that is open."""
    if head[:1] != b"\x00" or head[1:2] not in (b"", b"\x00", b"\x80"):
        return False
    size = frame_size(head)
    if size is None:
        return None
    kind = head[2]
    if not size or head[1] & 0x7F:
        return False
    if kind == 0x00:  # protocol 0 (mining), versions 2 to 2
        begin = b"\x00\x02\x00\x02\x00"
        return None if begin.startswith(head[6:11]) and len(head) < 11 else head[6:11] == begin
    if kind == 0x01:
        return None if len(head) < 8 else head[6:8] == b"\x02\x00"
    if kind == _EXTENDED_SHARE:
        return None if len(head) <= _EXTRANONCE else head[_EXTRANONCE] == size - _EXTRANONCE - 1
    return kind in _MID


def speaker_of(frame: bytes) -> Side | None:
    """Who sends such a frame; None where both do."""
    known = TYPES.get(frame[2]) if not (frame[0] | (frame[1] & 0x7F) << 8) else None
    return known[0] if known is not None else None


class Fields:
    """See the module's contract."""

    __slots__ = ("_at", "_data", "short")

    def __init__(self, frame: bytes) -> None:
        self._data, self._at, self.short = frame, HEADER, False

    def raw(self, size: int) -> bytes:
        """The next bytes."""
        part = self._data[self._at : self._at + size]
        self._at += size
        self.short = self.short or len(part) < size
        return part

    def number(self, size: int) -> int:
        """The next whole number."""
        return int.from_bytes(self.raw(size), "little")

    def text(self) -> str:
        """The next text."""
        return self.raw(self.number(1)).decode("utf-8", "replace")

    def hashes(self) -> Fraction | None:
        """The expected hashes of a share under the next target, U256."""
        target = self.number(32)
        return Fraction(_SPACE, target + 1) if target and not self.short else None
