"""The units that networks belong to, and the sectors by which authorities count them.

Contract: an `Organisation` is a unit as a report names it. `group_of(text)` gives one of GROUPS for what people write
into a column of sectors, in English or Chinese (高校, "Higher education", 机关, 网吧); UNKNOWN for nothing; words
that mean none of them stay as they are, in one line. A health bureau is government, a university hospital a hospital.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from msgspec import Struct

from netminer_detect.patterns import pattern

UNKNOWN = "unknown"
GROUPS = ("government", "education", "company", "resident", "internet-cafe", "hospital", "data-centre", UNKNOWN)

# Asked in this order: a word of the first that fits decides.
_MEANT = tuple((group, pattern(words)) for group, words in (
    (UNKNOWN, r"^(?:未知|不详|不明|未分类|unknown|unclassified|n/?a|none|[-?？]*)$"),
    ("government", r"党政|政府|政务|机关|党委|公安|检察|法院|人大|政协|(?:局|厅|委|委员会|管委会)$|公共管理"
                   r"|\b(?:government(?:al)?|gov|govt|party|ministry|municipal(?:ity)?|state organs?"
                   r"|public administration|administration|council|court|police)\b"),
    ("hospital", r"医院|医疗|卫生|诊所|保健|\b(?:hospitals?|clinics?|health ?care|medical|health)\b"),
    ("internet-cafe", r"网吧|网咖|上网服务|电竞|\b(?:internet|cyber|net)[ -]?(?:cafes?|bars?)\b|\bcybercafes?\b"),
    ("education", r"学校|高校|大学|学院|中学|小学|幼儿园|教育|高等院校|院校|职校|高职|中职|本科"
                  r"|\b(?:education(?:al)?|edu|universit(?:y|ies)|schools?|colleges?|academ(?:y|ic|ia)|campus|k-?12"
                  r"|kindergartens?)\b"),
    ("data-centre", r"数据中心|机房|云(?:服务|计算|平台)?|托管|idc|互联网数据"
                    r"|\b(?:data ?-?cent(?:er|re)s?|datacent(?:er|re)s?|hosting|cloud|colocation|colo|idc)\b"),
    ("resident", r"居民|家庭|家宽|个人|住宅|小区|住户|宽带用户"
                 r"|\b(?:residents?|residential|home|households?|private persons?|individuals?|consumers?"
                 r"|broadband)\b"),
    ("company", r"企业|公司|国企|私企|民企|央企|外企|集团|工商|商业|个体|工厂|制造业"
                r"|\b(?:compan(?:y|ies)|enterprises?|corporat(?:e|ion)|business(?:es)?|commercial|firms?|industry|ltd"
                r"|inc|private sector)\b"),
))  # fmt: skip
_SIMPLIFIED = str.maketrans("機關黨廳會醫療衛學職業園數據雲託個區寬帶戶電競網關團廠",
                            "机关党厅会医疗卫学职业园数据云托个区宽带户电竞网关团厂")  # fmt: skip
_MAX = 80


class Organisation(Struct, frozen=True):
    """A unit. `sector` stands as the inventory has it, `sector_group` is the one that authorities count it by;
    `contact` is whom to call, `parent` the id of the unit above. `source` says who knows it: table (the user's own),
    ipam, whois, asn, country."""

    id: str
    name: str
    sector: str | None = None
    contact: str | None = None
    parent: str | None = None
    source: str = "table"

    @property
    def sector_group(self) -> str:
        return group_of(self.sector)


@lru_cache(maxsize=4096)
def group_of(text: str | None) -> str:
    """See the module's contract."""
    plain = " ".join(unicodedata.normalize("NFKC", (text or "")[:256]).split())[:_MAX]
    folded = plain.casefold().translate(_SIMPLIFIED).replace("é", "e").replace("_", " ")
    for group, words in _MEANT:
        if words.search(folded) or folded == group.replace("-", " "):
            return group
    return plain
