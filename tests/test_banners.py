"""Protocols in the clear are told by first bytes; what mining may begin with is not."""

from __future__ import annotations

import random

import pytest

from netminer_detect.carriers.banners import HEAD, foreign_protocol
from tests.conversations import CARRIED, SHARED, load, names
from tests.packets import client_hello


@pytest.mark.parametrize(("head", "name"), [
    (b"220 mail.example ESMTP", "smtp or ftp"), (b"SSH-2.0-OpenSSH_9.6\r\n", "ssh"), (b"* OK IMAP4rev1", "imap"),
    (b"+OK POP3 ready", "pop3"), (b"RFB 003.008\n", "rfb"), (b"\xff\xfd\x18\xff\xfd\x20", "telnet"),
    (b"\0\0\0\x85\xffSMBr\0\0\0", "smb"), (b"\0\0\0\xf8\xfeSMB@\0", "smb"), (b"\x10\x10\0\x04MQTT\x04\x02", "mqtt"),
    (b"\x13BitTorrent protocol\0\0", "bittorrent"), (b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0", "rdp"),
    (b"<?xml version='1.0'?><stream:stream", "xml"), (b"NICK bob\r\nUSER bob 0 *", "irc"), (b"CAP LS 302\r\n", "irc"),
    (b"\0\0\0\x08\x04\xd2\x16\x2f", "postgresql"), (b"\0\0\0\x21\0\x03\0\0user\0bob\0", "postgresql"),
    (b"0033git-upload-pack /x", "git"), (b"0\x0c\x02\x01\x01\x60\x07\x02\x01\x03", "ldap"),
    (b"\x4a\0\0\0\x0a8.0.33\0", "mysql"), (b"\x5b\0\0\0\x0a10.11.6-MariaDB", "mysql"),
    (b"*1\r\n$4\r\nPING\r\n", "redis"), (b"*12\r\n$4\r\nHSET\r\n", "redis"),
])
def test_protocols_in_the_clear(head, name):
    assert foreign_protocol(head[:HEAD]) == name
    assert foreign_protocol(b"") is None


@pytest.mark.parametrize("folder", [CARRIED, SHARED], ids=["carried", "shared"])
def test_no_mining_dialect_begins_so(folder):
    for name in names(folder):
        conversation = load(name, folder)
        if conversation.expected.get("mining", True):
            for side in (True, False):
                head = b"".join(line.data for line in conversation.lines if line.by_client is side)[:HEAD]
                assert foreign_protocol(head) is None, name


def test_neither_tls_nor_noise_begins_so():
    chance = random.Random(7)
    assert foreign_protocol(client_hello(b"pool.example")[:HEAD]) is None
    taken = sum(foreign_protocol(chance.randbytes(HEAD)) is not None for _ in range(100_000))
    assert taken < 20
