"""`rules import`: makes a rule file of what other tools and people list.

Contract: `add_import(actions)` gives it its arguments, `import_rules(arguments, stream, lang)` reads the files and
writes one rule to `stream`, or to the file of `-o`; what was left out is told on stderr, each with its line and why.
The code is 0; 1 where nothing in the files may stand in a rule; a file that cannot be read is a ConfigError. Time and
memory are bounded: files have MAX_BYTES at most.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from netminer_detect.commands.telling import Teller
from netminer_detect.errors import ConfigError

if TYPE_CHECKING:
    from netminer_detect.exchange.formats import Mention, Passed
    from netminer_detect.exchange.indicators import Indicator
    from netminer_detect.exchange.rule_text import Heading
    from netminer_detect.exchange.sieve import Left, Sieve

MAX_BYTES = 16 << 20
MAX_FILES = 1_000
MAX_TOLD = 100
_HEAD = 20_000
_JSON = ("stix", "misp")

# code of `exchange.sieve.WHY`: English, Chinese.
SAYS = {
    "private": ("not a public address: elsewhere it is another host", "不是公网地址：在别处是另一台主机"),
    "registry": ("a public suffix: anybody may have a name below it", "公共后缀：任何人都能在其下注册"),
    "hosting": ("a hosting domain: anybody may have a name below it", "托管域名：任何人都能在其下取得子域名"),
    "shared-address": ("an address that many share ({})", "多家共用的地址（{}）"),
    "too-wide": ("too wide: a network may hold {} addresses", "范围过大：一个网段最多 {} 个地址"),
    "path": ("only a page is meant, not the whole host", "所指只是一个页面，不是整台主机"),
    "no-port": ("an address without a port convicts nobody; say --port if it is known",
                "没有端口的地址不能说明任何人挖矿；若已知端口，请用 --port"),
    "bad-ports": ("ports that are none, or too many of them", "端口无效或过多"),
    "lookalike": ("made to look like {}", "看上去像 {}"),
    "other-kind": ("already taken as {}", "已作为 {} 收录"),
    "refused": ("{}", "{}"),
    "no-rule": ("no Suricata rule, or one that is too long", "不是 Suricata 规则，或过长"),
    "passes": ("a rule that lets pass", "放行规则"),
    "more-conditions": ("it asks for more than a name or a place", "除域名或地址外还有其他条件"),
    "no-name": ("its content is no whole name", "内容不是完整的域名"),
    "port-range": ("a range of ports, or a variable", "端口范围或变量"),
    "no-indicator": ("no host and no address that is called bad", "没有被列为恶意的主机或地址"),
    "leads-elsewhere": ("a line that leads to a real address", "指向真实地址的行"),
    "own-machine": ("the machine itself", "本机自身"),
    "no-json": ("no JSON", "不是 JSON"),
    "other-pattern": ("a pattern of another language than STIX", "不是 STIX 语言的模式"),
    "other-type": ("a type that rules have no place for", "规则无法表达的类型"),
    "not-to-ids": ("not meant for detection (to_ids is false)", "不用于检测（to_ids 为 false）"),
    "revoked": ("taken back", "已撤销"),
}  # fmt: skip
_TOLD = {
    "left": ("left out", "略去"),
    "more": ("… and {} more left out", "……另有 {} 条略去"),
    "taken": ("indicators taken: {}, left out: {}", "收录 {} 条指标，略去 {} 条"),
    "nothing": ("nothing in these files may stand in a rule", "这些文件中没有可写入规则的内容"),
    "known": ("in other rules already: {}, which rules lint will say; --new leaves them out",
              "其中 {} 条已在其他规则中，rules lint 会指出；--new 可略去"),
    "name": ("rules lint wants the file to be named for the rule: {}.yaml",
             "rules lint 要求文件名与规则编号一致：{}.yaml"),
    "read-as": ("{}: read as {}", "{}：按 {} 读取"),
}  # fmt: skip


def add_import(actions: Any) -> argparse.ArgumentParser:
    """See the module's contract."""
    from netminer_detect.exchange.formats import readers
    from netminer_detect.rulebook.entries import CONFIDENCES, SEVERITIES
    from netminer_detect.rulebook.facts import NAME_KINDS

    taken: argparse.ArgumentParser = actions.add_parser(
        "import", help="make a rule of other tools' lists", description="Makes one rule file of lists, hosts files, "
        "CSV, MISP events, STIX 2.1 bundles, Maltrail's trails and Suricata's rules. What would accuse the wrong "
        "people is left out and told.")
    add = taken.add_argument
    add("files", nargs="+", metavar="FILE", help="files, folders of JSON files (a feed of MISP), - for "
        "standard input")
    add("--as", dest="format", choices=readers(), metavar="FORMAT", help=f"{', '.join(readers())} (default: told by "
        "the content)")
    add("-o", "--output", metavar="FILE", help="write to a file (default: standard output)")
    add("--id", metavar="ID", help="id of the rule (default: the name of the output file)")
    add("--title", metavar="TEXT", help="title of the rule")
    add("--title-zh", metavar="TEXT", help="its title in Chinese")
    add("--source", metavar="TEXT", help="on whose word (default: the name of the file)")
    add("--date", metavar="DATE", help="the day of the list, where it does not tell (default: today)")
    add("--kind", choices=NAME_KINDS, default="server", metavar="KIND", help="what the names are, where the list does "
        f"not tell: {', '.join(NAME_KINDS)} (default: server)")
    add("--port", action="append", default=[], type=_port, metavar="N", help="a port of addresses that have none (may "
        "be repeated)")
    add("--severity", choices=SEVERITIES, default="medium", metavar="WORD", help=f"{', '.join(SEVERITIES)}")
    add("--confidence", choices=CONFIDENCES, default="medium", metavar="WORD", help=f"{', '.join(CONFIDENCES)}")
    add("--new", action="store_true", help="leave out what other rules hold already")
    return taken


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def import_rules(arguments: argparse.Namespace, stream: TextIO, lang: str) -> int:
    """See the module's contract."""
    from netminer_detect.commands.destinations import write_text
    from netminer_detect.exchange.indicators import key_of
    from netminer_detect.exchange.rule_text import rule_text
    from netminer_detect.exchange.sieve import Defaults, Sieve
    from netminer_detect.rulebook.schema import parse

    told, zh, paths = Teller(), lang == "zh", _files(arguments.files)
    heading = _heading(arguments, paths)
    sieve = Sieve(Defaults(arguments.kind, tuple(sorted(set(arguments.port))), heading.day, arguments.source or "",
                           heading.reviewed))
    for path in paths:
        _sift(path, arguments, sieve, told, zh)
    taken = sieve.indicators()
    known = _known(taken, arguments.rules)
    if arguments.new:
        taken = [one for one in taken if key_of(one) not in known]
    _tell_left(sieve, told, zh)
    told.tell(_TOLD["taken"][zh].format(len(taken), sum(sieve.left_total.values())))
    if not taken:
        told.tell(_TOLD["nothing"][zh])
        return 1
    if known and not arguments.new:
        number = sum(1 for one in taken if key_of(one) in known)
        told.tell(_TOLD["known"][zh].format(number))
    if arguments.output not in (None, "-") and _stem(arguments.output) != heading.id:
        told.tell(_TOLD["name"][zh].format(heading.id))
    text = rule_text(_with_references(heading, sieve), taken)
    parse(text.encode(), arguments.output or f"{heading.id}.yaml")
    write_text(arguments.output, stream, text)
    return 0


