"""Cuts excerpts from messages with the secrets taken out.

Contract: `excerpt(source)` gives at most MAX_EXCERPT characters of a message, made from a masked copy. Passwords
(`pass` and its kin, the parameters behind the login of an authorize) and keys, tokens, cookies and `Authorization`
become `***`, wherever they stand: in members, in lists, in JSON inside a string, in URLs, in header lines. What
pools read as options in a password (`d=65536`, `c=BTC`) stays, since it is a fact and no secret. `known` are
passwords that the same peer sent before: other messages quote them. `passwords=True` shows passwords, nothing
else that is secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from functools import lru_cache
from itertools import islice
from typing import Any

from netminer_detect.patterns import pattern

MAX_EXCERPT = 240
MASK = "***"
MAX_DEPTH = 4
# What an excerpt can show is bounded, and so is what is looked at for it.
MAX_VALUES = 128
MAX_LOOK = 4 * MAX_EXCERPT
# A shorter password is a word that stands anywhere ("x", "123", "worker1"): replacing it would spoil evidence.
MIN_KNOWN = 8

_PASSWORD = r"pass|passwd|password|passphrase|passcode|pwd|pw"
_SECRET = (r"authorization|auth|bearer|credentials?|secret|secretkey|tokens?|apikey|accesskey|privatekey|key|cookies?"
           r"|jwt|mnemonic")
_PASSWORD_KEY = pattern(rf"[a-z]{{0,32}}(?:{_PASSWORD})\Z")
_SECRET_KEY = pattern(rf"(?:key|[a-z]{{0,32}}(?:{_SECRET.replace('|key', '')}))\Z")
_NOT_LETTERS = pattern(r"[^a-z0-9]")

# Methods whose params are [login, password, ...] (dialects reference 2.1, 3.1, 3.9), and their kin.
_LOGIN = pattern(r"auth|login|password", re.IGNORECASE)
_SUBSCRIBE = pattern(r"subscribe\Z", re.IGNORECASE)
# "EthereumStratum/1.0.0", where others send a session to take up again, or Conflux its password.
_PROTOCOL = pattern(r"[A-Za-z]+/\d[\d.]*\Z")

# Options that pools document for the password field: difficulty, payout coin, solo mining.
_OPTION = pattern(
    r"(?:(?:d|sd|md|diff|mindiff|startdiff)=\d{1,16}(?:\.\d{1,8})?[kKMGT]?|(?:c|mc|zap)=[A-Za-z0-9*/-]{2,12}|m=solo)\Z"
)

# Without one of these a text names no secret; most values are hex or a number.
_TELLING = pattern(r"[:=@\s]")
_NAME = rf"[a-z0-9_-]{{0,32}}(?:{_PASSWORD}|{_SECRET})"
_IN_URL = pattern(r"(?<![^/\s\"'])([^/\s\"'@:]{1,256}):([^/\s\"'@]{1,256})(?=@)")
_QUERY = pattern(rf"(?i)([?&;]{_NAME}=)([^&\s\"';]+)")
_HEADER = pattern(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]{0,32}(?:token|key))(\s*:\s*)[^\r\n\"]+")
_SCHEME = pattern(r"(?i)\b(basic|bearer|digest)\s+[A-Za-z0-9+/=._~-]{6,}")
# A member of JSON that is no message of its own; in JSON inside a string, all that follows the name goes.
_MEMBER = pattern(
    rf"(?i)([\"']\s*{_NAME}\s*[\"']\s*:\s*)"
    r"""("(?:[^"\\]|\\.)*(?:"|\Z)|'[^']*(?:'|\Z)|[\[{][^\]}]*[\]}]?|[^\s,}\]"']+)"""
)
_NESTED = pattern(rf"(?is)(\\[\"']\s*{_NAME}\s*\\+[\"']\s*:).*")
# In a value of text one of these stands before whatever the patterns above take for a secret, or "@" behind it.
_SIGN = pattern(r"[='\\]|authorization|cookie|x-|basic|bearer|digest")
_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@lru_cache(maxsize=512)
def _secret_kind(key: str) -> str:
    """What a member of this name is: `password`, another `secret`, or nothing of the kind. Few names are met, often."""
    name = _NOT_LETTERS.sub("", key.lower())
    if _PASSWORD_KEY.match(name):
        return "password"
    return "secret" if _SECRET_KEY.match(name) else ""


def mask_password(password: str) -> str:
    """The password with all but its pool options replaced."""
    if not password:
        return ""
    parts = re.split(r"[,;&]", password)
    kept = [part for part in parts if _OPTION.match(part)]
    return ",".join(kept if len(kept) == len(parts) else [*kept, MASK])


def excerpt(source: str | dict[str, Any], known: Collection[str] = (), passwords: bool = False) -> str:
    """A short text of a message, without its secrets."""
    text = None if isinstance(source, str) else _harmless(source)
    if text is None:
        mask = _Mask(passwords)
        text = mask.text(source) if isinstance(source, str) else mask.message(source)
    for password in known if not passwords else ():
        text = _without(text, password)
    return text if len(text) <= MAX_EXCERPT else text[: MAX_EXCERPT - 1] + "…"


