"""Units above units, as tables tell them: by id, by name, by department, on a sheet of their own."""

import pytest

from netminer_detect.findings import Organisation
from netminer_detect.organisations.headings import Field, field_of
from netminer_detect.organisations.inventory import load_inventory
from netminer_detect.organisations.units import MAX_ABOVE

HEADINGS = {
    Field.PARENT: "parent|Parent org|parent_organisation|parent unit name|上级单位|上级单位名称|上级"
    "|主管部门|主管单位|上级主管部门"
    "|隶属单位|隶属关系|归口管理部门|父级单位|上級單位|所属集团|ministry|tenant group|belongs to",
    Field.PARENT_ID: "parent_id|parent unit id|Parent Org ID|上级单位编号|上级单位代码|上级机构代码"
    "|父级ID|上級單位編號",
    Field.PART_ID: "department_id|Dept Code|部门编号|院系代码|部门ID",
    Field.SINCE: "valid_from|Valid from|validFrom|start_date|Start date|since|effective date|生效日期"
    "|启用日期|启用时间|开始日期"
    "|有效期起|有效期自|起始日期|開始日期|啟用日期",
    Field.UNTIL: "valid_to|Valid until|valid till|end_date|End time|expires|Expiry date|失效日期"
    "|停用日期|到期时间|有效期至|有效期止"
    "|截止日期|结束日期|終止日期|注销日期",
    Field.PERIOD: "有效期|有效期限|使用期限|起止日期|validity|Validity period",
    Field.ADDRESS: "起止IP|起止地址",
    Field.OTHER: "更新时间|登记日期|date|created|Last updated time",
    Field.CONTACT: "主管领导联系电话|负责人",
}


