"""Inventories as offices keep them: every spelling, every mistake with its line, hostile tables."""

import ipaddress
import json
import subprocess
import sys

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from netminer_detect.errors import ConfigError
from netminer_detect.findings import Organisation
from netminer_detect.organisations.headings import Field, field_of
from netminer_detect.organisations.inventory import load_inventory
from netminer_detect.organisations.rows import MAX_LINE, MAX_TOLD

HEADER = "network,id,name,sector,contact\n"
LIBRARY = Organisation("lib", "Library", "university", "it@lib.example")
ROW = "10.3.0.0/16,lib,Library,university,it@lib.example\n"


@pytest.fixture
def load(tmp_path):
    """Loads an inventory of this text; its messages without the path."""
    def load(text, name="units.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        inventory = load_inventory(str(path))
        inventory.warnings = [line.removeprefix(str(path)) for line in inventory.warnings]
        return inventory
    return load


def refusal(load, text, name="units.csv"):
    with pytest.raises(ConfigError) as refused:
        load(text, name)
    return f"{refused.value.where.rpartition('/')[2]}: {refused.value.what}"


# Spellings

HEADINGS = {
    Field.ADDRESS: "CIDR|Network|Networks|Subnet|IP Range|IP range(s)|IP|IP Address|ip_address|IPv4|IPv6 Prefix|inetnum"
    "|Network (CIDR)|CIDR block|Netblock|Address range|网段|IP网段|IP段|IP地址段|地址段|IP地址|IP地址范围"
    "|IP 地址|ＩＰ地址|IPv4地址段|IPv6前缀|网络|网络地址|子网|起止IP|起止地址|单位IP|公网IP"
    "|互联网出口IP|IP地址（段）|網段|子網路|IP位址|位址範圍",
    Field.FIRST: "Start IP|start_ip|StartIP|ip_start|First IP|from|Start address|IP from|Range start|Start of range"
    "|起始IP|起始地址|开始IP|开始地址|起始IP地址|IP起始地址|起始位址|開始IP",
    Field.LAST: "End IP|end_ip|EndIP|ip_end|Last IP|to|End address|IP to|Range end|End of range|结束IP|结束地址|终止IP"
    "|截止IP|结束IP地址|IP终止地址|結束IP|終止IP",
    Field.MASK: "Mask|Netmask|Subnet mask|Prefix length|prefixlen|Mask bits|子网掩码|掩码|掩码位数|前缀长度|子網路遮罩",
    Field.ID: "ID|Org ID|org_id|OrgID|Organization ID|Unit ID|Code|Short name|单位编号|单位代码|机构代码|组织机构代码"
    "|统一社会信用代码|学校标识码|单位简称|單位編號",
    Field.NAME: "Organisation|Organization|Org|Org name|Organization Name|Unit|Company|Institution|School|University"
    "|Customer|Owner|单位|单位名称|使用单位|所属单位|机构名称|组织机构|组织名称|归属单位|学校名称|用户单位|高校名称|單位名稱",
    Field.DEPARTMENT: "Department|Dept.|Faculty|部门|部门名称|院系|二级单位|學院",
    Field.SECTOR: "Sector|Industry|Type|Category|Org type|行业|所属行业|行业类别|单位类型|单位性质|类别|行業",
    Field.CONTACT: "Contact|Contact person|Contact e-mail|E-mail|Phone|Tel.|Admin|Person in charge|Abuse contact|联系人"
    "|联系方式|联系电话|电话|手机号|邮箱|电子邮件|负责人|网络管理员|聯絡人|電話",
    Field.OTHER: "序号|No.|#|备注|Remark|VLAN|Gateway|网关|IP版本|更新时间|MAC地址|单位地址|办公地址|联系地址"
    "|Zip|Ownership|Location",
}


@pytest.mark.parametrize(("heading", "meaning"), [(h, f) for f, texts in HEADINGS.items() for h in texts.split("|")])
def test_a_heading_is_understood(heading, meaning):
    assert field_of(heading) is meaning


@pytest.mark.parametrize("text", [
    HEADER + ROW,
    "\ufeff" + HEADER + ROW,
    (HEADER + ROW).replace("\n", "\r\n"),
    (HEADER + ROW).replace("\n", "\r"),
    (HEADER + ROW).replace(",", ";"),
    (HEADER + ROW).replace(",", "\t"),
    (HEADER + ROW).replace(",", "|"),
    (HEADER + ROW).replace(",", "，"),
    "sep=;\n" + (HEADER + ROW).replace(",", ";"),
    "Units of the campus,,,,\n,,,,\n" + HEADER + ROW,
    "# kept by the network office\n" + HEADER + "# the library\n" + ROW + "\n\n",
    "#" + HEADER + ROW,
    "# name,id,network,contact,sector\n" + HEADER + ROW,
    "network,id,name,sector,contact" + "," * 251 + "\n" + ROW,
    ROW,
    '"network","id","name","sector","contact"\n"10.3.0.0/16","lib","Library","university","it@lib.example"\n',
    "contact,sector,name,id,network\nit@lib.example,university,Library,lib,10.3.0.0/16\n",
    "start,end,id,name,sector,contact\n10.3.0.0,10.3.255.255,lib,Library,university,it@lib.example\n",
    "start,end,id,name,sector,contact\n10.3.0.0,255.255,lib,Library,university,it@lib.example\n",
    "start,end,id,name,sector,contact\n10.3.0.0/17,10.3.128.0/17,lib,Library,university,it@lib.example\n",
    "start,end,id,name,sector,contact\n10.3.0.0/16,,lib,Library,university,it@lib.example\n",
    "ip,mask,id,name,sector,contact\n10.3.0.0,255.255.0.0,lib,Library,university,it@lib.example\n",
    "ip,prefix,id,name,sector,contact\n10.3.0.0,16,lib,Library,university,it@lib.example\n",
    "ip,count,id,name,sector,contact\n10.3.0.0,65536,lib,Library,university,it@lib.example\n",
    "network,start,end,id,name,sector,contact\n10.3.0.0/16,10.3.0.1,10.3.255.254,lib,Library,university,it@lib.example\n",
    "IPv4,IPv6,id,name,sector,contact\n10.3.0.0/16,-,lib,Library,university,it@lib.example\n",
    "no,network,id,name,sector,contact,remark\n1," + ROW.strip() + ",moved\n",
    "network,id,name,sector,contact\n" + '10.3.0.0/16,"lib","Library","university","it@lib.example"\n',
    "network,org_id,unit,department,sector,e-mail\n10.3.0.0/16,lib,Library,,university,it@lib.example\n",
])  # fmt: skip
def test_a_table_is_read(load, text):
    inventory = load(text)
    assert inventory.warnings == []
    assert [inventory.lookup(ip) for ip in ("10.3.0.0", "10.3.255.255", "::ffff:10.3.0.9")] == [LIBRARY] * 3
    assert inventory.lookup("10.2.255.255") is None and not inventory.contains("10.4.0.0")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "gb2312", "utf-16"])
