"""Who was behind an address, as logs have it, or why nobody can tell: as a sentence and as an object.

Contract: `attribution_text(one, finding, lang)` is a sentence of one line in English or Chinese that names log and
line; where a NAT gateway's log is missing it gives what to ask it for: port, and the time in UTC and as logs
show it. `attribution_object(one, finding)` is its JSON. All text is escaped here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from netminer_detect.findings import Attribution, Finding
from netminer_detect.outputs.escape import plain
from netminer_detect.outputs.times import iso_time, span_text
from netminer_detect.patterns import pattern

# A person looks up this many lines; the others stand in JSON.
MAX_LINES = 4
_FAILED: dict[str, tuple[str, str]] = {
    "no_time": ("the capture has no times, so no log can be asked who {ip} was",
                "抓包没有时间，无法用日志查明 {ip} 是谁"),
    "no_log": ("no log covers {ip} at {when}", "没有日志覆盖 {when} 的 {ip}"),
    "gateway": ("{ip} is a NAT gateway, and no log says who was behind it: ask its log for {port} at {when}",
                "{ip} 是 NAT 出口，没有日志说明其后是谁：请在其日志中查 {when} 的 {port}"),
    "several": ("more than one may have held {ip} ({port}) at {when}, so nobody is named",
                "{when} 时可能不止一台机器使用 {ip}（{port}），因此不指名"),
    "disagree": ("the logs disagree about {ip} at {when}, so nobody is named",
                 "关于 {when} 的 {ip}，日志互相矛盾，因此不指名"),
}
_ARGUMENT = pattern(r"\{(ip|port|when|who)\}")
_HELD = ("behind {ip}: {who}", "{ip} 背后：{who}")
_PARTS = (("account", "account {}", "账号 {}"), ("mac", "{}", "{}"), ("host", "host {}", "主机名 {}"))


def attribution_text(one: Attribution, finding: Finding, lang: str = "en") -> str:
    """See the module's contract."""
    chinese = lang == "zh"
    told = {
        "ip": plain(finding.source_ip, 64), "port": _port(one, chinese), "when": _when(one, chinese),
        "who": " · ".join(_who(one, chinese)),
    }  # fmt: skip
    pair = _HELD if one.failed is None else _FAILED.get(one.failed, (plain(one.failed), plain(one.failed)))
    return _ARGUMENT.sub(lambda match: told[match[1]], pair[chinese]) + _basis(one) + _others(one, chinese)


def _who(one: Attribution, chinese: bool) -> list[str]:
    parts = []
    if one.inside_ip is not None:
        host = f"[{one.inside_ip}]" if ":" in one.inside_ip else one.inside_ip
        parts.append(plain(host if one.inside_port is None else f"{host}:{one.inside_port}", 80))
    for name, english, other in _PARTS:
        value = getattr(one, name)
        if value:
            parts.append((other if chinese else english).format(plain(value, 80)))
    return parts


def _port(one: Attribution, chinese: bool) -> str:
    protocol = plain(one.protocol or "", 8).upper()
    if one.port is None:
        return f"{protocol} " + ("（端口未知）" if chinese else "without a known port")
    return f"{protocol} 端口 {one.port}" if chinese else f"{protocol} port {one.port}"


def _when(one: Attribution, chinese: bool) -> str:
    """The time in UTC, and as local clocks had it where these differ."""
    told = span_text(one.first_ns, one.last_ns)
    local = local_time(one)
    if not told:
        return "未知时间" if chinese else "an unknown time"
    if not one.offset_s or local is None:
        return told
    shown = local[:19].replace("T", " ") + " " + local[-6:]
    return f"{told}（当地 {shown} 起）" if chinese else f"{told} (local: from {shown})"


def local_time(one: Attribution) -> str | None:
    """The first time in the zone of the logs, ISO 8601 with its offset; None where there is none."""
    if iso_time(one.first_ns) is None or one.first_ns is None:
        return None
    try:
        zone = timezone(timedelta(seconds=one.offset_s))
        return datetime.fromtimestamp(one.first_ns // 1_000_000_000, UTC).astimezone(zone).isoformat()
    except (ValueError, OverflowError):
        return None


def _basis(one: Attribution) -> str:
    if not one.basis:
        return ""
    lines = [f"{plain(line.log.rsplit('/', 1)[-1], 60)}:{line.line}" for line in one.basis[:MAX_LINES]]
    return f" ({', '.join(lines)}{' …' if len(one.basis) > MAX_LINES else ''})"


def _others(one: Attribution, chinese: bool) -> str:
    """How many connections more this holds for."""
    more = one.connections - 1
    if more < 1:
        return ""
    return f"，另有 {more} 个连接相同" if chinese else f"; {more} more connection{'s' if more > 1 else ''} alike"


def attribution_object(one: Attribution, finding: Finding) -> dict[str, Any]:
    """See the module's contract."""
    nine = finding.nanoseconds
    return {
        "inside_ip": _text(one.inside_ip),
        "inside_port": one.inside_port,
        "account": _text(one.account),
        "mac": _text(one.mac),
        "host": _text(one.host),
        "failed": one.failed,
        "why": attribution_text(one, finding),
        "gateway": one.gateway,
        "source_port": one.port,
        "protocol": one.protocol,
        "first_seen": iso_time(one.first_ns, nine),
        "last_seen": iso_time(one.last_ns, nine),
        "local_time": local_time(one),
        "connections": one.connections,
        "basis": [
            {"log": plain(line.log), "line": line.line, "kind": line.kind, "form": line.form} for line in one.basis
        ],
    }


def _text(value: str | None) -> str | None:
    return None if value is None else plain(value)
