"""Server names as text: cleaned, bounded, or refused.

Contract: `server_name(raw)` gives a lower-case name without final dot, or None where the bytes cannot be a
host name or address (empty, longer than 255 bytes, blanks, control or non-ASCII bytes); `host_and_port(text)`
splits `name:port`, `[v6]:port` (RFC 3986, 3.2) into (name, port or None), or None; `unescaped(path)` undoes the
escapes of a URL (2.1). Nothing raises.
"""

from __future__ import annotations

from netminer_detect.patterns import pattern

MAX_NAME = 255  # RFC 1035, 2.3.4

# Underscores and `*` are no host name by the book, but stand in real certificates and hellos.
_NAME = pattern(rb"[A-Za-z0-9._*:%-]{1,255}\.?")
_HOST = pattern(rb"(?:\[([0-9A-Fa-f:.%A-Za-z]{2,60})\]|([A-Za-z0-9._-]{1,255}))(?::([0-9]{0,5}))?")
_ESCAPE = pattern(rb"%([0-9A-Fa-f]{2})")


def unescaped(path: str) -> str:
    """A path as it was before it became part of a URL."""
    if "%" not in path:
        return path
    raw = _ESCAPE.sub(lambda escape: bytes((int(escape[1], 16),)), path.encode("utf-8", "replace"))
    return raw.decode("utf-8", "replace")


def server_name(raw: bytes) -> str | None:
    """A name or address in lower case, or None."""
    if not _NAME.fullmatch(raw):
        return None
    return raw.decode("ascii").lower().rstrip(".") or None


def host_and_port(raw: bytes) -> tuple[str, int | None] | None:
    """The name and port of `name:port`; port is None where none (or 0, or beyond 65535) stands."""
    match = _HOST.fullmatch(raw)
    if match is None:
        return None
    name = server_name(match[1] or match[2])
    if name is None:
        return None
    port = int(match[3]) if match[3] else 0
    return name, port if 0 < port < 65536 else None