def test_a_chinese_table_in_each_encoding(load, encoding):
    text = "网段,单位编号,单位名称,行业,联系人\n10.3.0.0/16,tsg,图书馆,高校,张老师\n"
    assert load(text.encode(encoding)).lookup("10.3.1.1") == Organisation("tsg", "图书馆", "高校", "张老师")


def test_lines_of_several_encodings_each_count(load):
    text = HEADER.encode() + "10.3.0.0/16,a,图书馆,,\n".encode() + "10.4.0.0/16,b,物理系,,\n".encode("gb18030")
    inventory = load(text + b"10.5.0.0/16,c,\xff\xff\xff,,\n10.6.0.0/16,d,Dormitory,,\n")
    names = [unit and unit.name for unit in map(inventory.lookup, ("10.3.0.1", "10.4.0.1", "10.5.0.1", "10.6.0.1"))]
    assert names == ["图书馆", "物理系", None, "Dormitory"]
    assert inventory.warnings == [":4: the line is neither UTF-8 nor GB18030 and was left out; save the file as UTF-8"]


DOCUMENTS = [
    ("units.json", [{"network": "10.3.0.0/16", "id": "lib", "name": "Library", "sector": "university",
                     "contact": "it@lib.example"}]),
    ("units.json", {"units": [{"cidr": ["10.3.0.0/17", "10.3.128.0/17"], "org_id": "lib", "unit": "Library",
                               "sector": "university", "contact": {"email": "it@lib.example"}}]}),
    ("units.json", {"lib": {"name": "Library", "networks": ["10.3.0.0/16"], "sector": "university",
                            "contact": "it@lib.example"}}),
    ("units.json", {"10.3.0.0/16": {"id": "lib", "name": "Library", "sector": "university",
                                    "contact": "it@lib.example"}}),
    ("units.json", [{"network": "10.3.0.0/16", "organisation": {"id": "lib", "name": "Library", "sector": "university",
                                                               "contact": "it@lib.example"}}]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "document"), DOCUMENTS)
