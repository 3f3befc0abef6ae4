"""The ladder of evidence: how high a flow's ledger stands, and why, in a code and its arguments.

Contract: `level_of(ledger, session)` gives the highest rung that the ledger reaches in that session, or None
where it reaches none. Verdicts follow from levels (`verdict_of`), names weigh more than addresses.
"""

from __future__ import annotations

from msgspec import Struct

from netminer_detect.detect.ledger import Ledger
from netminer_detect.detect.session import Session
from netminer_detect.findings import Level, Verdict

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
# Known by address alone: addresses change hands.
_BY_ADDRESS = frozenset({"endpoint_address"})


def verdict_of(reason: Reason) -> Verdict:
    """How sure a reason is."""
    if reason.code in _BY_ADDRESS:
        return Verdict.SUSPECTED
    return _VERDICTS[reason.level]


def level_of(ledger: Ledger, session: Session, server: str) -> Reason | None:
    """The highest rung of a ledger; `server` is the text that names the server in the reason."""
    shares = ledger.shares
    known: Arguments = {"agent": ledger.agent, "server": server}
    if shares.accepted:
        return Reason(Level.SHARES, "shares_accepted",
                      known | {"accepted": shares.accepted, "submitted": shares.submitted})
    server_heard = session.payload[1] > 0
    # One packet may be forged; a handshake or a second segment was there.
    sound = session.traffic.established or session.traffic.packets > 1
    if shares.submitted and not shares.rejected and not server_heard and sound:
        return Reason(Level.SHARES, "shares_unanswered", known | {"submitted": shares.submitted})
    if ledger.silent and ledger.jobs.sent:
        return Reason(Level.SHARES, "shares_silent", known | {"submitted": shares.submitted})
    if ledger.jobs.sent:
        if shares.rejected:
            return Reason(Level.SESSION, "shares_rejected", known | {"rejected": shares.rejected})
        return Reason(Level.SESSION, "session_open", known | {"jobs": ledger.jobs.sent})
    if ledger.accepted:
        return Reason(Level.SESSION, "login_accepted", known)
    if not sound or not (ledger.asked or shares.submitted):
        return None
    if ledger.accepted is False or shares.rejected:
        return Reason(Level.ATTEMPT, "handshake_refused", known | {"reason": ledger.reason})
    return Reason(Level.ATTEMPT, "handshake_unanswered", known)
