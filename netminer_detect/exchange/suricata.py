"""Suricata rules: names in DNS questions and in TLS, addresses with ports.

Contract: `write` gives two rules a name (dns.query, tls.sni), each for the name and what lies below it, and one a
place; they load in Suricata 5 and later. A rule's sid depends on what it matches, not on its neighbours, but where two
fall on one number. `read` takes rules whose only condition is the whole name or the place; `dns_query` and `tls_sni`
are the names of Suricata 4.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

from netminer_detect.exchange.formats import ExportOptions, Mention, Passed
from netminer_detect.exchange.indicators import Indicator, day_of, has_port, notes
from netminer_detect.outputs.escape import plain

CARRIES = frozenset({"name", "address", "network"})
_SPAN = 500_000
_PER_HOUR = "threshold:type limit, track by_src, seconds 3600, count 1;"
# What metadata can carry: no commas, no semicolons.
_TOLD = ("rule", "kind", "coin", "transport", "date", "first")
_RULE = re.compile(
    r"\s*(#\s*)?(alert|drop|reject\w*|pass)\s+(\w[\w-]*)\s+(\S+|\[[^\]]*\])\s+(\S+|\[[^\]]*\])\s+(->|<>)\s+"
    r"(\[[^\]]*\]|\S+)\s+(\[[^\]]*\]|\S+)\s*\((.*)\)\s*$", re.ASCII)  # fmt: skip
_ENDS = re.compile(r'\\.|[";]')
_NAMES = frozenset({"dns.query", "dns_query", "tls.sni", "tls_sni"})
# Options that ask for nothing beside the name or place, or only for where in the flow it stands.
_ANCHORS = frozenset({
    "msg", "nocase", "endswith", "startswith", "dotprefix", "bsize", "isdataat", "fast_pattern", "reference",
    "classtype", "metadata", "sid", "rev", "gid", "priority", "threshold", "flow", "depth", "offset", "target",
    "content", "detection_filter", "flags", "ssl_state",
}) | _NAMES  # fmt: skip
MAX_LINE = 16_000


def fits(one: Indicator) -> bool:
    """No rule is made of an address alone."""
    return one.type == "name" or has_port(one)


def write(indicators: Sequence[Indicator], options: ExportOptions) -> Iterator[str]:
    """See the module's contract."""
    yield "# Rules of netminer_detect. Names count with their sub-domains. Malware's servers say so in msg.\n"
    taken: set[int] = set()
    for one in indicators:
        for what, header, condition in _conditions(one):
            sid = _sid(f"{what} {one.kind == 'malware'} {one.value} {header}", options.sid_base, taken)
            yield f"alert {header} ({_message(one, what)} {condition} {_about(one)} sid:{sid}; rev:{_rev(one)};)\n"


def _conditions(one: Indicator) -> Iterator[tuple[str, str, str]]:
    """(what is seen, header, options) of each rule for an indicator."""
    if one.type == "name":
        below = f'dotprefix; content:".{one.value}"; nocase; endswith; {_PER_HOUR}'
        yield "DNS question for", "dns $HOME_NET any -> any any", f"dns.query; {below}"
        yield "TLS to", "tls $HOME_NET any -> any any", f"flow:established,to_server; tls.sni; {below}"
    else:
        ports = f"[{','.join(map(str, one.ports))}]" if len(one.ports) > 1 else str(one.ports[0])
        yield "traffic to", f"tcp $HOME_NET any -> {one.value} {ports}", f"flow:established,to_server; {_PER_HOUR}"


def _message(one: Indicator, what: str) -> str:
    who = "miner malware" if one.kind == "malware" else "cryptocurrency mining"
    text = f"netminer_detect {one.rule} {who} ({one.kind}): {what} {one.value}"
    return f'msg:"{_quoted(text)}";'


def _quoted(text: str) -> str:
    return re.sub(r'([\\";:])', r"\\\1", plain(text, 400))