@pytest.mark.parametrize("write", [json.dumps, lambda d: json.dumps(d, indent=1), lambda d: "\ufeff" + json.dumps(d)])
def test_json_is_read(load, name, document, write):
    for named in (name, "units.txt"):
        inventory = load(write(document), named)
        assert (inventory.warnings, inventory.lookup("10.3.200.1")) == ([], LIBRARY)


@pytest.mark.parametrize(("name", "document"), DOCUMENTS)
def test_yaml_is_read(load, name, document):
    inventory = load(yaml.safe_dump(document), "units.yaml")
    assert (inventory.warnings, inventory.lookup("10.3.200.1")) == ([], LIBRARY)


def test_json_lines_are_read(load):
    line = json.dumps(DOCUMENTS[0][1][0])
    inventory = load(f"{line}\n{line.replace('10.3.', '10.4.')}\n", "units.jsonl")
    assert inventory.warnings == [] and inventory.lookup("10.4.0.1") == inventory.lookup("10.3.0.1") == LIBRARY


def test_what_yaml_would_take_for_numbers_stays_text(load):
    inventory = load("- {network: 10.3.0.0/16, id: 0012, name: no}\n- {network: 10.4.0.0/16, id: 1e3, name: 12:30}\n"
                     "- {network: 10.5.0.0/16, id: x, name: null}\n", "units.yml")
    assert [inventory.lookup(f"10.{at}.0.1") for at in (3, 4, 5)] == [
        Organisation("0012", "no"), Organisation("1e3", "12:30"), Organisation("x", "x")]


# Who owns an address

def test_the_longest_prefix_wins(load):
    rows = ["0.0.0.0/0,all,All", "10.0.0.0/8,net,Net", "10.3.0.0/16,lib,Library", "10.3.7.0-10.3.7.9,desk,Desk",
            "10.3.7.5,pc,PC", "::/0,six,Six", "2001:db8::/32,doc,Doc"]
    inventory = load(HEADER + "\n".join(rows))
    owners = {"9.9.9.9": "all", "10.9.9.9": "net", "10.3.9.9": "lib", "10.3.7.9": "desk", "10.3.7.5": "pc",
              "10.3.7.10": "lib", "255.255.255.255": "all", "2001:db8::1": "doc", "2001:db9::": "six", "::": "six"}
    assert {ip: inventory.lookup(ip).id for ip in owners} == owners
    assert inventory.warnings == []
    assert inventory.lookup("no address") is None


addresses = st.one_of(st.tuples(st.just(4), st.integers(0, 0xFFFF).map(lambda low: 0x0A030000 | low)),
                      st.tuples(st.just(6), st.integers(0, 0xFFFF).map(lambda low: 0x20010DB8 << 96 | low)))
