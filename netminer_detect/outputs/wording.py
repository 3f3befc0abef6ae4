"""Sentences for people, in English and Chinese.

Contract: `why(finding, lang)` renders a finding's `why_code` and `why_args` as one plain sentence; arguments come
from the wire and are escaped here.
"""

from __future__ import annotations

import re

from netminer_detect.findings import Finding
from netminer_detect.outputs.escape import plain
from netminer_detect.patterns import pattern

_WHY: dict[str, tuple[str, str]] = {
    "shares_accepted": ("{agent} mined at {server}, which accepted {accepted} of {submitted} shares",
                        "{agent} 在 {server} 挖矿：提交 {submitted} 个份额，{accepted} 个被接受"),
    "shares_unanswered": ("{agent} submitted {submitted} shares to {server}; the answers are not in the capture",
                          "{agent} 向 {server} 提交了 {submitted} 个份额；抓包中没有应答方向"),
    "shares_silent": ("{agent} mined for {server}: {submitted} shares submitted; this dialect answers only what it refuses",
                      "{agent} 为 {server} 挖矿：提交 {submitted} 个份额；该协议只应答被拒绝的份额"),
    "shares_rejected": ("{agent} got jobs from {server}, which rejected its {rejected} shares",
                        "{agent} 从 {server} 领取了任务，但 {rejected} 个份额被拒绝"),
    "session_open": ("{agent} is logged in at {server}, which sent it {jobs} jobs",
                     "{agent} 已登录 {server}，收到 {jobs} 个挖矿任务"),
    "login_accepted": ("{agent} logged in at {server}, and was accepted", "{agent} 登录 {server} 并被接受"),
    "handshake_refused": ("{agent} tried to mine at {server} and was refused ({reason})",
                          "{agent} 尝试在 {server} 挖矿，被拒绝（{reason}）"),
    "handshake_unanswered": ("{agent} tried to mine at {server}; nobody accepted it in this capture",
                             "{agent} 尝试在 {server} 挖矿；抓包中未见被接受"),
    "network_joined": ("{agent} takes part in a mining pool without an operator, with {server}",
                       "{agent} 与 {server} 共同参与一个去中心化矿池"),
    "network_asked": ("{agent} tried to join a mining pool without an operator at {server}; no answer is in the capture",
                      "{agent} 尝试通过 {server} 加入去中心化矿池；抓包中未见应答"),
    "encrypted_shape": ("the lengths of all messages with {server} are those of Stratum V2 under encryption, {submitted} "
                        "of them those of shares; nothing of it was read",
                        "与 {server} 的全部消息长度符合加密的 Stratum V2，其中 {submitted} 条符合份额长度；内容未能读取"),
    "device_mines": ("{agent} answers on the management port {port} and says that it mines at {server}",
                     "{agent} 在管理端口 {port} 应答，称其在 {server} 挖矿"),
    "device_answers": ("{agent} answers on the management port {port}: a mining device",
                       "{agent} 在管理端口 {port} 应答：一台矿机"),
    "device_page": ("the web page of {agent} answers on port {port}; whether it mines was not seen",
                    "{agent} 的网页在端口 {port} 应答；未见其是否在挖矿"),
    "manager": ("it asked {agent} at {server} how it does: it manages a mining device, and does not mine",
                "它向 {server} 的 {agent} 查询状态：属于矿机管理端，不是挖矿"),
    "endpoint_name": ("data was exchanged with {server}, a mining server of {operator}, by its name ({basis})",
                      "与 {operator} 的矿池服务器 {server} 交换了数据（依据名称：{basis}）"),
    "endpoint_dns": ("data was exchanged with {server}, the address that DNS gave for the mining server {name}",
                     "与 {server} 交换了数据；DNS 刚将矿池域名 {name} 解析为该地址"),
    "endpoint_address": ("data was exchanged with {server}, last verified as a mining server of {operator} on {date}",
                         "与 {server} 交换了数据；该地址于 {date} 核实为 {operator} 的矿池服务器"),
    "browser_miner": ("data was exchanged with {server}, which serves mining scripts for browsers",
                      "与提供网页挖矿脚本的 {server} 交换了数据"),
    "connected": ("a connection to {server}, on {date} a mining server of {operator}; no mining was read in it",
                  "与 {server} 建立了连接（{date} 为 {operator} 的矿池服务器）；未读到挖矿内容"),
    "proxy_refused": ("it asked the proxy {proxy} for {server}, a mining server of {operator}, and was refused",
                      "它请求代理 {proxy} 连接 {operator} 的矿池服务器 {server}，被拒绝"),
    "malware_contact": ("a connection to {server}, a server of miner malware ({rule}): a sign of infection, not of mining",
                        "与挖矿恶意软件（{rule}）的服务器 {server} 建立了连接：感染迹象，而非挖矿证据"),
    "malware_lookup": ("DNS was asked for {name}, a server of miner malware ({rule}): a sign of infection, not of mining",
                       "查询了挖矿恶意软件（{rule}）的服务器域名 {name}：感染迹象，而非挖矿证据"),
    "resolver": ("it asks DNS for its clients, for {name} among others: not mining",
                 "它为客户端查询 DNS（包括 {name}）：不是挖矿"),
    "lookup_dns": ("DNS was asked for {name}, a mining server; no connection to it was seen",
                   "查询了矿池域名 {name}；未见与其连接"),
    "prober": ("it tried {servers} mining servers, {server} among them, and worked for none: a prober or scanner",
               "它试探了包括 {server} 在内的 {servers} 个矿池服务器，没有为任何一个工作：属于探测或扫描"),
    "asks_inside": ("it asked {server}, a machine inside, for mining work and got none: a prober or scanner",
                    "它从外部向内部机器 {server} 索要挖矿任务而未获得：属于探测或扫描"),
    "proxy": ("it serves {clients} miners and mines upstream at {server}", "它为 {clients} 台矿机服务，并向上游 {server} 挖矿"),
    "pool_serves": ("a mining server inside, {server}, serves {clients} outside clients",
                    "内部的矿池服务器 {server} 为 {clients} 个外部客户端服务"),
    "pool_known": ("a known mining server of {operator} stands inside, {server}: it exchanged data with {clients} outside "
                   "clients", "{operator} 的已知矿池服务器 {server} 位于内部：与 {clients} 个外部客户端交换了数据"),
    "pool_address": ("{server}, inside, was last verified as a mining server of {operator} on {date}; it exchanged data "
                     "with {clients} outside clients",
                     "内部的 {server} 于 {date} 核实为 {operator} 的矿池服务器；它与 {clients} 个外部客户端交换了数据"),
    "node": ("traffic of a {kind} with {server}: cryptocurrency, not mining", "与 {server} 的 {kind} 节点通信：属加密货币，不是挖矿"),
    "wallet": ("calls of a wallet ({kind}) to {server}: not mining", "钱包（{kind}）访问 {server}：不是挖矿"),
    "visitor": ("a visit to the website {name} of {operator}: not mining", "访问 {operator} 的网站 {name}：不是挖矿"),
}
_DEFAULTS = {
    "agent": ("a miner", "挖矿程序"), "operator": ("an unnamed operator", "未知运营者"), "reason": ("no reason given", "未说明原因"),
    "server": ("an unknown server", "未知服务器"), "name": ("an unknown name", "未知名称"), "date": ("an unknown date", "未知日期"),
    "basis": ("name", "名称"),
}
# An argument, and the English word behind it that it counts.
_ARGUMENT = pattern(r"\{([a-z_]+)\}( (?:[a-z]+ )?[a-z]+s\b)?")


def why(finding: Finding, lang: str = "en") -> str:
    """One plain sentence: why this finding."""
    texts = _WHY.get(finding.why_code)
    chinese = lang == "zh"
    if texts is None:
        return plain(finding.why_code)
    arguments = finding.why_args

    def filled(match: re.Match[str]) -> str:
        name, thing = match[1], match[2] or ""
        value = arguments.get(name)
        if value is None:
            return _DEFAULTS.get(name, ("?", "?"))[chinese] + thing
        text = str(value)
        if name == "agent":
            # Builds and libraries stand in brackets behind the name and version.
            text = text.partition(" (")[0][:60] or text
        return plain(text, 160) + (thing.removesuffix("s") if value == 1 else thing)

    return _ARGUMENT.sub(filled, texts[chinese])
