# The C values of layout.py.

cdef extern from *:
    """
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    #define NETMINER_BIG_ENDIAN 1
    #else
    #define NETMINER_BIG_ENDIAN 0
    #endif
    #if defined(__GNUC__)
    #define NETMINER_PREFETCH(address) __builtin_prefetch(address, 1)
    #else
    #define NETMINER_PREFETCH(address)
    #endif
    """
    const bint BIG_ENDIAN "NETMINER_BIG_ENDIAN"
    void prefetch "NETMINER_PREFETCH" (unsigned long long* address) noexcept

cdef enum:
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
    HAS_ISN = 1
    HAS_EXPECTED = 2
    FIN = 4
    JUDGED = 8
    REQUESTS = 16
    HELLO = 32
    SEEN = 64
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
    PACKET = 0
    SLOW = 1
    TRUNCATED = 2
    NOT_IP = 3
    IP_LENGTH = 4
    TCP_HEADER = 5
    NOT_TCP_UDP = 6
    EVENTS = 0
    NEED = 1
    OVER = 2
    AWAY = 0
    PLAIN = 1
    LOOK = 2