def _about(one: Indicator) -> str:
    classtype = "trojan-activity" if one.kind == "malware" else "policy-violation"
    known = notes(one)
    told = [f"netminer_{name} {known[name]}" for name in _TOLD if re.fullmatch(r"[\w.-]+", known.get(name, ""))]
    if one.ports:
        told.append(f"netminer_ports {'+'.join(map(str, one.ports))}")
    url = (one.url or one.reference or "").partition("://")[2]
    reference = f"reference:url,{url}; " if re.fullmatch(r"[\w./~%=?&+-]+", url, re.ASCII) else ""
    return f"{reference}classtype:{classtype}; metadata:{', '.join(told)};"


def _rev(one: Indicator) -> str:
    """Newer word of a thing is a newer revision."""
    return day_of(one.date).replace("-", "")


def _sid(key: str, base: int, taken: set[int]) -> int:
    at = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % _SPAN
    while base + at in taken:
        at = (at + 1) % _SPAN
    taken.add(base + at)
    return base + at


def resembles(head: str) -> bool:
    """Whether one of the first lines is a rule."""
    return any(_RULE.match(line[:MAX_LINE]) for line in head.splitlines()[:200])


def read(text: str) -> Iterator[Mention | Passed]:
    """See the module's contract."""
    begun, whole = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        begun = begun if whole else number
        # A rule may go on behind a backslash.
        if line.rstrip().endswith("\\") and len(whole) < MAX_LINE:
            whole += line.rstrip()[:-1] + " "
            continue
        whole, rule = "", (whole + line).strip()
        if not rule or rule.startswith("#"):
            continue
        found = _RULE.match(rule) if len(rule) <= MAX_LINE else None
        if found is None:
            yield Passed(begun, rule, "no-rule")
        elif found[2] == "pass":
            yield Passed(begun, rule, "passes")
        else:
            yield from _read_rule(begun, rule, found)


def _read_rule(line: int, rule: str, found: re.Match[str]) -> Iterator[Mention | Passed]:
    options = list(_options(found[9]))
    told = _metadata(options)
    contents = [value for key, value in options if key == "content"]
    if any(key not in _ANCHORS for key, _ in options) or len(contents) > 1:
        yield Passed(line, rule, "more-conditions")
    elif contents:
        name = _name(contents[0]) if _NAMES & {key for key, _ in options} else None
        yield Mention(line, name, told) if name else Passed(line, rule, "no-name")
    else:
        yield from _places(line, rule, found, told)


def _options(text: str) -> Iterator[tuple[str, str]]:
    """The options between the brackets; a semicolon in quotes ends none."""
    begin, quoted = 0, False
    for end in _ENDS.finditer(text):
        if end[0] == '"':
            quoted = not quoted
        elif end[0] == ";" and not quoted:
            key, _, value = text[begin : end.start()].partition(":")
            yield key.strip(), value.strip()
            begin = end.end()


def _metadata(options: list[tuple[str, str]]) -> dict[str, str]:
    """What our own rules say of themselves."""
    found = {}
    for pair in ",".join(value for key, value in options if key == "metadata").split(","):
        key, _, value = pair.strip().partition(" ")
        if key.startswith("netminer_"):
            found[key.removeprefix("netminer_")] = value.strip().replace("+", ",")
    return found


def _name(content: str) -> str | None:
    """The name that a content asks for; None where it is no plain text."""
    text = content.strip()
    if len(text) < 3 or text[0] != '"' or text[-1] != '"':
        return None
    try:
        text = re.sub(r"\|([0-9A-Fa-f ]*)\|", lambda hexed: bytes.fromhex(hexed[1]).decode("ascii"), text[1:-1])
    except ValueError:
        return None
    return text.lstrip(".") or None


def _places(line: int, rule: str, found: re.Match[str], told: dict[str, str]) -> Iterator[Mention | Passed]:
    """The addresses of a header: those that are dialled, else those that dial."""
    for addresses, ports in ((found[7], found[8]), (found[4], "any")):
        if re.fullmatch(r"\[?[0-9A-Fa-f][0-9A-Fa-f:.,/ ]*\]?", addresses) and re.search(r"[.:]", addresses):
            if re.fullmatch(r"\[?[\d, ]+\]?", ports):
                told = told | {"ports": ports.strip("[]").replace(" ", "")}
            elif ports != "any":
                yield Passed(line, rule, "port-range")
                return
            for address in addresses.strip("[]").split(","):
                yield Mention(line, address.strip(), told)
            return
    yield Passed(line, rule, "no-indicator")
