"""The ladder of evidence: how high a flow's ledger stands, and why, in a code and its arguments.

Contract: `level_of(ledger, session)` gives the highest rung that the ledger reaches in that session, or None
where it reaches none. Lines that cannot be a conversation reach none. Verdicts follow from levels (`verdict_of`),
names weigh more than addresses.
"""

from __future__ import annotations

from msgspec import Struct

from netminer_detect.detect.ledger import Ledger
from netminer_detect.detect.session import Session
from netminer_detect.findings import Level, Verdict
from netminer_detect.observations import Side

Arguments = dict[str, str | int | None]


class Reason(Struct, frozen=True):
    """A rung, and why: the code and arguments from which outputs make a sentence."""

    level: Level
    code: str
    arguments: Arguments


_VERDICTS = {
    Level.SHARES: Verdict.CONFIRMED,
    Level.SESSION: Verdict.CONFIRMED,
    Level.DEVICE: Verdict.CONFIRMED,
    Level.ATTEMPT: Verdict.PROBABLE,
    Level.ENDPOINT: Verdict.PROBABLE,
    Level.PATTERN: Verdict.SUSPECTED,
    Level.LOOKUP: Verdict.SUSPECTED,
    Level.CONTEXT: Verdict.NOT_MINING,
}
# Servers of these dialects send nothing before they are asked.
ASKED_FOR = frozenset({"stratum-v1", "stratum-v1-equihash", "monero-json-rpc", "eth-proxy", "eth-stratum",
                       "ethereumstratum-1"})
# What may wait for its answer where a capture ends.
FEW_SHARES = 2
# Known by address alone: addresses change hands.
_BY_ADDRESS = frozenset({"endpoint_address", "pool_address"})


def verdict_of(reason: Reason) -> Verdict:
    """How sure a reason is."""
    if reason.code in _BY_ADDRESS:
        return Verdict.SUSPECTED
    return _VERDICTS[reason.level]


def level_of(ledger: Ledger, session: Session, server: str) -> Reason | None:
    """The highest rung of a ledger; `server` is the text that names the server in the reason."""
    # One packet may be forged; a handshake or a second segment was there.
    if not (session.traffic.established or session.traffic.packets > 1) or _quoted(ledger, session):
        return None
    shares = ledger.shares
    known: Arguments = {"agent": ledger.agent, "server": server}
    if ledger.encrypted:
        return Reason(Level.PATTERN, "encrypted_shape", {"server": server, "submitted": shares.submitted})
    if ledger.network:
        both = len(ledger.network) == len(Side)
        return Reason(Level.SESSION if both else Level.ATTEMPT, "network_joined" if both else "network_asked", known)
    if shares.accepted:
        return Reason(Level.SHARES, "shares_accepted",
                      known | {"accepted": shares.accepted, "submitted": shares.submitted})
    if shares.submitted and not shares.rejected and not session.payload[1] and not session.silent:
        return Reason(Level.SHARES, "shares_unanswered", known | {"submitted": shares.submitted})
    if ledger.silent and ledger.jobs.sent:
        return Reason(Level.SHARES, "shares_silent", known | {"submitted": shares.submitted})
    if ledger.jobs.sent:
        if shares.rejected:
            return Reason(Level.SESSION, "shares_rejected", known | {"rejected": shares.rejected})
        return Reason(Level.SESSION, "session_open", known | {"jobs": ledger.jobs.sent})
    if ledger.accepted:
        return Reason(Level.SESSION, "login_accepted", known)
    if not (ledger.asked or shares.submitted):
        return None
    if ledger.accepted is False or shares.rejected:
        return Reason(Level.ATTEMPT, "handshake_refused", known | {"reason": ledger.reason})
    return Reason(Level.ATTEMPT, "handshake_unanswered", known)


def _quoted(ledger: Ledger, session: Session) -> bool:
    """Whether the lines were only passed on: a log that is shipped or shown reads like one side of a session."""
    if session.gaps:
        return False
    if session.silent and ledger.shares.submitted and not ledger.silent:
        # The other side was heard and says nothing.
        return session.traffic.syn or ledger.shares.submitted > FEW_SHARES
    pushed = ledger.jobs.sent and not ledger.asked and not ledger.shares.submitted
    return bool(pushed and session.traffic.syn and session.shows(Side.CLIENT) and ledger.dialect in ASKED_FOR)
