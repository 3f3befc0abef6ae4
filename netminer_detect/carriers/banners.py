"""Tells by first bytes protocols that are in the clear and no carrier of mining: mail, shells, files, desktops, data.

Contract: `foreign_protocol(head)` gives the protocol's name for the first bytes of either side (HEAD of them are
enough), or None. Only what no mining dialect begins with is told. HTTP, TLS, SOCKS and WebSocket are carriers and
not told here; neither are protocols that JSON lines could begin like.

Sources: RFC 5321 4.2 (SMTP), RFC 959 4.2 (FTP), RFC 4253 4.2 (SSH), RFC 9051 7.1 (IMAP), RFC 1939 (POP3), RFC 854
(Telnet), RFC 6143 7.1.1 (RFB), RFC 6120 4.2 (XMPP), MQTT 3.1.1 3.1 and 5.0 3.1, MS-SMB2 2.1, BEP 3 (BitTorrent),
RFC 1006 6 with X.224 (RDP), RFC 2812 3.1 (IRC), RFC 4511 4.2 (LDAP), PostgreSQL's manual 55.7, MySQL's handshake V10,
Redis' RESP, Git's pack protocol.
"""

from __future__ import annotations

HEAD = 20
_BEGINS = (
    (b"220 ", "smtp or ftp"), (b"220-", "smtp or ftp"), (b"EHLO ", "smtp"), (b"HELO ", "smtp"), (b"SSH-", "ssh"),
    (b"* OK", "imap"), (b"* PREAUTH", "imap"), (b"+OK", "pop3"), (b"RFB 00", "rfb"), (b"@RSYNCD:", "rsync"),
    (b"<?xml ", "xml"), (b"<stream:", "xmpp"), (b"\x13BitTorrent protocol", "bittorrent"), (b"RTSP/", "rtsp"),
    (b"SIP/2.0", "sip"), (b"\xff\xfb", "telnet"), (b"\xff\xfd", "telnet"), (b"\xff\xfe", "telnet"),
    (b"\xff\xfc", "telnet"), (b"NICK ", "irc"), (b"USER ", "irc or ftp"), (b"CAP LS", "irc"),
    (b"\0\0\0\x08\x04\xd2\x16\x2f", "postgresql"),
)  # fmt: skip
# Behind a length: (offset, bytes, name).
_BEHIND_LENGTH = (
    (4, b"\xffSMB", "smb"), (4, b"\xfeSMB", "smb"), (4, b"MQTT\x04", "mqtt"), (4, b"MQTT\x05", "mqtt"),
    (4, b"MQIsdp", "mqtt"), (4, b"\0\x03\0\0user\0", "postgresql"), (4, b"git-", "git"),
    (2, b"\x02\x01\x01\x60", "ldap"),
)  # fmt: skip


def foreign_protocol(head: bytes) -> str | None:
    """See the module's contract."""
    for begin, name in _BEGINS:
        if head.startswith(begin):
            return name
    for at, mark, name in _BEHIND_LENGTH:
        if head.startswith(mark, at):
            return name
    # TPKT version 3, its length, then X.224's connection request or confirm.
    if head[:2] == b"\x03\0" and len(head) > 6 and head[5] & 0xF0 in (0xD0, 0xE0):
        return "rdp"
    # The first packet of MySQL's protocol 10, which tells the server's version.
    if head[3:5] == b"\0\x0a" and head[5:6].isdigit() and b"." in head[6:9]:
        return "mysql"
    # An array of Redis, and its first string.
    if head[:1] == b"*" and head[1:2].isdigit() and b"\r\n$" in head[2:7]:
        return "redis"
    return None
