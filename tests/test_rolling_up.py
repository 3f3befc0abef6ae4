"""Sums of units above units, and of sectors: each source once, equal to a slow, obvious recount."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netminer_detect.detect.summing import build_report
from netminer_detect.findings import Finding, Level, Organisation, Role, Totals, Verdict, Work
from netminer_detect.units import GROUPS, group_of

MINISTRY = Organisation("moe", "Ministry", "党政机关")
UNIVERSITY = Organisation("uni", "University", "高校", parent="moe")
FACULTIES = [Organisation(f"f{at}", f"Faculty {at}", "university", parent="uni") for at in range(3)]
COMPANY = Organisation("co", "Company", "company")
UNITS = {unit.id: unit for unit in (MINISTRY, UNIVERSITY, *FACULTIES, COMPANY)}


def above(identity):
    unit = UNITS.get(identity)
    return [UNITS[unit.parent], *above(unit.parent)] if unit and unit.parent else []


def finding(number, source, verdict, unit, coin):
    work = [Work("rx/0", "hash", Fraction(100), "accepted shares", 1.0, 0.5, 2.0, 3)]
    role = Role.VISITOR if verdict is Verdict.NOT_MINING else Role.MINER
    return Finding(f"{number:016x}", source, role, Level.SHARES, verdict, "shares_accepted", {}, coin=coin, work=work,
                   mining=[(0, 100 * 10**9)], organisation=unit)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.sampled_from(list(Verdict)), st.sampled_from(["XMR", "BTC", None])),
                max_size=20),
       st.lists(st.sampled_from([None, *UNITS.values()]), min_size=13, max_size=13))  # fmt: skip
def test_sums_equal_a_recount(found, units):
    report = build_report(
        [finding(number, f"10.0.0.{source}", verdict, units[source], coin)
         for number, (source, verdict, coin) in enumerate(found)], Totals(), above=above)
    best = {}
    for source, verdict, _ in found:
        best[source] = max(best.get(source, Verdict.NOT_MINING), verdict)
    mining = {source: verdict for source, verdict in best.items() if verdict is not Verdict.NOT_MINING}

    def counts(sources):
        return (len(sources), *(sum(mining[source] is verdict for source in sources)
                                for verdict in (Verdict.CONFIRMED, Verdict.PROBABLE, Verdict.SUSPECTED)))

    told = {one.organisation.id if one.organisation else None: one for one in report.organisations}
    for identity in (None, *UNITS):
        own = [source for source in mining if (units[source].id if units[source] else None) == identity]
        under = [source for source in mining if units[source] and identity in {
            unit.id for unit in above(units[source].id)}]
        assert (identity in told) == bool(own or under)
        if identity in told:
            one = told[identity]
            assert (one.sources, one.confirmed, one.probable, one.suspected) == counts([*own, *under])
            assert one.sources_below == len(under)
            assert one.coins == sorted({coin for source, verdict, coin in found
                                        if coin and source in {*own, *under} and verdict > Verdict.NOT_MINING})
    assert report.totals.sources == len(mining)
    assert report.totals.organisations == len({units[source].id for source in mining if units[source]})
    sectors = {one.sector: one for one in report.sectors}
    if any(units[source] for source in mining):
        assert sum(one.sources for one in sectors.values()) == len(mining)
    for group, one in sectors.items():
        theirs = [source for source in mining
                  if (units[source].sector_group if units[source] else None) == group]
        assert (one.sources, one.confirmed, one.probable, one.suspected) == counts(theirs)
        assert one.organisations == len({units[source].id for source in theirs if units[source]})


SECTORS = {
    "government": "党政机关|政府机关|政府|机关事业单位|教育局|卫健委|市公安局|黨政機關"
                  "|government|Government agencies|party organs|gov",
    "education": "高校|高等院校|大学|学校|中小学|教育|教育科研"
                 "|university|Universities|School|higher education|education|edu|College",
    "company": "企业|国有企业|私营企业|公司|工商企业|集团公司"
               "|company|Companies|enterprise|private company|corporate|commercial",
    "resident": "居民|家庭用户|家庭宽带|个人|个人用户|住宅|residential|residents|households|home users",
    "internet-cafe": "网吧|网咖|互联网上网服务营业场所|Internet café|internet cafe|cybercafe|net bar|internet-cafe",
    "hospital": "医院|医疗卫生|大学附属医院|诊所|hospital|Health care|healthcare|medical|Clinics",
    "data-centre": "数据中心|IDC|IDC机房|云服务|云计算|data centre|data center|Datacenter|hosting|cloud provider",
    "unknown": "|未知|不详|unknown|-|N/A",
}


@pytest.mark.parametrize(("group", "text"), [(g, t) for g, texts in SECTORS.items() for t in texts.split("|")])
def test_words_of_inventories_mean_a_group(group, text):
    assert group in GROUPS and group_of(text) == group_of(text.upper()) == group


@pytest.mark.parametrize("text", [
    "军队", "religious bodies", "其他", "科研院所", "homeopathy", "increment", "agriculture"])
def test_other_words_stay_as_they_are(text):
    assert group_of(f"  {text} ") == text


@given(st.text(max_size=300))
def test_any_text_is_a_group_or_stays_short(text):
    assert len(group_of(text)) <= 80