@pytest.fixture
def load(tmp_path):
    """Loads an inventory of this text; its messages without the path."""
    def load(text, name="units.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        inventory = load_inventory(str(path))
        inventory.warnings = [line.removeprefix(str(path)) for line in inventory.warnings]
        return inventory
    return load


def chain(inventory, ip):
    """The names of an address' unit and of those above it."""
    unit = inventory.lookup(ip)
    return [unit.name, *(one.name for one in inventory.above(unit.id))]


@pytest.mark.parametrize(("heading", "meaning"), [(h, f) for f, texts in HEADINGS.items() for h in texts.split("|")])
def test_a_heading_is_understood(heading, meaning):
    assert field_of(heading) is meaning


@pytest.mark.parametrize("text", [
    # by id, in whatever order
    "network,id,name,parent_id\n10.3.0.0/16,phy,Physics,uni\n10.0.0.0/8,uni,University,moe\n10.9.0.0/24,moe,Ministry,\n",
    # by name; who stands nowhere is a unit too
    "network,name,parent\n10.3.0.0/16,Physics,University\n10.0.0.0/8,University,Ministry\n",
    # by name, spelled otherwise
    "network,name,parent\n10.3.0.0/16,Physics,  university \n10.0.0.0/8,University,Ministry\n",
    # the way up in one cell
    "network,name,parent\n10.3.0.0/16,Physics,Ministry > University\n",
    # rows without a network, for those above only
    "network,id,name,parent\n10.3.0.0/16,phy,Physics,uni\n,uni,University,moe\n,moe,Ministry,\n",
    # networks first, units after them: one names the other by its id
    "network,id,name,parent\n10.3.0.0/16,phy,,\n,phy,Physics,uni\n,uni,University,moe\n,moe,Ministry,\n",
    # the top is its own parent
    "network,id,name,parent\n10.3.0.0/16,phy,Physics,uni\n10.0.0.0/8,uni,University,moe\n10.9.0.0/24,moe,Ministry,moe\n",
    # id and name of the one above
    "network,id,name,parent_id,parent\n10.3.0.0/16,phy,Physics,uni,University\n10.0.0.0/8,uni,University,moe,Ministry\n",
])  # fmt: skip
def test_who_stands_above_whom(load, text):
    inventory = load(text)
    assert inventory.warnings == []
    assert chain(inventory, "10.3.0.1") == ["Physics", "University", "Ministry"]
    physics = inventory.lookup("10.3.0.1")
    assert inventory.unit(physics.id) == physics and physics.parent == inventory.above(physics.id)[0].id
    assert inventory.unit("nobody") is None and inventory.above("nobody") == []


@pytest.mark.parametrize(("name", "text"), [
    ("u.json", '[{"network":"10.3.0.0/16","name":"Physics","parent":{"id":"uni","name":"University"}},'
               '{"network":"10.0.0.0/8","id":"uni","name":"University","parent":"Ministry"}]'),
    ("u.yaml", "phy:\n  name: Physics\n  networks: [10.3.0.0/16]\n  parent: uni\nuni:\n  name: University\n"
               "  networks: 10.0.0.0/8\n  parent: Ministry\n"),
    ("u.csv", "IP网段,单位名称,上级单位\n10.3.0.0/16,Physics,University\n10.0.0.0/8,University,Ministry\n"),
])  # fmt: skip
def test_documents_and_chinese_tables_say_it_too(load, name, text):
    assert chain(load(text, name), "10.3.0.1") == ["Physics", "University", "Ministry"]


def test_departments_stand_below_their_organisation(load):
    inventory = load("ip,unit,department,sector,contact,parent\n10.3.0.0/16,Uni,Library,edu,a,Ministry\n"
                     "10.4.0.0/16,Uni,Physics,edu,b,Ministry\n10.5.0.0/16,Uni,,edu,c,Ministry\n")
    assert inventory.warnings == []
    assert chain(inventory, "10.3.0.1") == ["Uni Library", "Uni", "Ministry"]
    assert chain(inventory, "10.5.0.1") == ["Uni", "Ministry"]
    # Where no line is the whole organisation's, it is there all the same, with its sector and nobody's contact.
    inventory = load("ip,unit,department,sector,contact\n10.3.0.0/16,Uni,Library,edu,a\n")
    unit = inventory.lookup("10.3.0.1")
    assert inventory.above(unit.id) == [Organisation(unit.parent, "Uni", "edu", None)]


def test_an_id_is_the_departments_where_the_table_says_so(load):
    each = load("ip,id,unit,department\n10.3.0.0/16,u1,Uni,Library\n10.4.0.0/16,u2,Uni,Physics\n10.5.0.0/16,u0,Uni,\n")
    assert (chain(each, "10.3.0.1"), each.lookup("10.3.0.1").id) == (["Uni Library", "Uni"], "u1")
    assert each.lookup("10.4.0.1").parent == "u0"
    own = load("ip,单位编号,单位名称,部门编号,部门名称\n10.3.0.0/16,u,Uni,l,Library\n10.4.0.0/16,u,Uni,p,Physics\n")
    assert [own.lookup(ip) for ip in ("10.3.0.1", "10.4.0.1")] == [
        Organisation("l", "Uni Library", parent="u"), Organisation("p", "Uni Physics", parent="u")]
    assert own.unit("u").name == "Uni"
    alone = load("ip,部门编号,部门名称\n10.3.0.0/16,l,Library\n")
    assert alone.lookup("10.3.0.1") == Organisation("l", "Library")


def test_what_contradicts_itself_is_told_and_circles_are_cut(load):
    inventory = load("network,id,name,parent\n10.1.0.0/16,a,A,b\n10.2.0.0/16,b,B,c\n10.3.0.0/16,c,C,a\n"
                     "10.4.0.0/16,d,D,a\n10.5.0.0/16,d,D,b\n")
    assert chain(inventory, "10.4.0.1") == ["D", "A", "B", "C"]
    assert inventory.warnings == [
        ":6: line 5 puts 'D' below another unit; that one counts; decide where it belongs",
        ":4: the units above 'C' go round in a circle; it is counted below none; correct what stands above it",
    ]


def test_a_tower_of_units_is_cut(load):
    text = "".join(f"10.0.{at}.0/24,u{at},U{at},u{at + 1}\n" for at in range(100))
    inventory = load("network,id,name,parent\n" + text)
    assert max(len(inventory.above(unit.id)) for unit in inventory.units) == MAX_ABOVE
    assert any("more than 32 units stand above" in line for line in inventory.warnings)


def test_a_line_without_a_network_that_helps_nobody_is_told(load):
    inventory = load("network,id,name,parent\n10.1.0.0/16,a,A,b\n,b,B,\n,c,C,b\n,a,A,b\n")
    told = "no network; write a network and a name: network,id,name,sector,contact"
    assert inventory.warnings == [f":4: {told}", f":5: {told}"]
