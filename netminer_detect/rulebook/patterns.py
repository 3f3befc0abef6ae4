"""The regular expressions that a rule may hold: a small part of Python's, in which none can take for ever.

Contract: `fault(pattern)` gives (what is wrong, what to do), or None: then `re.compile` takes the pattern, and
matching it against MAX_SUBJECT characters tries at most MAX_WAYS ways: all at its beginning, where the pattern begins
with ^, else so many fewer from each of them. `head(pattern)` gives the
small letters that a text must begin with, "" where the pattern does not tell.

What is allowed: characters, `.`, classes, `\\d \\w \\s \\b` and their opposites, escaped signs, `^ $ |`, groups `(…)`
and `(?:…)`, `? * + {m} {m,n}` behind a single character or class, and `?` behind a group. Whoever counts the choices
that this leaves counts all there is to try: a repeated group multiplies them without end, so there is none.
"""

from __future__ import annotations

import re

MAX_PATTERN = 200
MAX_SUBJECT = 256
MAX_WAYS = 2 * MAX_SUBJECT * MAX_SUBJECT
_COUNT = re.compile(r"\{(\d{1,3})(,(\d{0,3}))?\}", re.ASCII)
_ESCAPED = "dDwWsSbB"
_HEAD = re.compile(r"\^((?:[A-Za-z0-9 _/:-]|\\[.+()/ -])+)")

Fault = tuple[str, str]


class _Bad(Exception):
    """(what, fix) of a pattern that a rule may not hold."""


def fault(pattern: str) -> Fault | None:
    """See the module's contract."""
    if len(pattern) > MAX_PATTERN:
        return f"a regular expression of {len(pattern)} characters", f"shorten it to at most {MAX_PATTERN}"
    try:
        ways, at = _branches(pattern, 0, 0)
        if at < len(pattern):
            raise _Bad("not a regular expression: a ) without its (", "write \\) for the sign itself")
        anchored = pattern.startswith("^") and _sequence(pattern, 0, 0)[1] == len(pattern)
        if ways * (1 if anchored else MAX_SUBJECT) > MAX_WAYS:
            raise _Bad("a regular expression that can be tried in too many ways",
                       "begin it with ^, use at most two of * + or {m,n}, or write several agents")  # fmt: skip
        if _compiled(pattern).search(""):
            raise _Bad("a regular expression that matches everything", "say how the text begins: ^ExampleMiner/")
    except _Bad as bad:
        return bad.args[0], bad.args[1]
    except (re.error, OverflowError, FutureWarning) as error:
        return f"not a regular expression: {error}", "correct it; write \\ before signs like ( [ . + to mean themselves"
    return None


def _compiled(pattern: str) -> re.Pattern[str]:
    """The expression; what a later Python will read otherwise (sets within classes) is no expression."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return re.compile(pattern, re.IGNORECASE)


def head(pattern: str) -> str:
    """See the module's contract."""
    found = _HEAD.match(pattern)
    if found is None or "|" in pattern:
        return ""
    text = found[1]
    if pattern[found.end() : found.end() + 1] in ("?", "*", "+", "{"):
        text = text[: -2 if text[-2:-1] == "\\" else -1]
    return text.replace("\\", "").lower()


def _branches(pattern: str, at: int, depth: int) -> tuple[int, int]:
    """The ways of `a|b|c` from `at` up to a closing bracket or the end, and where that is."""
    if depth > 8:
        raise _Bad("groups nested deeper than 8", "write several agents instead")
    total = 0
    while True:
        ways, at = _sequence(pattern, at, depth)
        total += ways
        if at >= len(pattern) or pattern[at] == ")":
            return total, at
        at += 1


def _sequence(pattern: str, at: int, depth: int) -> tuple[int, int]:
    ways = 1
    while at < len(pattern) and pattern[at] not in "|)":
        if pattern[at] == "(":
            inner, at = _group(pattern, at, depth)
            if pattern[at : at + 1] == "?":
                inner, at = inner + 1, at + 1
            if pattern[at : at + 1] in ("*", "+", "?", "{"):
                raise _Bad("a repeated group can take for ever", "repeat single characters only: [a-z]+")
            ways *= inner
            continue
        at = _atom(pattern, at)
        times, at = _times(pattern, at)
        ways *= times
        if ways > MAX_WAYS:
            return ways, len(pattern)
    return ways, at


def _group(pattern: str, at: int, depth: int) -> tuple[int, int]:
    at += 1
    if pattern[at : at + 1] == "?":
        if pattern[at : at + 2] != "?:":
            raise _Bad(f"the group ({pattern[at : at + 3]}…", "use plain groups: (a|b)")
        at += 2
    ways, at = _branches(pattern, at, depth + 1)
    if pattern[at : at + 1] != ")" and ways <= MAX_WAYS:
        raise _Bad("not a regular expression: a ( without its )", "add the ), or write \\( for the sign itself")
    return ways, at + 1


def _atom(pattern: str, at: int) -> int:
    """Behind one character, class or escape."""
    letter = pattern[at]
    if letter == "\\":
        escaped = pattern[at + 1 : at + 2]
        if not escaped or (escaped.isalnum() and escaped not in _ESCAPED):
            raise _Bad(f"the escape \\{escaped}", "use \\d \\w \\s \\b \\D \\W \\S \\B, or \\ before a sign")
        return at + 2
    if letter == "[":
        end = at + (3 if pattern[at + 1 : at + 2] == "^" else 2)  # a ] that stands first is meant as itself
        while end < len(pattern) and pattern[end] != "]":
            end += 2 if pattern[end] == "\\" else 1
        if end >= len(pattern):
            raise _Bad("not a regular expression: a [ without its ]", "add the ], or write \\[ for the sign itself")
        return end + 1
    if letter in "*+?{":
        raise _Bad(f"a {letter} that repeats nothing", f"write \\{letter} for the sign itself")
    return at + 1


def _times(pattern: str, at: int) -> tuple[int, int]:
    """How many ways a repetition at this place leaves, and what stands behind it."""
    letter = pattern[at : at + 1]
    if letter in ("*", "+"):
        ways, at = MAX_SUBJECT, at + 1
    elif letter == "?":
        ways, at = 2, at + 1
    elif letter == "{":
        found = _COUNT.match(pattern, at)
        if found is None:
            raise _Bad("a { that is no count", "write {3} or {1,8}, or \\{ for the sign itself")
        low = int(found[1])
        high = low if found[2] is None else int(found[3] or MAX_SUBJECT)
        ways, at = max(high - low + 1, 1), found.end()
    else:
        return 1, at
    if pattern[at : at + 1] == "?":
        at += 1  # a lazy repetition tries the same ways in another order
    if pattern[at : at + 1] in ("*", "+", "?", "{"):
        raise _Bad("a repetition that is repeated", "remove one of the two")
    return ways, at
