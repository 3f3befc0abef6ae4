"""Says what a contact with a known name means: mining server, website, or nothing to go by.

Contract: `meaning(fact, port, day)` of a contact by name, on the day of the capture. A pool's website is not its
mining server: who asks for it is a visitor. A stale fact carries no more than a lookup. What kind a name below an
operator's domain is, its labels tell (`rulebook.names`); where they do not (kind "domain"), the port does: web
pages, mail and shells are no mining.
"""

from __future__ import annotations

from enum import Enum

from netminer_detect.rulebook.facts import NameFact

WEB_PORTS = frozenset({80, 443, 8000, 8008, 8080, 8443})
# SSH, mail, DNS and NTP of an operator: its own machines' daily business.
SERVICE_PORTS = frozenset({21, 22, 25, 53, 110, 123, 143, 465, 587, 853, 993, 995})


class Meaning(Enum):
    """What a contact amounts to."""

    SERVER = "server"
    BROWSER = "browser"
    WEBSITE = "website"
    STALE = "stale"
    NOTHING = "nothing"


_OF_KIND = {"server": Meaning.SERVER, "donation": Meaning.SERVER, "browser": Meaning.BROWSER}


def meaning(fact: NameFact, port: int | None, day: int | None) -> Meaning:
    """See the module's contract. `port` None: not known (a DNS question)."""
    if fact.kind == "malware":
        return Meaning.NOTHING
    if fact.kind == "website":
        return Meaning.WEBSITE
    if fact.kind == "domain" and port in SERVICE_PORTS:
        return Meaning.NOTHING
    if fact.kind == "domain" and (port is None or port in WEB_PORTS):
        return Meaning.WEBSITE
    if fact.stale_on(day):
        return Meaning.STALE
    return _OF_KIND.get(fact.kind, Meaning.SERVER)
