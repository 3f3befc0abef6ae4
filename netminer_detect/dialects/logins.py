"""Splits logins into user and worker.

Contract: `split_login(login)` gives (user, worker). A difficulty wish at the end (`+500000`, `/65536`,
`/1024+4096`) is dropped; then the user is what stands before the first dot and the worker the rest; a login
with `@` is an e-mail, split only at a `/` behind the `@`. A field of its own for the worker wins: the caller
passes it as `field`. Empty is None.
"""

from __future__ import annotations

from netminer_detect.patterns import pattern

_DIFFICULTY = pattern(r"(?:/\d+(?:\.\d+)?\+\d+(?:\.\d+)?|[+/]\d+(?:\.\d+)?)\Z")
MAX_LOGIN = 512


def split_login(login: str, field: str | None = None) -> tuple[str | None, str | None]:
    """(user, worker) of a login text."""
    login = login[:MAX_LOGIN]
    bare = _DIFFICULTY.sub("", login) or login
    at = bare.find("@")
    if at >= 0:
        slash = bare.find("/", at)
        user, worker = (bare, "") if slash < 0 else (bare[:slash], bare[slash + 1 :])
    else:
        user, _, worker = bare.partition(".")
    return user or None, field or worker or None


def worker_of_password(password: str) -> str | None:
    """The rig's name where a Monero password has the form `name~algorithm`."""
    name, tilde, algorithm = password.partition("~")
    return name or None if tilde and algorithm else None