entries = st.lists(st.tuples(addresses, st.integers(0, 16), st.integers(0, 9), st.integers(0, 2)),
                   min_size=1, max_size=20)


@settings(deadline=None, max_examples=60)
@given(entries, st.lists(addresses, max_size=20), st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "gb18030"]))
def test_any_table_agrees_with_asking_each_line(tmp_path_factory, listed, asked, separator, encoding):
    lines, ranges = [], []
    for (version, value), free_bits, more, form in listed:
        width, make = (32, ipaddress.IPv4Address) if version == 4 else (128, ipaddress.IPv6Address)
        low = value >> free_bits << free_bits
        high = low | ((1 << free_bits) - 1)
        if form == 0:
            text = f"{make(low)}/{width - free_bits}"
        elif form == 1:
            high = min(high + more, (1 << width) - 1)
            text = f"{make(low)} - {make(high)}"
        else:
            high = low
            text = str(make(low))
        name = f"单位{len(lines)}"
        lines.append(separator.join((text, f"u{len(lines)}", name, "", "")))
        ranges.append((version, low, high, name))
    path = tmp_path_factory.mktemp("units") / "units.csv"
    path.write_text(separator.join(("网段", "单位编号", "单位", "行业", "电话")) + "\n" + "\n".join(lines), encoding)
    inventory = load_inventory(str(path))
    for version, value in [*asked, *(place for place, *_ in listed)]:
        holding = [(high - low, at) for at, (of, low, high, _) in enumerate(ranges)
                   if of == version and low <= value <= high]
        found = inventory.lookup(str((ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address)(value)))
        assert (found.name if found else None) == (ranges[min(holding)[1]][3] if holding else None)


def test_a_unit_without_an_id_gets_the_same_one_everywhere(load):
    one = load("网段,单位\n10.3.0.0/16,图书馆\n").lookup("10.3.0.1")
    other = load("unit;ip\n图书馆;192.168.0.9\n图书馆;192.168.0.10\n").lookup("192.168.0.10")
    assert one == other and one.name == "图书馆" and len(one.id) == 12


def test_departments_make_units_of_their_own_unless_an_id_says_otherwise(load):
    plain = load("ip,unit,department,contact\n10.3.0.0/16,Uni,Library,a\n10.4.0.0/16,Uni,Physics,b\n")
    assert [plain.lookup(ip).name for ip in ("10.3.0.1", "10.4.0.1")] == ["Uni Library", "Uni Physics"]
    assert plain.lookup("10.3.0.1").id != plain.lookup("10.4.0.1").id
    one = load("ip,id,unit,department,contact\n10.3.0.0/16,u,Uni,Library,a\n10.4.0.0/16,u,Uni,Physics,b\n")
    assert one.lookup("10.3.0.1") == Organisation("u", "Uni", None, "Library, a")
    assert one.lookup("10.4.0.1") == Organisation("u", "Uni", None, "Physics, b")
    assert one.warnings == []


# Mistakes, each with its line

