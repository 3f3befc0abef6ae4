"""What `rules list`, `show` and `explain` say, in English and Chinese.

Contract: `word(text, lang)` gives the word of the language, English where it has none; `worth(explanation, lang)` the
sentences on what a scan would make of a fact, and why not more.
"""

from __future__ import annotations

from netminer_detect.rulebook.explaining import Explanation

_CHINESE = {
    "rule": "规则", "severity": "严重性", "confidence": "可信度", "holds": "内容", "title": "标题", "operator": "运营者",
    "tags": "标签", "reviewed": "复核日期", "review by": "下次复核", "file": "文件", "references": "参考", "sources": "来源",
    "facts": "事实", "examples": "例子", "must match": "必须匹配", "must not match": "不得匹配", "line": "行",
    "said by": "依据", "first seen": "首次出现", "last checked": "最近核实", "weak": "弱", "ports": "端口",
    "low": "低", "medium": "中", "high": "高", "critical": "严重", "what it gives": "作用", "why no more": "为何不更高",
    "known by": "所属规则", "known since": "最早见于", "no rule": "没有规则", "finding": "发现", "why": "原因",
    "noted by": "另见规则", "not among the rules given; name its file with --rules": "不在所给规则中；用 --rules 指明其文件",
    "no rule matched; it rests on what was said on the wire": "没有规则匹配，依据的是网络上的对话本身",
}  # fmt: skip

# worth: (what it gives, why no more), in English and Chinese.
_WORTHS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "server": (("data exchanged with it is a finding (endpoint, probable); a DNS question alone is a lookup (suspected)",
                "a name tells who was dialled, not what was said: jobs or shares must be seen for more"),
               ("与它交换数据即为一条发现（endpoint，很可能）；仅有 DNS 查询则为 lookup（可疑）",
                "域名只说明连了谁，不说明说了什么：看到任务或份额才会更高")),
    "domain": (("data exchanged with it is a finding, unless on a port of the web, mail or shells",
                "the name lies below an operator's domain, but looks neither like a mining server nor like a web page"),
               ("与它交换数据即为一条发现，但网页、邮件、SSH 端口除外",
                "它在运营者的域名之下，但既不像矿池服务器也不像网页")),
    "website": (("who asks for it is a visitor (context, not mining)", "it is a web page of the operator, no mining server"),
                ("访问它的是网页访客（context，不是挖矿）", "它是运营者的网页，不是矿池服务器")),
    "browser": (("data exchanged with it is a finding (endpoint, probable): a page mines in a browser",
                 "whether the script ran is not told by its host's name"),
                ("与它交换数据即为一条发现（endpoint，很可能）：网页在浏览器中挖矿", "只凭主机名不知道脚本是否运行")),
    "donation": (("data exchanged with it is a finding (endpoint, probable): a miner pays its author's fee",
                  "a name tells who was dialled, not what was said"),
                 ("与它交换数据即为一条发现（endpoint，很可能）：挖矿程序在支付作者抽成", "域名只说明连了谁，不说明说了什么")),
    "malware": (("contact with it is a lookup (suspected) that speaks of infection",
                 "it is infrastructure of malware: evidence of infection, never of mining"),
                ("与它联系为 lookup（可疑），提示可能被感染", "它是恶意软件的基础设施：是感染的证据，从不是挖矿的证据")),
    "stale": (("at most a lookup (suspected)", "last checked {date}, which is worth something up to {until} only"),
              ("最多为 lookup（可疑）", "最近核实于 {date}，只在 {until} 之前有效")),
    "weak": (("at most a lookup (suspected)", "the rule calls it weak: {reason}"),
             ("最多为 lookup（可疑）", "规则注明其为弱：{reason}")),
    "address": (("data exchanged with this address and port is a finding (endpoint, suspected)",
                 "an address changes hands: without its name it is suspected, no more, and from {until} on a lookup"),
                ("与该地址和端口交换数据即为一条发现（endpoint，可疑）",
                 "地址会易主：没有域名时最多为可疑，自 {until} 起只算 lookup")),
    "no-port": (("nothing", "an address alone convicts nobody; the rule speaks of these ports: {ports}"),
                ("无", "只有地址不能说明任何人挖矿；规则所指端口：{ports}")),
    "agent": (("it names the program in a finding: {reason}", "who says so must be seen to mine; a name alone proves nothing"),
              ("在发现中注明程序：{reason}", "必须看到它在挖矿；只有程序名不能证明什么")),
    "not-mining": (("it names the program: {reason}", "this program does not mine"), ("注明程序：{reason}", "该程序不挖矿")),
    "wallet": (("its rule is noted in a finding whose miner logs in with it", "a wallet says who is paid, and mines nothing"),
               ("以它登录的发现会注明这条规则", "钱包只说明收款人，本身不挖矿")),
    "unknown": (("nothing", "no rule speaks of it; mining there would still be found by what is said on the wire"),
                ("无", "没有规则提到它；若在那里挖矿，仍会从网络对话中发现")),
}  # fmt: skip

# The level that a finding stands on: what the next one asks for.
_NEXT = {
    "shares": ("this is the highest level", "这已是最高级别"),
    "session": ("no share was seen to be submitted and accepted", "没有看到提交并被接受的份额"),
    "device": ("the device speaks of mining; the mining itself was not seen", "设备自称在挖矿，但没有看到挖矿本身"),
    "attempt": ("no login was accepted and no job handed out", "没有登录被接受，也没有下发任务"),
    "endpoint": ("what was said there could not be read: no mining handshake was seen", "内容无法读取：没有看到挖矿握手"),
    "pattern": ("nothing of it could be read, and no known server was named", "内容无法读取，也没有出现已知服务器"),
    "lookup": ("no data was seen to be exchanged, or what is known of the server is old or of malware",
               "没有看到数据交换，或者关于该服务器的信息已过时、属于恶意软件"),
    "context": ("it is no mining", "这不是挖矿"),
}  # fmt: skip


def word(text: str, lang: str) -> str:
    """See the module's contract."""
    return _CHINESE.get(text, text) if lang == "zh" else text


def counted(rules: int, lang: str) -> str:
    """So many rules."""
    if lang == "zh":
        return f"{rules} 条规则"
    return f"{rules} rule{'s' if rules != 1 else ''}" if rules else word("no rule", lang)


def worth(found: Explanation, lang: str) -> tuple[str, str]:
    """See the module's contract."""
    gives, why = _WORTHS[found.worth][lang == "zh"]
    told = {"date": found.date, "until": found.until, "reason": found.reason,
            "ports": ", ".join(map(str, found.ports)) or "-"}  # fmt: skip
    return gives.format(**told), why.format(**told)


def next_level(level: str, lang: str) -> str:
    """Why a finding of this level stands on none above."""
    return _NEXT[level][lang == "zh"] if level in _NEXT else level
