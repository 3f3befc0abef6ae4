"""Says what a column of an inventory means by its heading, in English or Chinese.

Contract: `fields_of(headings)` gives a `Field` for each heading, `Field.OTHER` for what is not needed. Blanks,
case, punctuation, full-width spelling and traditional characters do not matter. A heading that can mean two things
(`prefix`, `address`, 地址) is decided by the others beside it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import IntEnum, auto
from functools import lru_cache


class Field(IntEnum):
    """What a cell says. LABEL is a name that an organisation's own name beats; DEPARTMENT is a part of a unit, PART_ID
    its id; PARENT is the unit above, by name or id. SINCE and UNTIL bound when the entry is valid, PERIOD both."""

    ADDRESS = auto()
    FIRST = auto()
    LAST = auto()
    MASK = auto()
    COUNT = auto()
    ID = auto()
    NAME = auto()
    DEPARTMENT = auto()
    LABEL = auto()
    SECTOR = auto()
    CONTACT = auto()
    PARENT = auto()
    PARENT_ID = auto()
    PART_ID = auto()
    SINCE = auto()
    UNTIL = auto()
    PERIOD = auto()
    OTHER = auto()
    PREFIX = auto()  # a network, or the length of one
    PLACE = auto()  # an IP address, or a postal one


WHERE = frozenset({Field.ADDRESS, Field.FIRST})
# Traditional characters that headings are written with, and Taiwan's words for what the mainland calls otherwise.
_SIMPLIFIED = str.maketrans(
    "單網聯絡繫電話郵負責類別業產編號碼開結終學組織機構稱門圍範實驗數個總領備註說明狀態類時間處質誌簡級屬隸啟過銷",
    "单网联络系电话邮负责类别业产编号码开结终学组织机构称门围范实验数个总领备注说明状态类时间处质志简级属隶启过销")
_WORDS = (("位址", "地址"), ("遮罩", "掩码"), ("联络", "联系"), ("子网路", "子网"), ("网路", "网络"))
WHO = frozenset({Field.NAME, Field.DEPARTMENT, Field.LABEL, Field.ID})

_IP = r"(?:ipv?[46]?|inet)?(?:addr|address|addresses|地址|网段)?(?:段|范围|range)?"
_WHOSE = r"(?:org|organi[sz]ation|unit|dept|department|customer|tenant|company|institution|site|school|business)"
_WHOSE_ZH = r"(?:单位|机构|组织|组织机构|部门|学校|院校|高校|客户|企业|院系)"
_DATE_ZH = r"(?:日期|时间|日)"
# Asked in this order; the whole heading must match, written without blanks and punctuation.
_MEANINGS: tuple[tuple[Field, str], ...] = (
    (Field.SINCE, r"(?:valid|validity|effective|active)(?:from|since|start|date)|(?:begin|start)(?:date|time|datetime)"
                  r"|since|effective"
                  rf"|(?:生效|启用|起用|开通|有效期?(?:起始?|始|自|从|开始)|使用开始|开始使用){_DATE_ZH}?|(?:起始|开始){_DATE_ZH}"),
    (Field.UNTIL, r"(?:valid|validity|active)(?:to|until|thru|through|till|end)"
                  r"|expir(?:y|es|ed|ation)(?:date|time|at|on)?|(?:end|stop)(?:date|time|datetime)"
                  rf"|(?:失效|停用|到期|过期|注销|回收|有效期?(?:至|到|止|截止|结束)){_DATE_ZH}?"
                  rf"|(?:终止|截止|结束){_DATE_ZH}"),
    (Field.PERIOD, r"有效期限?|使用期限?|有效时间|期限|租期|.*起止(?:日期|时间)|valid|validity(?:period)?|period"),
    (Field.OTHER, r"序号|no|nr|num|number|#|index|row|行号|备注|说明|注释|note|notes|remark|remarks|comment|comments"
                  r"|vlan.*|网关.*|gateway.*|ip(?:地址)?(?:版本|类型|用途|状态)|version|family|用途|状态|status"
                  r"|.*(?:日期|时间|date|time)|mac.*|dns.*|.*(?:联系|通信|通讯|办公|单位|详细|邮寄|注册)地址"
                  r"|(?:street|postal|mailing|post|office)(?:al)?address|网络类型|接入.*类型"),
    (Field.MASK, r".*掩码.*|前缀长度|前缀|(?:sub)?(?:net)?mask(?:length|len|bits)?|prefixlen(?:gth)?|masklen|bits"
                 r"|length|cidrlen(?:gth)?|subnetmask"),
    (Field.FIRST, rf"{_IP}(?:起始|开始|起|首)(?:ip|地址|ip地址|ipv[46]地址|网段)?"
                  rf"|(?:start|starting|first|from|begin|low|lower)(?:of)?{_IP}|{_IP}(?:start|first|from|begin|low)"),
    (Field.LAST, rf"{_IP}(?:结束|终止|截止|止|末|尾)(?:ip|地址|ip地址|ipv[46]地址|网段)?"
                 rf"|(?:end|ending|last|to|until|high|upper)(?:of)?{_IP}|{_IP}(?:end|last|to|high)"),
    (Field.PARENT_ID, rf"(?:parent|superior){_WHOSE}?(?:id|code|key|slug)|(?:上级|父级?|主管){_WHOSE_ZH}?"
                      r"(?:编号|编码|代码|代号|id|标识码?)"),
    (Field.PARENT, rf"(?:parent|superior|supervising|governing){_WHOSE}?(?:name)?|belongsto|ministry|tenantgroup"
                   rf"|(?:直属)?(?:上一?级|父级?|隶属)(?:主管)?{_WHOSE_ZH}?(?:名称|名|关系)?"
                   rf"|(?:业务)?(?:主管|归口|归口管理){_WHOSE_ZH}(?:名称|名)?|(?:所属)?集团(?:名称)?|母公司"),
    (Field.CONTACT, r".*(?:联系|电话|手机|邮箱|邮件|负责人|责任人|管理员|经办人|使用人|微信|姓名).*|qq"
                    r"|.*contacts?(?:person|name|phone|number)?|.*e?mails?(?:addr|address)?|(?:tele)?phone.*|tel|mobile"
                    r"|admin|administrator|responsible.*|person(?:incharge)?|abuse.*|noc"),
    (Field.COUNT, r"(?:ip|地址|ip地址|ipv[46]地址)?(?:数量|个数|总数|数)|(?:ip|address|host|addresses|hosts)?count|size"
                  r"|quantity|numberof(?:ips|addresses|hosts)"),
    (Field.PART_ID, r"(?:department|dept|division|faculty)(?:id|code|key)"
                    r"|(?:部门|科室|院系|二级单位|学院)(?:编号|编码|代码|代号|id|标识码?)"),
    (Field.ID, rf"{_WHOSE}?(?:id|code|key)|slug|handle|shortname|abbr|abbreviation"
               rf"|{_WHOSE_ZH}?(?:编号|编码|代码|代号|id|标识|标识符|标识码|简称|缩写)|统一社会信用代码"),
    (Field.SECTOR, rf"{_WHOSE}?(?:sector|industry|type|category|kind|class)|.*行业.*|.*产业|领域"
                   rf"|{_WHOSE_ZH}?(?:类别|类型|性质|分类)"),
    (Field.PREFIX, r"prefix|prefixes"),
    (Field.PLACE, r"address|addresses|地址"),
    (Field.ADDRESS, r"cidrs?|networks?|subnets?|nets?|netblocks?|blocks?|ranges?|inet6?num|routes?|hosts?"
                    r"|(?:ip|ipv4|ipv6)(?:s|addr|addrs|address|addresses|range|ranges|prefix|prefixes|network|networks"
                    r"|subnet|subnets|block|blocks|space|cidr)?"
                    r"|(?:cidr|network|subnet|net|address)(?:address|block|range|prefix|space|cidr|地址)"
                    r"|(?:assigned|allocated|client|public|private|internal|external)(?:ips?|networks?|ipaddress(?:es)?)"
                    r"|起止.*|.*起止(?:ip|地址)?|.*(?:网段|子网|网络段|地址段|地址范围|地址块|ip段|ip范围)(?:cidr)?"
                    r"|[^a-z]*ip|.*(?:ip|ipv4|ipv6)地址.{0,4}|(?:ip|ipv4|ipv6|网络|地址)前缀|网络|网络地址|主机"),
    (Field.DEPARTMENT, r"department.*|dept.*|division|faculty|institute|laboratory|lab|team|section"
                       r"|.*(?:部门|科室|院系|二级单位|学院|班组|实验室)(?:名称)?"),
    (Field.NAME, r"(?:org|organi[sz]ation|unit|company|institution|school|university|college|customer|owner|holder"
                 r"|tenant|agency|organi[sz]ational?unit)(?:s|name)?"
                 r"|.*(?:单位|机构|组织|学校|院校|高校|客户|企业|公司|归属|用户|使用者)(?:名称|名|全称)?"),
    (Field.LABEL, r"name|title|label|descr|description|site|group|名称|名字|全称|描述"),
)
_COMPILED = [(field, re.compile(pattern)) for field, pattern in _MEANINGS]
_BRACKETED = re.compile(r"\(.*?\)|\[.*?\]|【.*?】")
_NOT_WORD = re.compile(r"[\W_]+")
_MAX_HEADING = 64


@lru_cache(maxsize=4096)
def field_of(heading: str) -> Field:
    """What one heading means by itself; PREFIX and PLACE where the others must tell."""
    text = unicodedata.normalize("NFKC", heading[:_MAX_HEADING]).casefold().translate(_SIMPLIFIED)
    for written, meant in _WORDS:
        text = text.replace(written, meant)
    for spelling in (_BRACKETED.sub("", text), text):
        word = _NOT_WORD.sub("", spelling)
        for field, pattern in _COMPILED:
            if word and pattern.fullmatch(word):
                return field
    return Field.OTHER


def fields_of(headings: Sequence[str]) -> list[Field]:
    """What the headings of one table mean, together."""
    fields = [field_of(heading) for heading in headings]
    known = any(field in WHERE for field in fields)
    if Field.PREFIX in fields and known:
        fields = [Field.MASK if field is Field.PREFIX else field for field in fields]
    if Field.PREFIX in fields or known:
        fields = [Field.OTHER if field is Field.PLACE else field for field in fields]
    return [Field.ADDRESS if field in (Field.PREFIX, Field.PLACE) else field for field in fields]
