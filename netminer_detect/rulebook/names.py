"""Host names as rules write them and as traffic shows them.

Contract: `normal` gives a name in lower case without final dots; `fault` says why a rule may not hold a name;
`judged` says which of the facts about a name and its parents counts; `judged_below` says what a sub-domain of a pool
operator's domain looks like, from its labels alone. Names are
ASCII: what is not is written in punycode (RFC 5891) before it travels, so it is in rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from netminer_detect.rulebook.facts import NameFact

MAX_NAME = 253  # RFC 1035, 2.3.4: 255 octets on the wire

# Labels that operators give to what people read, not to what miners dial.
_WEB = frozenset(
    [
        "www", "api", "app", "blog", "news", "help", "support", "docs", "doc", "wiki", "faq", "forum", "status",
        "static", "cdn", "assets", "img", "images", "media", "mail", "smtp", "imap", "pop", "mx", "ns", "ns1",
        "ns2", "email", "explorer", "dashboard", "account", "accounts", "login", "auth", "my", "panel",
        "portal", "download", "dl", "downloads", "shop", "store", "affiliate", "web", "m", "h5", "admin", "dev",
        "test", "staging", "beta", "monitor", "observer", "tools", "tracker",
    ]
)
# Parts of labels that operators give to what miners dial: jobs and coins.
_MINING = frozenset(
    [
        "stratum", "ss", "bs", "pool", "pools", "mine", "miner", "mining", "solo", "pplns", "proxy", "backup", "bak",
        "gulf", "relay", "btc", "bch", "bsv", "ltc", "doge", "eth", "etc", "ethw", "ethash", "etchash", "xmr",
        "monero", "rx", "randomx", "zec", "zcash", "dash", "rvn", "kas", "erg", "flux", "ckb", "cfx", "dcr", "sc",
        "hns", "alph", "xch", "zeph", "zephyr", "sal", "salvium", "beam", "grin", "aeon", "trtl", "nexa", "clo",
        "iron", "rxd", "bitcoin", "litecoin", "kaspa", "ergo", "ravencoin", "nervos", "conflux", "karlsen", "pyrin",
        "alephium", "dero", "zano", "epic", "quai", "neoxa", "clore", "haven", "conceal", "turtlecoin",
        "sha256", "sha256d", "scrypt", "kawpow",
    ]
)
# Regions are server names only with a number behind them (eu1): alone they may be a website's language.
_REGIONS = frozenset(
    [
        "eu", "us", "na", "sa", "ca", "cn", "hk", "sg", "jp", "kr", "tw", "au", "br", "ru", "de", "fr", "fi", "pl",
        "uk", "ap", "asia", "europe", "usa", "useast", "uswest", "huadong", "huabei", "huanan", "singapore",
        "frankfurt", "tokyo", "moscow", "chicago",
    ]
)
# Domains below which anybody may have a name: as a rule each would accuse whoever asks for any of them. Registries'
# second levels are told by their labels; these are hosting, content and home-line services in which miners have
# had names.
_OPEN = frozenset(
    [
        "akamaiedge.net", "akamaihd.net", "amazonaws.com", "appspot.com", "azureedge.net",
        "azurewebsites.net", "b-cdn.net", "bitbucket.io", "blogspot.com", "cloudapp.net", "cloudflare.net",
        "cloudfront.net", "contaboserver.net", "ddns.net", "ddnsfree.com", "dscloud.me", "duckdns.org",
        "dyndns.org", "dynu.net", "edgekey.net", "edgesuite.net", "fastly.net", "firebaseapp.com", "fly.dev",
        "freeddns.org", "gitbook.io", "github.io", "githubusercontent.com", "gitlab.io", "glitch.me",
        "googleusercontent.com", "herokuapp.com", "hopto.org", "ipfs.io", "jsdelivr.net",
        "linodeusercontent.com", "mooo.com", "myftp.org", "myqnapcloud.com", "netlify.app", "ngrok.io",
        "ngrok-free.app", "no-ip.org", "onrender.com", "ovh.net", "page.tl", "pages.dev", "r2.dev", "repl.co",
        "sytes.net", "softether.net", "synology.me", "trafficmanager.net", "trycloudflare.com", "unpkg.com",
        "vercel.app", "web.app", "windows.net", "wordpress.com", "workers.dev", "your-server.de", "zapto.org",
    ]
)
_REGISTRY = frozenset(["ac", "co", "com", "edu", "go", "gob", "gov", "gv", "ne", "net", "nom", "or", "org"])
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"


def normal(name: str) -> str:
    """The name in lower case, without final dots."""
    return name.lower().rstrip(".")


def fault(name: str) -> tuple[str, str] | None:
    """Why a normal name may not stand in a rule and what to do; None if it may."""
    import re

    if not name.isascii():
        alike = "".join(letter for letter in name if not letter.isascii())[:10]
        return f"is not ASCII ({alike})", "write it as it travels, in punycode (xn--…), if these letters are meant"
    if len(name) > MAX_NAME:
        return f"is longer than {MAX_NAME} characters", "correct or remove it"
    labels = name.split(".")
    if "://" in name or "/" in name:
        return "is a URL", "write the host name alone"
    if ":" in name:
        return "holds a port", "write the port under ports"
    if name.startswith("*."):
        return "begins with *.", "leave that out: sub-domains count anyway"
    if len(labels) < 2:
        return "is a single label and would match every name below it", "write the whole name"
    if labels[-1].isdigit():
        return "is an address", "write it under addresses"
    if name in _OPEN or (len(labels) == 2 and labels[0] in _REGISTRY and len(labels[1]) == 2):
        return "is a domain in which anybody may have a name", "write the whole name of the one host that is meant"
    if not all(re.fullmatch(_LABEL, label) for label in labels):
        return "is not a host name", "correct or remove it"
    return None


def judged_below(name: str, domain: str) -> Literal["website", "server", "domain"]:
    """What `name` looks like below an operator's `domain`: website, server or domain (neither)."""
    labels = name[: -len(domain)].rstrip(".").split(".") if name != domain else []
    if not labels or not _WEB.isdisjoint(labels):
        return "website"
    parts = {part for label in labels for part in label.replace("_", "-").split("-")}
    numbered = {part.rstrip("0123456789") for part in parts} - parts
    dialled = not _MINING.isdisjoint(parts | numbered) or not _REGIONS.isdisjoint(numbered)
    return "server" if dialled else "domain"