def _sift(path: str, arguments: argparse.Namespace, sieve: Sieve, told: Teller, zh: bool) -> None:
    """Take what stands in one file."""
    from netminer_detect.exchange.formats import module_of
    from netminer_detect.outputs.escape import plain

    text = _text(path)
    name = arguments.format or guessed(text, path)
    if arguments.format is None:
        told.tell(_TOLD["read-as"][zh].format(path, name))
    if not sieve.defaults.source:
        from msgspec.structs import replace

        from netminer_detect.exchange.rule_text import as_title

        title = as_title(plain(os.path.basename(path), 200), "an imported list")
        sieve.defaults = replace(sieve.defaults, source=title)
        _take_all(path, module_of(name).read(text), sieve)
        sieve.defaults = replace(sieve.defaults, source="")
    else:
        _take_all(path, module_of(name).read(text), sieve)


def _take_all(path: str, found: Any, sieve: Sieve) -> None:
    one: Mention | Passed
    for one in found:
        sieve.take(path, one)


def guessed(text: str, path: str) -> str:
    """The format of a text by its first characters. Raises ConfigError for JSON of no known format."""
    from netminer_detect.exchange.formats import module_of

    head = text[:_HEAD]
    for name in ("stix", "misp", "suricata", "hosts", "maltrail", "csv"):
        if module_of(name).resembles(head):
            return name
    if head.lstrip()[:1] in ("{", "["):
        raise ConfigError(path, "JSON that is neither a STIX bundle nor a MISP event", "say --as if it is one of them")
    return "plain"