def test_each_mistake_is_told_with_its_line_and_what_to_do(load):
    inventory = load(HEADER + "\n".join([
        "10.3.0.0/16,lib,Library,,",
        "10.3.0.0/16,ee,Engineering,,",
        "",
        "10.3.0.0/16,lib,Library,,",
        "10.4.0.0/33,a,A,,",
        "10.5.0.9/16,b,B,,",
        "10.6.0.1-10.6.0.20,c,C,,",
        "10.6.0.10-10.6.0.30,d,D,,",
        "10.7.0.0/16,,,,",
        ",e,E,,",
        "10.8.0.0/16,f,F,,,,more",
        "10.9.0.0/16,lib,Other,,",
        '10.10.0.0/16,"g,G,,',
        "2001:db8::/32,h,H,,",
        "2001:db8::/32,h,H,,",
    ]))
    told = {int(line.split(":")[1]): [] for line in inventory.warnings}
    for line in inventory.warnings:
        place, what = line[1:].split(": ", 1)
        told[int(place)].append(what)
    assert told == {
        3: ["the same network as line 2, but another unit; that one counts; decide whose it is"],
        5: ["the same entry as line 2; drop one of them"],
        6: ["'33' is no prefix length; write a length from 0 to 32"],
        7: ["host bits are set: 10.5.0.9/16 is read as 10.5.0.0/16; write it so if it is meant"],
        9: ["overlaps line 8, another unit; decide whose the common part is; the smaller range counts"],
        10: ["a network without a unit; write a network and a name: network,id,name,sector,contact"],
        11: ["no network; write a network and a name: network,id,name,sector,contact"],
        12: ["7 cells where the header has 5; put cells that hold the separator in quotes"],
        13: ["the id 'lib' stands on line 2 for 'Library'; both are counted as one unit; give each unit its own id"],
        14: ["a quote is opened and never closed; close it, or write it twice if it is meant"],
        16: ["the same entry as line 15; drop one of them"],
    }
    assert [inventory.lookup(ip).id for ip in ("10.3.0.1", "10.5.1.1", "10.6.0.15", "10.8.0.1", "10.10.0.1")] == [
        "lib", "b", "c", "f", "g"]


def test_documents_tell_their_lines_as_well(load):
    text = '[\n {"network": "10.3.0.0/16", "name": "A"},\n {"network": "10.3.0.0/16",\n  "name": "B"},\n 7,\n' \
           ' {"network": "x", "name": "C"},\n {"network": "10.4.0.0/16", "name": "D", "name": "E"}\n]'
    assert load(text, "u.json").warnings == [
        ":5: no object; write a list of objects with network, id, name, sector, contact",
        ":6: 'x' is no address; write a network, a range or an address: 10.3.0.0/16, 10.3.0.1-10.3.0.99, 2001:db8::/32",
        ":7: the key 'name' stands there twice; keep one of the two",
        ":3: the same network as line 2, but another unit; that one counts; decide whose it is",
    ]
    assert load('{"10.3.0.0/16": "A",\n"10.3.0.0/16": "B"}', "u.json").warnings == [
        ":2: the same network as line 1, but another unit; that one counts; decide whose it is"]
    assert load("- network: 10.3.0.0/16\n  name: A\n- network: 10.3.0.0/16\n  name: B\n", "u.yaml").warnings == [
        ":3: the same network as line 1, but another unit; that one counts; decide whose it is"]


@pytest.mark.parametrize(("first", "count", "last"), [
    ("255.255.255.254", 2, "255.255.255.255"), ("255.255.255.254", 3, None),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 2, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 3, None),
])  # fmt: skip
def test_a_count_ends_with_the_addresses(load, first, count, last):
    inventory = load(f"ip,count,unit\n{first},{count},A\n10.0.0.1,1,B\n")
    if last is not None:
        assert inventory.warnings == [] and inventory.lookup(last).name == inventory.lookup(first).name == "A"
    else:
        assert inventory.warnings == [f":2: {count} addresses go beyond the address space; correct the count"]


def test_a_quote_in_quotes_may_stand_before_the_line_ends(load):
    inventory = load(HEADER + '10.3.0.0/16,lib,"The ""Old""\n""New"" Library",,\n'
                     '10.4.0.0/16,b,"The ""Law\nSchool""",,\n')
    assert inventory.warnings == []
    assert inventory.lookup("10.3.0.1").name == 'The "Old"\n"New" Library'
    assert inventory.lookup("10.4.0.1").name == 'The "Law\nSchool"'


