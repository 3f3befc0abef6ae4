"""The figures by which both kernels keep flows: how long, how many, who goes first.

Contract: constants and nothing else, so that the two twins cannot differ in them.

* UDP has no end, so silence is one: 3 minutes (RFC 4787 asks NATs for 2 at least). A SYN that nobody answered,
  or a connection that was closed, waits as long: resolvers and clients retry for about 2 minutes (tcp_syn_retries
  6 is 127 s, TIME_WAIT 60 to 240 s).
* An open TCP connection may be silent for an hour: pools send a job every few seconds to minutes, but a capture
  loses packets and proxies sleep; NATs keep 2 h 4 min (RFC 5382), which costs memory and finds nothing more.
  After that hour it is the same connection all the same if its sequence numbers go on.
* Clocks jump. A flow ends by its own packet's time only if that is later; the clock that sweeps silent flows is
  the earliest time within SWEEP_FRAMES frames, and gains an hour at most in one go: so one frame from next year
  ends nothing, and after a lasting jump the flows that go on have shown themselves before they are swept.
* A full table gives up, among EVICT_LOOKS rows, the longest silent of the lowest class: never answered; then not
  candidate or settled; then a candidate with data that nobody answers; then a candidate. So a flood of SYNs, to a
  mining server even, or of logins into the void pushes out its own, not a miner that is silent for a minute.
* A ClientHello that is not whole waits for the rest, MAX_HELLOS at a time; what is more is handed out at once.
"""

from __future__ import annotations

MAX_FLOWS = 1 << 20
NS = 1_000_000_000
SHORT_IDLE_NS = 180 * NS
LONG_IDLE_NS = 3600 * NS
SWEEP_FRAMES = 1024
SWEEP_ROWS = 256
EVICT_LOOKS = 64
MAX_HELLOS = 4096

# A sequence number this near to the expected one belongs to the same connection.
NEAR = 1 << 20
# A SYN that comes behind data of its own connection comes within a first window.
FIRST_WINDOW = 1 << 16

# Triage. A head of nothing but spaces stays open so long; a server-name extension may be so long (a name is at
# most 255 bytes); of an HTTP head so much is read; tokens stand within so much of a line, a segment (old pools put
# the method last); a DNS message may hold so many names, a name so many jumps.
MAX_BLANK = 64
MAX_NAME_EXTENSION = 300
MAX_HTTP_HEAD = 2048
TOKEN_REACH = 1500
MAX_DNS_NAMES = 64
MAX_DNS_JUMPS = 32
MAX_DNS_LABELS = 128
# A first payload of no more bytes than this may be the begin of anything: of a message of a watched length, or of an
# opening that is told further on. Who sends such a message sends it whole, so longer parts are not waited for.
MAX_PART = 3
# Of the flows to one address so many are counted by their clients.
MAX_CALLERS = 4096
# (client, server) pairs bound by DNS answers; when full, the older half is forgotten.
MAX_BOUND = 1 << 15
