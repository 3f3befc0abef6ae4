"""The fixed words of the table, in English and Chinese, and figures as people write them.

Contract: `word(text, lang)` translates; `counted(number, text, lang)` says "1 finding", "2 findings"; `defect` and
`dropped` put the words of a run's totals into a phrase. Figures have three digits that count; nothing here comes
from the wire.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from netminer_detect.findings import Power

_WORDS = {
    "confirmed": "确认", "probable": "很可能", "suspected": "可疑", "not-mining": "非挖矿", "miner": "挖矿",
    "pool": "矿池", "proxy": "挖矿代理", "prober": "探测", "managed": "矿机", "manager": "矿机管理端",
    "node": "节点", "wallet": "钱包", "visitor": "访问网站", "resolver": "DNS 解析", "shares": "份额",
    "session": "会话", "device": "设备", "attempt": "尝试", "endpoint": "已知服务器", "pattern": "流量特征",
    "lookup": "查询", "context": "背景", "Machine": "机器", "Unit": "单位", "Verdict": "结论",
    "Level": "证据等级", "Roles": "行为", "Coins": "币种", "Rate": "算力", "Power": "功率",
    "Power of all": "总功率", "Assumed": "假设", "Servers": "服务器",
    "Findings": "发现", "Machines": "机器", "Contact": "联系人", "unassigned": "未登记",
    "with units below": "含下级单位", "via": "经由", "as": "账号", "claims": "自报", "password": "密码",
    "began before the capture": "抓包前已开始",
    "Cryptocurrency traffic that is not mining": "与挖矿无关的加密货币流量",
    "No mining was found.": "未发现挖矿。",
    "No mining was found but what is suppressed.": "除已抑制的发现外，未发现挖矿。",
    "Nothing was read.": "没有读到任何内容。",
    "Interrupted: this is what was found so far.": "已中断：以下是中断前的发现。",
    "Mining": "挖矿", "Possible mining": "疑似挖矿", "Read": "已读取",
    "Known mining servers that never answered": "已知矿池未应答",
    "likely-compromised": "可能被入侵", "likely-misuse": "可能为人为挖矿", "unclear": "尚不明确",
    "Mining for one and the same": "为同一主体挖矿",
    "Suppressed": "已抑制", "until": "有效至", "expired, hides nothing": "已过期，不再隐藏任何发现",
    "Not read": "未能读取", "Not read to the end": "未读完", "Lost for want of memory": "因内存限制丢弃",
}  # fmt: skip
# One and many in English; Chinese has a measure word.
_COUNTED = {
    "machine": ("machines", "台机器"), "finding": ("findings", "项发现"), "server": ("servers", "个服务器"),
    "input": ("inputs", "个输入"), "packet": ("packets", "个数据包"), "flow": ("flows", "条流"),
    "incident": ("incidents", "个关联事件"), "answer": ("answers of logs", "条日志答复"),
    "login": ("logins", "个账号"), "connection": ("connections", "个连接"), "frame": ("frames", "帧"),
}
_DEFECTS = {
    "snap_length": ("cut short by the snap length", "因抓包长度被截短"),
    "truncated": ("too short for their headers", "短于其头部"),
    "link_type": ("of a link type that is not known", "链路类型未知"),
    "tunnel_depth": ("in too many tunnels", "隧道层数过多"),
    "ip_length": ("with a false IP length", "IP 长度有误"),
    "tcp_header": ("with a false TCP header", "TCP 头有误"),
    "not_ip": ("of other protocols than IP", "不是 IP"),
    "not_tcp_udp": ("of other protocols than TCP and UDP", "不是 TCP 或 UDP"),
}
# Every capture has these.
_USUAL = frozenset({"not_ip", "not_tcp_udp"})
_DROPPED = {
    "flows": ("flows", "条流"), "held_bytes": ("bytes out of order", "个乱序字节"),
    "readers": ("open flows", "条未结束的流"), "findings": ("findings", "项发现"),
    "candidates": ("flows that may be mining", "条可疑流"), "workers": ("logins", "个账号"),
    "evidence": ("messages of evidence", "条证据"), "names": ("names that DNS told", "个 DNS 域名"),
    "fragments": ("packets in fragments", "个分片报文"),
}
_UNITS = {"hash": "H", "sol": "Sol", "graph": "G", "proof": "P", "point": "pt"}
_PREFIXES = ("", "k", "M", "G", "T", "P", "E", "Z")


def word(text: str, lang: str) -> str:
    """A fixed word in a language."""
    return _WORDS.get(text, text) if lang == "zh" else text


def counted(number: int, text: str, lang: str) -> str:
    """A number and what it counts; `text` is the English word for one."""
    many, chinese = _COUNTED[text]
    if lang == "zh":
        return f"{grouped(number)} {chinese}"
    return f"{grouped(number)} {text if number == 1 else many}"


def grouped(number: int) -> str:
    """12 345 678: blanks between thousands are right everywhere, points and commas are not."""
    return f"{number:,}".replace(",", " ")


def more(what: str, lang: str) -> str:
    """That more was found than is shown, and where it stands."""
    return f"… 另有 {what}，完整结果见 -o findings.csv" if lang == "zh" else f"… and {what} more: see -o findings.csv"


def labelled(label: str, parts: Sequence[str], lang: str) -> str:
    """`Read: 3 inputs, 93 flows`, with the punctuation of the language."""
    return f"{label}：{'，'.join(parts)}" if lang == "zh" else f"{label}: {', '.join(parts)}"


def bracketed(parts: Sequence[str], lang: str) -> str:
    """` (1 confirmed, 2 probable)`, with the punctuation of the language."""
    return f"（{'，'.join(parts)}）" if lang == "zh" else f" ({', '.join(parts)})"


def defect(text: str, count: int, packets: int, lang: str) -> str | None:
    """What a defect word means; None for what every capture has, unless most of this one is so."""
    if text in _USUAL and 2 * count < packets:
        return None
    known = _DEFECTS.get(text, (text, text))
    return counted(count, "frame", lang) + (known[1] if lang == "zh" else f" {known[0]}")


def dropped(text: str, count: int, lang: str) -> str:
    """What was lost for want of memory."""
    return f"{grouped(count)} {_DROPPED.get(text, (text, text))[lang == 'zh']}"


def rate_text(rate: float, unit: str) -> str:
    """A rate with a prefix of 1000: `1.2 TH/s`."""
    return _prefixed(rate, f"{_UNITS.get(unit, unit)}/s")


def power_text(power: Power, lang: str) -> str:
    """Watts between their bounds: `about 6.5 W (0.67 to 58.7 W)`."""
    low, typical, high = (watts_text(watts) for watts in (power.w_low, power.w_typical, power.w_high))
    return f"约 {typical}（{low} 至 {high}）" if lang == "zh" else f"about {typical} ({low} to {high})"


def watts_text(watts: float) -> str:
    """Watts with a prefix of 1000."""
    return _prefixed(watts, "W")


def energy_text(power: Power, lang: str) -> str:
    """What a day takes: `0.16 kWh a day`."""
    daily = _prefixed(power.w_typical * 24, "Wh")
    return f"每天 {daily}" if lang == "zh" else f"{daily} a day"


def _prefixed(value: float, unit: str) -> str:
    """A figure with a prefix of 1000."""
    if not math.isfinite(value) or value < 0:
        return "?"
    step = 0
    while value >= 999.5 and step < len(_PREFIXES) - 1:
        value, step = value / 1000, step + 1
    return f"{figures(value)} {_PREFIXES[step]}{unit}"


def figures(value: float) -> str:
    """Three digits that count."""
    places = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{places}f}".rstrip("0").rstrip(".") if places else f"{value:.0f}"


def frame_ranges(frames: Sequence[int], most: int = 4) -> str:
    """`4-8, 12, 15 …`: neighbours joined, at most so many pieces."""
    runs: list[list[int]] = []
    for frame in sorted(set(frames)):
        if runs and frame == runs[-1][-1] + 1:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    shown = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs[:most]]
    return ", ".join(shown) + (" …" if len(runs) > most else "")


def size_text(size: float) -> str:
    """A size with a unit of 1000, as disks have them."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{figures(size) if unit != 'B' else int(size)} {unit}"
        size /= 1000
    return f"{figures(size)} TB"