def test_a_quoted_cell_runs_over_lines_and_the_next_line_keeps_its_number(load):
    inventory = load(HEADER + '10.3.0.0/16,lib,"The\n""Old"" Library, North",,\n10.4.0.0/99,x,X,,\n')
    assert inventory.lookup("10.3.0.1").name == 'The\n"Old" Library, North'
    assert inventory.warnings[0].startswith(":4: '99' is no prefix length")


@pytest.mark.parametrize(("text", "name", "said"), [
    ("", "u.csv", "u.csv: the inventory is empty"),
    (" \n\n", "u.json", "u.json: the inventory is empty"),
    (HEADER, "u.csv", "u.csv: no usable entry"),
    (HEADER + "x,a,A,,\n", "u.csv", "u.csv: no usable entry ("),
    ("a,b\nc,d\n", "u.csv", "u.csv: no column of addresses was found"),
    (b"\x7fELF\2" + bytes(range(256)) * 40, "u.csv", "u.csv: no line holds a table (|u.csv: no column of addresses"),
    (b"\0" * 5000, "u.csv", "u.csv: no line holds a table ("),
    (b"PK\x03\x04....", "u.csv", "u.csv: spreadsheets are not read yet"),
    (HEADER, "u.xlsx", "u.xlsx: spreadsheets are not read yet"),
    ("[", "u.json", "u.json:1: no sound JSON: "),
    ('[\n{"network": "10.3.0.0/16"\n"name"}]', "u.json", "u.json:3: no sound JSON: "),
    ('{"10.0.0.0/8": 1 2}', "u.json", "u.json:1: no sound JSON: a comma or } should stand here"),
    ('[{"a": 1}', "u.json", "u.json:1: no sound JSON: "),
    ("[" * 100_000, "u.json", "u.json:1: no sound JSON: "),
    ('{"a":' * 100_000, "u.json", "u.json:1: no sound JSON: "),
    ("7" * 100_000, "u.json", "u.json:1: no sound JSON: "),
    ('"text"', "u.json", "u.json: no usable entry"),
    ("[" * 100_000, "u.yaml", "u.yaml:1: no sound YAML: "),
    ("a:\n  - b\n c: [", "u.yaml", "u.yaml:3: no sound YAML: "),
    ("- &a {network: 10.0.0.0/8, name: A}\n- *a\n", "u.yaml", "u.yaml:1: no sound YAML: anchors"),
    ("a: \x1b[31m\n", "u.yaml", "u.yaml:1: no sound YAML: "),
    ("? {a: b}\n: c\n", "u.yaml", "u.yaml:1: no sound YAML: a key that is no text"),
])  # fmt: skip
def test_what_is_no_inventory_is_refused_before_anything_is_scanned(load, text, name, said):
    assert refusal(load, text, name).startswith(tuple(said.split("|")))


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(ConfigError, match="the inventory cannot be read"):
            load_inventory(str(path))


# Hostile tables

def test_cells_of_every_kind_stay_what_they_are(load):
    inventory = load(HEADER + "10.3.0.0/16,=1+1,=cmd|'/c calc'!A0,\x1b[31m,@x\n10.4.0.0/16,²,\u202eevil,x,y\n")
    assert inventory.lookup("10.3.0.1") == Organisation("=1+1", "=cmd|'/c calc'!A0", "\x1b[31m", "@x")
    assert inventory.lookup("10.4.0.1").name == "\u202eevil"
    assert load("ip,count,unit\n10.3.0.1,²,A\n").lookup("10.3.0.2") is None


def test_long_cells_are_cut(load):
    unit = load(HEADER + ",".join(["10.3.0.0/16", *("x" * 9000 for _ in range(4))])).lookup("10.3.0.1")
    assert [len(text) for text in (unit.id, unit.name, unit.sector, unit.contact)] == [128, 256, 256, 256]


