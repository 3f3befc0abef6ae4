"""Plain lists: a value a line.

Contract: `read` takes the first word of each line: a host, an address, either with a port, a network, a URL or an ad
blocker's `||host^`; what follows `#`, `;` or `//` is comment. Values that were made harmless (`hxxp`, `[.]`) are read
as what they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from netminer_detect.exchange.formats import Mention, Passed

_COMMENT = re.compile(r"(^|\s)(#|;|//).*|^!.*")
_HARMLESS = (("[.]", "."), ("(.)", "."), ("[:]", ":"), ("hxxp", "http"))


def read(text: str) -> Iterator[Mention | Passed]:
    """See the module's contract."""
    for number, line in enumerate(text.split("\n"), 1):
        words = _COMMENT.sub("", line[:4096].strip()).split()
        if words:
            yield Mention(number, cleared(words[0].strip("\"',")), {})


def cleared(value: str) -> str:
    """The value as it was before somebody made it harmless or wrote it for an ad blocker."""
    for harmless, meant in _HARMLESS:
        value = value.replace(harmless, meant)
    if value.startswith("||"):
        value = value[2:].rstrip("^").partition("^$")[0]
    return value.removeprefix("*.").removeprefix(".")
