"""A session of the `mining.` family whose shares fit several dialects alike, and of which no job was seen.

Contract: read as Stratum v1's messages are: logins, shares and answers, no work. It has no name, which findings tell as
null; the first job of a dialect turns the session into that dialect.
"""

from __future__ import annotations

from typing import ClassVar

from netminer_detect.dialects.stratum_v1 import StratumV1


class Undetermined(StratumV1):
    """See the module's contract."""

    NAME: ClassVar[str] = ""
