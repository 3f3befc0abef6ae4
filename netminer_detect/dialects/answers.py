"""Tells yes from no in the answers of JSON-RPC pools, which spell both in a dozen ways.

Contract: `verdict(body)` of an answer gives (accepted, reason): True, False, or None where the answer says
neither. Yes is true, 1, "OK", {"status":"OK"}, [true], "KEEPALIVED"; no is an error, or false, 0, null and
[false, why] as the result. An error may be an array [code, text, traceback], an object, a text or true; null, false,
0 and what is empty are none.
"""

from __future__ import annotations

from typing import Any

_YES = {"ok", "keepalived", "true", "accepted"}
MAX_REASON = 120


def reason_of(error: Any) -> str | None:
    """The words of an error, shortened; None where it has none."""
    if isinstance(error, dict):
        error = error.get("message", error.get("code"))
    elif isinstance(error, list):
        words = [part for part in error if isinstance(part, str)]
        error = words[0] if words else (error[0] if error else None)
    if error is None or isinstance(error, (dict, list, bool)):
        return None
    return str(error)[:MAX_REASON]


def verdict(body: dict[str, Any]) -> tuple[bool | None, str | None]:
    """(accepted, reason) of an answer; see the module's contract."""
    error = body.get("error")
    if error:
        return False, reason_of(error)
    if "result" not in body:
        return None, None
    return _of_result(body["result"])


def _of_result(result: Any) -> tuple[bool | None, str | None]:
    if isinstance(result, bool) or result in (0, 1):
        return bool(result), None
    if result is None:
        return False, None
    if isinstance(result, str):
        return (True, None) if result.lower() in _YES else (False, result[:MAX_REASON])
    if isinstance(result, dict):
        status = result.get("status")
        return (status.lower() in _YES, None) if isinstance(status, str) else (None, None)
    if isinstance(result, list) and result and isinstance(result[0], bool):
        return result[0], next((part[:MAX_REASON] for part in result[1:] if isinstance(part, str)), None)
    return None, None