def test_a_line_of_ten_megabytes_costs_only_itself(load):
    inventory = load(HEADER + "10.3.0.0/16,a," + "x" * 10_000_000 + "\n" + "10.4.0.0/16,b,B,,\n")
    assert inventory.warnings == [
        f":2: the line is longer than {MAX_LINE} characters and was left out; split it into several lines"]
    assert inventory.lookup("10.4.0.1").id == "b"
    inventory = load(b"\xff\xff\n" + HEADER.encode() + b"y" * 5_000_000 + b"\n10.4.0.0/16,b,B,,")
    assert inventory.lookup("10.4.0.1").id == "b"


@pytest.mark.parametrize("more", [-1, 0, 1, 70_000])
def test_a_long_line_is_told_wherever_it_is_cut_in_reading(load, more):
    start = HEADER + "10.3.0.0/16,a,A,,\n10.4.0.0/16,b,"
    inventory = load(start + "x" * ((1 << 20) - len(start) + more) + "\n10.5.0.0/16,c,C,,\n")
    assert inventory.warnings == [
        f":3: the line is longer than {MAX_LINE} characters and was left out; split it into several lines"]
    assert inventory.lookup("10.5.0.1").id == "c"


def test_a_file_of_any_size_is_refused_beyond_the_bound(load, monkeypatch):
    monkeypatch.setattr("netminer_detect.organisations.inventory.MAX_FILE", len(HEADER + ROW))
    assert load(HEADER + ROW).warnings == []
    assert "larger than" in refusal(load, HEADER + ROW + "#")


def test_entries_beyond_the_bound_are_told(load, monkeypatch):
    monkeypatch.setattr("netminer_detect.organisations.inventory.MAX_ENTRIES", 2)
    inventory = load(HEADER + "10.1.0.0/16,a,A,,\n10.2.0.0/16,b,B,,\n10.3.0.0/16,c,C,,\n10.4.0.0/16,d,D,,\n")
    assert inventory.warnings == [":4: entries beyond a million are left out; join neighbouring networks"]
    assert inventory.lookup("10.2.0.1") and not inventory.lookup("10.3.0.1")


def test_more_columns_than_anyone_has_are_not_read(load):
    inventory = load(HEADER.strip() + "," * 1000 + "\n10.3.0.0/16,a,A" + ",x" * 1000 + "\n")
    assert inventory.lookup("10.3.0.1").id == "a"
    assert len(inventory.warnings) == 2


def test_messages_are_bounded_and_the_rest_is_counted(load):
    inventory = load(HEADER + ROW + "x,y,z,,\n" * 5000 + ROW * 5000)
    assert len(inventory.warnings) == MAX_TOLD + 1
    assert inventory.warnings[-1] == ": 9000 more messages of this kind; correct those above first"


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=400) | st.text(alphabet=',;\t"\n\r #10.3/-:abc网段{}[]', max_size=200).map(str.encode),
       st.sampled_from(["u.csv", "u.json", "u.yaml"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data, name):
    path = tmp_path_factory.mktemp("units") / name
    path.write_bytes(data)
    try:
        load_inventory(str(path))
    except ConfigError as error:
        assert str(error)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")
def test_many_lines_load_in_seconds_and_little_memory(tmp_path):
    path = tmp_path / "many.csv"
    count = 200_000
    with path.open("w") as file:
        file.write(HEADER)
        for at in range(count):
            file.write(f"{10 + (at >> 20)}.{at >> 12 & 255}.{at >> 4 & 255}.{(at & 15) << 4}/28,u{at % 5000},"
                       f"Unit {at % 5000},university,noc{at % 5000}@example\n")
    # Not getrusage: its peak is at least that of the process that started this one.
    program = ("import sys, time; from netminer_detect.organisations.inventory import load_inventory\n"
               "inventory = load_inventory(sys.argv[1]); assert inventory.lookup('10.1.2.3').id == 'u4128'\n"
               "peak = next(line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line)\n"
               "print(time.process_time(), peak)")
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    seconds, kilobytes = map(float, done.stdout.split())
    assert seconds < 15 and kilobytes < 100 * 1024
