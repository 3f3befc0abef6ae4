"""Sentences for people about what speaks for an intruder or for misuse, and about incidents, in English and Chinese.

Contract: `ground_text(ground, lang)` and `incident_text(incident, lang)` render codes and their arguments; these come
from the wire and are escaped here. `shortened(text)` leaves out the middle of a wallet.
"""

from __future__ import annotations

import re

from netminer_detect.findings import Ground, Incident
from netminer_detect.outputs.escape import plain

_GROUNDS: dict[str, tuple[str, str]] = {
    "malware_contact": ("it was in contact with {server}, a server of miner malware ({rule})",
                        "它联系过挖矿恶意软件（{rule}）的服务器 {server}"),
    "malware_lookup": ("it asked DNS for {name}, a server of miner malware ({rule})",
                       "它查询过挖矿恶意软件（{rule}）的服务器域名 {name}"),
    "malware_mark": ("it bears a mark of miner malware ({rule})", "它带有挖矿恶意软件的特征（{rule}）"),
    "fee_only": ("it was only seen to work for the maker of its program ({server}): the pool is hidden",
                 "只见其为软件作者抽水（{server}）：真正的矿池被隐藏"),
    "service_worker": ("its worker calls itself {worker}, like a service of the system",
                       "其矿工名 {worker} 冒充系统服务"),
    "browser_agent": ("its program calls itself a browser ({agent})", "其程序自称浏览器（{agent}）"),
    "frozen_agent": ("it runs {agent}, which had no release since {year}: what intruders leave is seldom renewed",
                     "它运行 {agent}，该版本自 {year} 年起不再更新：入侵者留下的程序很少升级"),
    "hidden_served": ("it reached {server} over TLS without naming it, from a machine that served {callers} others on "
                      "port {port}: intruders hide so on servers",
                      "它在 TLS 中不透露域名就连接 {server}，而它自己在端口 {port} 上为 {callers} 台机器提供服务："
                      "入侵者常这样藏身于服务器"),
    "hidden_unit": ("it reached {server} over TLS without naming it, from {unit}, where servers stand: intruders hide "
                    "so on servers",
                    "它在 TLS 中不透露域名就连接 {server}，而它位于放置服务器的单位（{unit}）："
                    "入侵者常这样藏身于服务器"),
    "wallet_across": ("the same wallet mines on {machines} machines of {units} units",
                      "同一钱包在 {units} 个单位的 {machines} 台机器上挖矿"),
    "hardware": ("it is mining hardware ({agent}), which somebody bought and set up",
                 "这是专用矿机（{agent}），需有人购置并安装"),
    "account": ("it mines as {worker} for the account {account}, which a person opened",
                "它以矿工名 {worker} 为账户 {account} 挖矿：账户须由人注册"),
    "rigs": ("{count} workers of one login are numbered through ({stem}…): rigs that somebody runs",
             "同一账号下有 {count} 个按序编号的矿工（{stem}…）：有人经营的多台矿机"),
    "segment": ("{machines} machines of {network} mine for {login}: rigs behind one switch that somebody runs",
                "网段 {network} 的 {machines} 台机器为 {login} 挖矿：有人经营的、接在同一交换机上的多台矿机"),
}
_INCIDENTS = {
    "wallet": ("one wallet, {key}, on {machines}{units}", "同一钱包 {key}：{machines}{units}"),
    "account": ("one account, {key} at {place}, on {machines}{units}", "{place} 的同一账户 {key}：{machines}{units}"),
    "workers": ("workers at {place} that are numbered through, {key}…, on {machines}{units}",
                "{place} 按序编号的矿工 {key}…：{machines}{units}"),
}
_ARGUMENT = re.compile(r"\{([a-z]+)\}")


def ground_text(ground: Ground, lang: str = "en") -> str:
    """One plain sentence: what speaks for it."""
    texts = _GROUNDS.get(ground.code)
    if texts is None:
        return plain(ground.code)
    unknown = "未知" if lang == "zh" else "unknown"

    def filled(match: re.Match[str]) -> str:
        value = ground.args.get(match[1])
        if match[1] == "login":
            return shortened(str(value))
        return unknown if value is None else plain(str(value).partition(" (")[0], 80)

    return _ARGUMENT.sub(filled, texts[lang == "zh"])


def incident_text(incident: Incident, lang: str = "en") -> str:
    """One plain phrase: what its machines share."""
    texts = _INCIDENTS.get(incident.kind)
    if texts is None:
        return plain(incident.kind)
    chinese = lang == "zh"
    units, machines = len(incident.organisations), incident.machines_total
    told = {
        "key": shortened(incident.key),
        "place": plain(incident.place or ("未知" if chinese else "unknown"), 80),
        "machines": f"{machines} 台机器" if chinese else f"{machines} machines",
        "units": "" if units < 2 else f"，{units} 个单位" if chinese else f" of {units} units",
    }
    return _ARGUMENT.sub(lambda match: told[match[1]], texts[chinese])


def shortened(text: str) -> str:
    """A wallet with its middle left out: its ends tell it apart."""
    text = plain(text, 256)
    return text if len(text) <= 32 else f"{text[:8]}…{text[-6:]}"
