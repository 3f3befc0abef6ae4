"""Says what a contact with a known name or address means: mining server, website, or nothing to go by.

Contract: `meaning(fact, name, port)` of a contact by name. A pool's website is not its mining server: an
operator's own domain, `www.` and the like, on a web port, is a visit. A stale fact (its source is years old)
never carries more than a lookup. Names of miner malware are evidence of infection, not of mining: no meaning
here.
"""

from __future__ import annotations

import re
from enum import Enum

from netminer_detect.rulebook.facts import NameFact

WEB_PORTS = frozenset({80, 443, 8000, 8008, 8080, 8443})
# Labels that operators give to mining hosts: protocol words, regions and coins, with digits behind them.
_MINING_LABEL = re.compile(
    r"(?:stratum\d*|ss|ssl|pool\d*|mine|mining|miner|proxy|solo|pplns|donate|"
    r"btc|bch|ltc|eth|etc|xmr|zec|kas|rvn|dash|doge|ckb|erg|alph|cfx|zeph|"
    r"eu|us|usa|asia|cn|hk|sg|ru|jp|kr|au|de|fr|ca|br|in|uk|na|sa|euro|useast|uswest)\d*\Z"
)
_SITE_LABELS = frozenset({"www", "m", "api", "blog", "docs", "help", "support", "wiki", "forum", "explorer", "cdn",
                          "static", "img", "assets", "status", "account", "login", "app"})


class Meaning(Enum):
    """What a contact amounts to."""

    SERVER = "server"
    BROWSER = "browser"
    WEBSITE = "website"
    STALE = "stale"
    NOTHING = "nothing"


def meaning(fact: NameFact, name: str, port: int | None) -> Meaning:
    """See the module's contract. `port` None: not known (a DNS question)."""
    if fact.kind == "malware":
        return Meaning.NOTHING
    if fact.kind == "website":
        return Meaning.WEBSITE
    if fact.stale:
        return Meaning.STALE
    if fact.kind == "browser":
        return Meaning.BROWSER
    if fact.kind in ("server", "donation"):
        return Meaning.SERVER
    return _of_domain(fact, name.lower().rstrip("."), port)


def _of_domain(fact: NameFact, name: str, port: int | None) -> Meaning:
    """A name under an operator's own domain that no source lists as a mining host."""
    labels = [label for label in name.removesuffix(fact.name).split(".") if label]
    if not labels or labels[0] in _SITE_LABELS:
        return Meaning.WEBSITE
    if port is not None and port not in WEB_PORTS:
        return Meaning.SERVER
    words = [word for label in labels for word in re.split(r"[-_]", label)]
    return Meaning.SERVER if any(_MINING_LABEL.match(word) for word in words) else Meaning.WEBSITE
