"""Compiles rules, and remembers what it compiled.

Contract: `shipped()` and `with_own(paths)` give an opened rulebook; ConfigError tells a person what is wrong with a
file. Rules are shipped as `data/rules.bin` in the package, compiled when it was built; in a checkout the folder
`rules` beside the package counts instead, whatever was built before. Compiled rules are cached under the hash of
their content. So as not to read all files at each start, an index entry holds the listing (path, size, times) that
led to a content hash; it is trusted only if no file was touched within two seconds before it was written, since a
second change within a clock tick would leave the listing as it was. Where no cache can be kept, rules are compiled
at each start. PyYAML and hashlib are imported only to compile.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from netminer_detect.data_files import rules_dir
from netminer_detect.errors import ConfigError
from netminer_detect.rulebook import cache
from netminer_detect.rulebook.compiled import VERSION, Compiled, DamagedRules
from netminer_detect.rulebook.files import MAX_FILE, Listing, content, listing

if TYPE_CHECKING:
    from netminer_detect.rulebook.facts import Facts

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_BUILT = os.path.join(_PACKAGE, "data", "rules.bin")
_MAX_BUILT = 1 << 28
_SETTLED_NS = 2_000_000_000
# Raised whenever rules are read or gathered differently: what was cached before is then compiled anew.
_COMPILER = f"{VERSION}.4"


def shipped() -> Compiled:
    """The rules that come with the program."""
    source = _shipped_source()
    return _built() if source == _BUILT else _cached([source])


def with_own(paths: Sequence[str]) -> Compiled:
    """The shipped rules with a user's own in front of them."""
    return _cached([_shipped_source(), *paths])


def compile_rules(folder: str) -> bytes:
    """The rules of a folder (or file), packed. Raises ConfigError."""
    return _packed(_parsed([(path, content(path)) for path, _ in listing(folder)]))


def shipped_folder() -> str:
    """The folder of the shipped rules as people read them. Raises ConfigError."""
    return rules_dir()


def _shipped_source() -> str:
    root = os.path.dirname(_PACKAGE)
    folder = os.path.join(root, "rules")
    in_checkout = os.path.isfile(os.path.join(root, "setup.cfg")) and os.path.isdir(folder)
    return folder if in_checkout else _BUILT


def _built() -> Compiled:
    try:
        return Compiled(content(_BUILT, _MAX_BUILT))
    except DamagedRules as error:
        raise ConfigError(_BUILT, f"the shipped rules are damaged: {error}", "install the package again") from None


def _cached(sources: Sequence[str]) -> Compiled:
    """The rules of several places, the first being the shipped ones, out of the cache if they are in it."""
    listings = [listing(source) for source in sources]
    index = _index_text(sources, listings)
    entry = f"index-{zlib.crc32(repr(list(sources)).encode('utf-8', 'replace')):08x}"
    known = cache.load(entry)
    if known is not None and known.startswith(index) and (book := _from_cache(known[len(index) :])) is not None:
        return book
    contents = [
        [(path, content(path, _MAX_BUILT if path == _BUILT else MAX_FILE)) for path, _ in found] for found in listings
    ]
    digest = _digest(contents)
    book = _from_cache(digest)
    if book is None:
        data = _packed(_gathered(contents))
        cache.store(f"rules-{digest.decode()}", data)
        book = Compiled(data)
    newest = max((max(facts.st_mtime_ns, facts.st_ctime_ns) for listing in listings for _, facts in listing), default=0)
    if newest < time.time_ns() - _SETTLED_NS:
        cache.store(entry, index + digest)
    return book


def _from_cache(digest: bytes) -> Compiled | None:
    if not (digest.isalnum() and len(digest) == 64):
        return None
    data = cache.load(f"rules-{digest.decode()}")
    try:
        return Compiled(data) if data is not None else None
    except DamagedRules:
        return None


def _index_text(sources: Sequence[str], listings: Sequence[Listing]) -> bytes:
    lines = [f"netminer-detect rules {_COMPILER}"]
    for source, found in zip(sources, listings, strict=True):
        lines.append(f"{source!r} {len(found)}")
        lines += [f"{path!r} {f.st_size} {f.st_mtime_ns} {f.st_ctime_ns} {f.st_ino}" for path, f in found]
    return "\n".join(lines).encode("utf-8", "backslashreplace") + b"\n"


def _digest(contents: Sequence[Sequence[tuple[str, bytes]]]) -> bytes:
    """The hash of all files' names and bytes, as hex."""
    from hashlib import sha256

    digest = sha256(_COMPILER.encode())
    for group in contents:
        digest.update(b"%d\n" % len(group))
        for path, data in group:
            digest.update(b"%d %s\n" % (len(data), repr(path).encode("utf-8", "backslashreplace")))
            digest.update(data)
    return digest.hexdigest().encode()


def _gathered(contents: Sequence[Sequence[tuple[str, bytes]]]) -> Facts:
    from netminer_detect.rulebook.gathering import override

    first, own = contents[0], [pair for group in contents[1:] for pair in group]
    facts = Compiled(first[0][1]).facts() if first and first[0][0] == _BUILT else _parsed(first)
    return override(facts, _parsed(own)) if own else facts


def _packed(facts: Facts) -> bytes:
    from netminer_detect.rulebook.packing import pack

    return pack(facts)


def _parsed(files: Sequence[tuple[str, bytes]]) -> Facts:
    from netminer_detect.rulebook.gathering import gather
    from netminer_detect.rulebook.schema import parse

    return gather(parse(data, path) for path, data in files)
