"""Maltrail's trails: a trail a line, `#` before comments.

Contract: `read` takes hosts, addresses, and addresses with a port; trails with a path are passed over where they are
sorted (see `sieve`), since a page is not the host on which it lies. `# Reference:` lines are read as what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from netminer_detect.exchange.formats import Mention, Passed
from netminer_detect.exchange.plain import cleared

_REFERENCE = re.compile(r"#\s*Reference:\s*(https?://\S+)")


def resembles(head: str) -> bool:
    """Whether it says so, as all of the project's files do."""
    return re.search(r"#.*\bMaltrail\b|^#\s*(Reference|Aliases):", head, re.IGNORECASE | re.MULTILINE) is not None


def read(text: str) -> Iterator[Mention | Passed]:
    """See the module's contract."""
    url = ""
    for number, line in enumerate(text.split("\n"), 1):
        if found := _REFERENCE.match(line[:4096]):
            url = found[1]
        trail = line[:4096].partition("#")[0].strip().partition(" ")[0]
        if trail:
            yield Mention(number, cleared(trail), {"reference": url} if url else {})