def _files(places: Sequence[str]) -> list[str]:
    """The files that are named, and those of folders."""
    found: list[str] = []
    for place in places:
        if not os.path.isdir(place):
            found.append(place)
            continue
        names = sorted(name for name in os.listdir(place) if name.endswith(".json") and name[0] != ".")
        # A feed's own list of its events holds none.
        found += [os.path.join(place, name) for name in names if name not in ("manifest.json", "hashes.json")]
    if not found:
        raise ConfigError(places[0], "no *.json is in this folder", "name the files")
    if len(found) > MAX_FILES:
        raise ConfigError(places[0], f"more than {MAX_FILES} files", "import them in several parts")
    return found


def _text(path: str) -> str:
    if path != "-" and os.path.exists(path) and not os.path.isfile(path):
        raise ConfigError(path, "this is no plain file", "save the list to a file first, or pipe it into -")
    try:
        with open(0 if path == "-" else path, "rb", closefd=path != "-") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(path, error.strerror or "cannot be read", "check the path and its permissions") from None
    if len(data) > MAX_BYTES:
        raise ConfigError(path, f"the file has more than {MAX_BYTES >> 20} MiB", "split it into several files")
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _heading(arguments: argparse.Namespace, paths: Sequence[str]) -> Heading:
    from datetime import UTC, datetime

    from netminer_detect.exchange.rule_text import Heading, as_title
    from netminer_detect.rulebook.fields import first_day

    today = datetime.now(UTC).date()
    day = arguments.date or today.isoformat()
    written = re.fullmatch(r"[12]\d\d\d(-\d\d(-\d\d)?)?", day, re.ASCII) and first_day(day)
    if not written or written > today:
        raise ConfigError(f"--date {day}", "no date, or one to come", "write it as 2026-11-24")
    stem = _stem(arguments.output or "imported").lower()
    name = arguments.id or re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:64].strip("-") or "imported"
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) or len(name) > 64:
        fix = "use small letters, digits and single hyphens, up to 64"
        raise ConfigError(f"--id {name}", "this is no rule id", fix)
    title = as_title(arguments.title or f"Imported from {os.path.basename(paths[0])}", "Imported")
    chinese = as_title(arguments.title_zh or arguments.title or f"导入自 {os.path.basename(paths[0])}", "导入")
    return Heading(name, title, chinese, arguments.severity, arguments.confidence, day, today.isoformat())


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _with_references(heading: Heading, sieve: Sieve) -> Heading:
    from msgspec.structs import replace

    return replace(heading, references=tuple(sieve.references))


def _known(taken: Sequence[Indicator], own: Sequence[str]) -> set[tuple[str, str, bool]]:
    """The keys of those that other rules hold."""
    from netminer_detect.exchange.choosing import choose
    from netminer_detect.exchange.indicators import key_of
    from netminer_detect.rulebook.shelf import rules_of

    held = {key_of(one) for one in choose(rules_of(own), (), True).indicators}
    return held & {key_of(one) for one in taken}


def _tell_left(sieve: Sieve, told: Teller, zh: bool) -> None:
    one: Left
    for one in sieve.left[:MAX_TOLD]:
        why = SAYS[one.why][zh].format(one.about)
        told.tell(f"{one.path}:{one.line}: {_TOLD['left'][zh]}: {one.text}: {why}")
    rest = sum(sieve.left_total.values()) - min(len(sieve.left), MAX_TOLD)
    if rest:
        told.tell(_TOLD["more"][zh].format(rest))
