"""Numbers that the compiled modules share: a row's columns, its flags, codes. The namesake of layout.pxd.

Contract: constants only. Compiled, they are the C enumeration of layout.pxd, so that compilers see their values;
a test holds the two files together. A row has 16 words, two cache lines: the first is all that a packet of IPv4
compares and changes.

KEY: both IPv4 addresses, or a digest of both IPv6 addresses, which stand in S_HIGH to D_LOW. ENDS: both ports,
protocol, and a bit for IPv6. The lower end stands first, so that both ways have one KEY and one ENDS; TURNED says that
the client is the second. FLAGS has the number of packets above its PACKET_SHIFT bits. ISN and
EXPECTED hold forward in their lower half and backward in the upper. NUMBER holds the flow's number in 40 bits and
above it two VLAN ids, MAC a MAC address in 48 bits, above it the innermost VLAN id and in the highest 4 bits how
many there are. A free row keeps the next free one in NUMBER.
"""

# Columns.
KEY = 0
ENDS = 1
FLAGS = 2
LAST = 3
SIZE = 4
PAYLOAD = 5
PAYLOAD_BACK = 6
EXPECTED = 7
S_HIGH = 8
S_LOW = 9
D_HIGH = 10
D_LOW = 11
NUMBER = 12
FIRST = 13
ISN = 14
MAC = 15
COLUMNS = 16

# Flags of the forward way; those of the backward way are 8 bits higher.
HAS_ISN = 1
HAS_EXPECTED = 2
FIN = 4
JUDGED = 8
REQUESTS = 16
HELLO = 32
SEEN = 64

# Flags of the flow; from PACKET_SHIFT on stands the number of packets.
RESET = 65536
ESTABLISHED = 131072
CANDIDATE = 262144
EVERY = 524288
SETTLED = 1048576
HAS_MAC = 2097152
HAS_EXTRA = 4194304
HANDED = 8388608
LIVE = 16777216
TURNED = 33554432
TURNED_SHIFT = 25
PACKET_SHIFT = 28

# What decoding gives: a packet, a frame for the twin, or what is wrong with it.
PACKET = 0
SLOW = 1
TRUNCATED = 2
NOT_IP = 3
IP_LENGTH = 4
TCP_HEADER = 5
NOT_TCP_UDP = 6

# Why a walk stops: frames are there, more bytes are needed, nothing comes.
EVENTS = 0
NEED = 1
OVER = 2

# What a packet is to a flow: none of its own, counted and done with, counted and to be judged.
AWAY = 0
PLAIN = 1
LOOK = 2