def judged(known: Iterable[NameFact], wanted: str, port: int | None) -> NameFact | None:
    """What counts of the facts about `wanted` and its parents, longest first. A page's fact stands for the page alone:
    what lies below it is judged by the domain above."""
    page: NameFact | None = None
    for fact in known:
        if fact.kind != "website" or fact.name == wanted:
            return _as_seen(fact, wanted, port)
        page = page or fact
    return page


def _as_seen(fact: NameFact, wanted: str, port: int | None) -> NameFact:
    """The fact for the very name that was asked for, with its kind judged from labels and port."""
    from msgspec.structs import replace

    if fact.kind == "domain":
        # A host that serves miners and a website alike: its port tells; where that is unknown, it is a server.
        listed = port in fact.ports if port is not None else bool(fact.ports) and wanted == fact.name
        return replace(fact, kind="server" if listed else judged_below(wanted, fact.name))
    if fact.kind == "server" and wanted != fact.name and wanted.startswith("www."):
        return replace(fact, kind="website")
    return fact


def lookalike(name: str) -> str | None:
    """The ASCII name that a punycode name is made to look like, None where it looks like none: a label that holds
    letters of other alphabets in the shape of Latin ones, and no others."""
    shown = []
    for label in name.split("."):
        try:
            text = label[4:].encode().decode("punycode") if label.startswith("xn--") else label
        except UnicodeError:
            return None
        shown.append("".join(_SHAPES.get(letter, letter) for letter in text))
    looks = ".".join(shown)
    return looks if looks.isascii() else None


# Letters of other alphabets in the shape of Latin ones (Unicode's confusables, those used in names).
_SHAPES = dict(zip(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u03bf\u03b1\u03c1\u03bd\u0131\u0261\u04cf\u0432\u043a"
    "\u043c\u043d\u0442\u0581\u0585\u0570\u057d\u0578",
    "aeopcyxijshdqwoapvigl" "bkmhtgohun", strict=True,
))  # fmt: skip
