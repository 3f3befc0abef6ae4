"""Cuts excerpts from messages with the secrets taken out.

Contract: `excerpt(source)` gives at most MAX_EXCERPT characters of a message, made from a masked copy: passwords,
tokens and the second parameter of a login become `***`; what pools read as options in a password (`d=65536`,
`c=BTC`) stays, since it is a fact and no secret. Text that is given as text is only cut.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_EXCERPT = 240
MASK = "***"
_SECRET_KEYS = {"pass", "password", "passwd", "authorization", "token", "access_token", "accesstoken", "secret", "key"}
# Methods whose params are [login, password, ...] (dialects reference 2.1, 3.1, 3.9).
_LOGIN_METHODS = re.compile(r"(?:mining\.authorize|[a-z]+_submitlogin|eth_login|login)\Z", re.IGNORECASE)
# Options that pools document for the password field: difficulty, payout coin, party, solo, rig name.
_OPTION = re.compile(r"(?:d|c|mc|sd|md|diff|m|zap|n|pl|stats|w|id)=[A-Za-z0-9._+/-]{1,24}\Z", re.IGNORECASE)


def mask_password(password: str) -> str:
    """The password with all but its pool options replaced."""
    if not password:
        return ""
    parts = re.split(r"[,;&]", password)
    kept = [part for part in parts if _OPTION.match(part)]
    return ",".join(kept if len(kept) == len(parts) else [*kept, MASK])


def _masked(value: Any, depth: int = 0) -> Any:
    if depth > 4:
        return "…"
    if isinstance(value, dict):
        return {key: _masked_member(key, member, depth) for key, member in list(value.items())[:40]}
    if isinstance(value, list):
        return [_masked(member, depth + 1) for member in value[:24]]
    return value[:MAX_EXCERPT] if isinstance(value, str) else value


def _masked_member(key: str, value: Any, depth: int) -> Any:
    if key.lower() in _SECRET_KEYS and value is not None:
        return mask_password(value) if isinstance(value, str) else MASK
    return _masked(value, depth + 1)


def _mask_second(params: list[Any]) -> list[Any]:
    second = mask_password(params[1]) if isinstance(params[1], str) else MASK
    return [params[0], second, *params[2:]]


def excerpt(source: str | dict[str, Any]) -> str:
    """A short text of a message, without its secrets."""
    if isinstance(source, str):
        return source[:MAX_EXCERPT]
    copy = dict(source)
    method, params = copy.get("method"), copy.get("params")
    if isinstance(method, str) and _LOGIN_METHODS.match(method) and isinstance(params, list) and len(params) > 1:
        copy["params"] = _mask_second(params)
    text = json.dumps(_masked(copy), ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= MAX_EXCERPT else text[: MAX_EXCERPT - 1] + "…"
