"""A hosts file: names that lead nowhere.

Contract: `write` gives a line a name, `0.0.0.0 name`; sub-domains cannot be said. `read` takes the names of lines
that lead to this machine or nowhere; what names the machine itself is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from netminer_detect.exchange.formats import ExportOptions, Mention, Passed
from netminer_detect.exchange.indicators import Indicator
from netminer_detect.outputs.escape import plain

CARRIES = frozenset({"name"})
_NOWHERE = frozenset({"0.0.0.0", "127.0.0.1", "::", "::1", "0", "fe80::1%lo0", "255.255.255.255", "ff02::1", "ff02::2",
                      "ff00::0", "fe00::0"})  # fmt: skip
_OWN = frozenset({"localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost", "ip6-loopback",
                  "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "0.0.0.0"})
_LINE = re.compile(r"\s*(?:0\.0\.0\.0|127\.0\.0\.1|::1?)[ \t]+[^\s#]")
_PARTS = re.compile(r"[^\s#]+")


def write(indicators: Sequence[Indicator], options: ExportOptions) -> Iterator[str]:
    """See the module's contract."""
    rule = None
    for one in sorted({one.value: one for one in indicators}.values(), key=lambda one: (one.rule, one.value)):
        if one.rule != rule:
            rule = one.rule
            yield f"# {plain(f'{one.rule}: {one.title}')}\n"
        yield f"0.0.0.0 {one.value}\n"


def resembles(head: str) -> bool:
    """Whether most lines lead to this machine or nowhere."""
    lines = [line for line in head.splitlines()[:200] if line.strip() and not line.lstrip().startswith("#")]
    return bool(lines) and sum(1 for line in lines if _LINE.match(line)) * 2 > len(lines)


def read(text: str) -> Iterator[Mention | Passed]:
    """See the module's contract."""
    for number, line in enumerate(text.split("\n"), 1):
        parts = _PARTS.findall(line.partition("#")[0])
        if not parts:
            continue
        if parts[0].lower() not in _NOWHERE:
            yield Passed(number, line.strip(), "leads-elsewhere")
            continue
        for name in parts[1:]:
            if name.lower() in _OWN:
                yield Passed(number, name, "own-machine")
            else:
                yield Mention(number, name, {})