def _harmless(message: dict[str, Any]) -> str | None:
    """The message as it is, where nothing of it that is shown can be a secret: most are jobs and shares, and to make a
    masked copy takes ten times as long. None where only the copy tells."""
    method = message.get("method")
    if isinstance(method, str) and (_LOGIN.search(method) or _SUBSCRIBE.search(method.strip())):
        return None
    if not _is_plain(message):
        return None
    text = _encoded(message)
    head = text[:MAX_EXCERPT].lower()
    # Half of the values: every comma stands between two, and containers count as values, too.
    return None if text.count(",") > MAX_VALUES // 2 or "@" in text or _SIGN.search(head) else text


def _is_plain(value: Any, depth: int = 0) -> bool:
    """Whether a value is shown whole, as far as an excerpt reaches, and has no member with a secret's name."""
    if isinstance(value, str):
        return len(value) <= MAX_LOOK
    if isinstance(value, dict):
        return depth < MAX_DEPTH and len(value) <= MAX_VALUES and all(
            not _secret_kind(key[:MAX_EXCERPT]) and _is_plain(member, depth + 1) for key, member in value.items())
    if isinstance(value, list):
        return depth < MAX_DEPTH and len(value) <= MAX_VALUES and all(_is_plain(member, depth + 1) for member in value)
    return True


def _without(text: str, password: str) -> str:
    """The text with a password that it quotes replaced; short ones stay (see MIN_KNOWN)."""
    if len(password) < MIN_KNOWN or password not in text:
        return text
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(password)}(?![A-Za-z0-9])", MASK, text)


class _Mask:
    """Makes a masked copy of one message."""

    def __init__(self, passwords: bool) -> None:
        self._passwords = passwords
        self._left = MAX_VALUES

    def message(self, message: dict[str, Any]) -> str:
        copy = dict(message)
        method, params = copy.get("method"), copy.get("params")
        if isinstance(method, str) and isinstance(params, list):
            copy["params"] = self._params(method.strip(), params)
        return _encoded(self._value(copy))

    def text(self, text: str) -> str:
        """Text that is no JSON message: a header, a URL, a line of another protocol."""
        text = text[:MAX_LOOK]
        if not _TELLING.search(text):
            return text
        # Each is asked only where a sign stands that it needs.
        if "@" in text:
            text = _IN_URL.sub(lambda match: f"{match[1]}:{self._password(match[2])}", text)
        if ":" in text:
            text = _HEADER.sub(rf"\1\2{MASK}", text)
        text = _SCHEME.sub(rf"\1 {MASK}", text)
        if "=" in text:
            text = _QUERY.sub(self._named, text)
        if '"' in text or "'" in text:
            text = _MEMBER.sub(self._named, text)
        return _NESTED.sub(rf"\1{MASK}", text) if "\\" in text else text

    def _named(self, match: re.Match[str]) -> str:
        """A member that stands in a text, and whose name calls it a secret."""
        name, value = match[1], match[2]
        shown = self._passwords and _secret_kind(name) == "password"
        if shown or value in ('""', "null"):
            return match[0]
        return name + (f'"{MASK}"' if value.startswith('"') else MASK)

    def _params(self, method: str, params: list[Any]) -> list[Any]:
        if len(params) == 1 and isinstance(params[0], list):
            return [self._params(method, params[0])]
        if _LOGIN.search(method):
            return [*params[:1], *(self._secret(param) for param in params[1:])]
        if _SUBSCRIBE.search(method) and len(params) > 1:
            # eth_subscribe has ["newWork", user, password, agent], Conflux [login, password], others [agent, session].
            at = 2 if params[0] == "newWork" else 1
            return [*params[:at], *(self._of_subscribe(param) for param in params[at : at + 1]), *params[at + 1 :]]
        return params

    def _of_subscribe(self, param: Any) -> Any:
        return param if isinstance(param, str) and _PROTOCOL.match(param) else self._secret(param)

    def _secret(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._password(value)
        if value is None or (self._passwords and isinstance(value, (bool, int, float))):
            return value
        return MASK

    def _password(self, value: str) -> str:
        return value[:MAX_EXCERPT] if self._passwords else mask_password(value)

    def _value(self, value: Any, depth: int = 0) -> Any:
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            return "…"
        if isinstance(value, dict):
            members = islice(value.items(), self._left + 1)
            return {key[:MAX_EXCERPT]: self._member(key, member, depth) for key, member in members}
        if isinstance(value, list):
            return [self._value(member, depth + 1) for member in value[: self._left + 1]]
        return self.text(value) if isinstance(value, str) else value

    def _member(self, key: str, value: Any, depth: int) -> Any:
        kind = _secret_kind(key[:MAX_EXCERPT])
        if kind == "password":
            return self._secret(value)
        if kind == "secret":
            return value if value is None or value == "" else MASK
        return self._value(value, depth + 1)
