"""Says whether a capture has nanoseconds, by its head: pcap's magic number or pcapng's if_tsresol.

Contract: `has_nanoseconds(head)` of the first HEAD bytes of an inflated capture; an interface that is described
farther behind is not looked for. Whatever the bytes are, it answers.
"""

from __future__ import annotations

import struct

from netminer_detect.sources.capture import PCAP_MAGICS, SECTION_MAGIC, Section, add_interface

HEAD = 4096
_INTERFACE = 1
_MICROSECONDS = 1_000_000


def has_nanoseconds(head: bytes) -> bool:
    """See the module's contract."""
    if head[:4] in PCAP_MAGICS:
        return PCAP_MAGICS[head[:4]][1] == 1
    order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(head[8:12])
    if head[:4] != SECTION_MAGIC or order is None:
        return False
    section, at = Section(order), 0
    while at + 12 <= len(head):
        kind, length = struct.unpack_from(order + "II", head, at)
        if length < 12 or (kind == _INTERFACE and at + length > len(head)):
            break
        if kind == _INTERFACE:
            add_interface(section, head[at + 8 : at + length - 4])
        at += (length + 3) & ~3
    return any(interface.ticks_per_s > _MICROSECONDS for interface in section.interfaces)
