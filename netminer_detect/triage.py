"""What the kernel is told to look for: how mining dialects and node protocols begin, and their words.

Contract: data only. OPENINGS are (offset, bytes) that a direction may begin with; TOKENS are words one of which
stands in a JSON line of every dialect, for streams whose head was missed, CALLS such words of calls that are posted.
They are necessary conditions, not proof: who reads the flow decides. LENGTHS are (size, bytes) of first messages that
have no better mark.
"""

from __future__ import annotations

# JSON members and method names. A line of a mining dialect holds at least one of these in its first segment:
# pushes of eth-proxy are told by their three 0x texts ("result":["0x), answers carry none but follow requests.
TOKENS = (
    b"mining.",
    b'"submit"',
    b'"job"',
    b'"login"',
    b'"keepalived"',
    b'"job_id"',
    b'_submit',
    b'_getWork',
    b'"getjob"',
    b'["0x',
    b'"client.',
)

# Words of calls over HTTP, in lower case: Ethereum's and its kin's, Bitcoin's, Monero's, Chia's shares.
CALLS = (
    b"getwork", b"submitwork", b"submithashrate", b"submitlogin", b"_login", b"getblocktemplate", b"get_block_template",
    b"submitblock", b"submit_block", b"get_miner_data", b"launcher_id",
)  # fmt: skip

# Requests that carry no call: to Chia's pools, whose least difficulty is told once, to mining devices, to the address
# where pools of getwork mostly let wait for the next work, and to Sia's nodes.
_REQUESTS = (
    b"GET /pool_info", b"GET /farmer", b"GET /api/system/info", b"GET /1/summary", b"GET /2/summary", b"GET /1/config",
    b"GET /api.json", b"GET /summary", b"GET /stat ", b"GET /api/v1/status", b"GET /cgi-bin/get_system_info.cgi",
    b"GET /cgi-bin/get_miner_conf.cgi", b"GET /cgi-bin/get_miner_status.cgi", b"GET /cgi-bin/summary.cgi",
    b"GET /cgi-bin/stats.cgi", b"GET /cgi-bin/pools.cgi", b"GET /LP ", b"GET /lp ", b"GET /miner/header",
    b"GET /socket.io/", b"GET /stats ", b"GET /mcb/pools", b"GET /mcb/status", b"GET /api/v1/summary",
    b"GET /api/v1/settings", b"POST /miner/header", b"POST /socket.io/", b"POST /user/userpanel", b"POST /cgi-bin/",
)  # fmt: skip

# Frames of Stratum V2's channels: jobs, shares, their answers, blocks, targets; some with the length they have.
_SV2_KINDS = (b"\x15", b"\x1a\x18", b"\x1b", b"\x1c\x14", b"\x20\x30", b"\x21\x24")

# Carriers that the kernel does not know: SOCKS 4 and 5 (RFC 1928), HAProxy's PROXY header, versions 1 and 2; HTTP/2
# with prior knowledge (RFC 9113, 3.3); WebSocket begun before the capture (RFC 6455, 5.2: a final frame of text).
# Node protocols: message starts of Bitcoin and its kin (chainparams.cpp of each), Monero's levin signature,
# Ethereum's RLPx (a length below 1024, then 04).
OPENINGS: tuple[tuple[int, bytes], ...] = (
    *((0, request) for request in _REQUESTS),
    (0, b"\x04\x01"),
    (0, b"\x05\x01"),
    (0, b"\x05\x02"),
    (0, b"\x05\x03"),
    (0, b"\x05\x04"),
    (0, b"PROXY "),
    (0, b"PRI * HTTP/2"),
    (0, b"\x81"),
    (0, b"\r\n\r\n\x00\r\nQUIT\n"),
    (0, b'[{"'),  # calls in a batch
    (0, b"shake~{"),  # Xatum
    (0, b"job~{"),
    (2, b"\x04"),
    (0, b"\xf9\xbe\xb4\xd9"),  # Bitcoin main
    (0, b"\x0b\x11\x09\x07"),  # Bitcoin test 3
    (0, b"\x1c\x16\x3f\x28"),  # Bitcoin test 4
    (0, b"\x0a\x03\xcf\x40"),  # Bitcoin signet
    (0, b"\xfa\xbf\xb5\xda"),  # Bitcoin regtest
    (0, b"\xe3\xe1\xf3\xe8"),  # Bitcoin Cash
    (0, b"\xfb\xc0\xb6\xdb"),  # Litecoin
    (0, b"\xc0\xc0\xc0\xc0"),  # Dogecoin
    (0, b"\xbf\x0c\x6b\xbd"),  # Dash
    (0, b"\x24\xe9\x27\x64"),  # Zcash
    (0, b"\x01\x21\x01\x01\x01\x01\x01\x01"),  # Monero levin
    # Stratum V2 in the clear: SetupConnection for mining, its answer, and what a stream begun before may begin with.
    (6, b"\x00\x02\x00\x02\x00"),
    (0, b"\x00\x00\x01\x06\x00\x00\x02\x00"),
    *((0, b"\x00\x80" + kind) for kind in _SV2_KINDS),
    (4, b"\x01\x00\x00\x00\x00"),  # Alephium's node: jobs, or a block
    (4, b"\x01\x00\x00\x00\x01"),
    (4, b"\x00\x00\x00\x00\x10\x00\x00\x00"),  # the same before messages had a version: jobs of 16 chains
    (0, b"\x24\x72\xef\x18\x1e\xfc\xd3\x7b"),  # Bitcoin's P2Pool
    (2, b"\x87\xd7"),  # DATUM's hello
    (0, b"JOB,"),  # Duino-Coin
    (0, b"MOTD"),
    (0, b"STATUS="),  # replies of cgminer's API in text, and of ccminer's
    (0, b"NAME=ccminer;"),
    (4, b'{"cmd"'),  # WhatsMiner's API, behind a length
    *((0, version) for version in (b"1.", b"2.", b"3.", b"4.", b"5.")),
)

# First messages without a mark: Monero's P2Pool, and the ephemeral key that opens Stratum V2 under encryption.
LENGTHS: tuple[tuple[int, bytes], ...] = ((17, b"\x00"), (64, b""))
