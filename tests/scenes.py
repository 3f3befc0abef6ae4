"""Writes small captures of whole scenes, a few words a scene, and scans them: who talks to whom, and says what.

A `Scene` keeps a clock: each conversation begins a second behind the one before unless told otherwise. The rules
that scenes are scanned with are in RULES; addresses there are public ones, since rules hold no others.
"""

from __future__ import annotations

import ipaddress
import json
import os
import pathlib
import struct
import tempfile
from typing import Any

from netminer_detect.findings import Finding, Level, Report
from netminer_detect.scanning import run_scan
from netminer_detect.settings import ScanSettings
from tests.captures import pcap
from tests.conversations import START_NS, Message, connection
from tests.packets import client_hello, dns_name, ethernet, ip, tcp, udp
from tests.wire import Packet, Path, frame

C, S = True, False
SECOND = 1_000_000_000
MINER, RESOLVER = "10.3.0.17", "10.3.0.53"
POOL, OLD, INFECTED = "5.6.7.8", "5.6.7.9", "5.6.7.10"
RULES = f"""\
id: scene
title: {{en: Scene, zh: 场景}}
operator: Example Pool
severity: high
confidence: high
reviewed: 2026-11-24
sources:
  now: {{title: made for tests, date: 2026-11-01}}
  then: {{title: made for tests long ago, date: 2012-05-13}}
  y2018: {{title: a catalogue, date: 2018-05-13}}
match:
  names:
    - {{name: pool.example, kind: domain, source: now}}
    - {{name: xmr.pool.example, kind: server, ports: [3333], coin: XMR, source: now}}
    - {{name: site.pool.example, kind: website, source: now}}
    - {{name: both.example, kind: domain, ports: [3333], source: now}}
    - {{name: script.example, kind: browser, source: now}}
    - {{name: fee.example, kind: donation, source: now}}
    - {{name: old.example, kind: server, source: then}}
    - {{name: weak.example, kind: server, source: now, weak: one list alone}}
  addresses:
    - {{address: {POOL}, ports: [3333, 25, 8080], source: now}}
    - {{address: {OLD}, ports: [3333, 25], source: y2018}}
examples:
  match: [{{name: xmr.pool.example}}, {{address: '{POOL}:3333'}}]
  not: [{{name: site.pool.example}}, {{address: '{POOL}:22'}}]
"""
MALWARE = f"""\
id: scene-malware
title: {{en: Malware of scenes, zh: 场景恶意软件}}
severity: critical
confidence: medium
reviewed: 2026-11-24
sources:
  now: {{title: made for tests, date: 2026-11-01}}
match:
  names: [{{name: control.example, kind: malware, source: now}}]
  addresses: [{{address: {INFECTED}, ports: [4444], kind: malware, source: now}}]
examples:
  match: [{{name: control.example}}, {{address: '{INFECTED}:4444'}}]
  not: [{{name: example.org}}, {{address: '{INFECTED}:22'}}]
"""

SUBSCRIBE = {"id": 1, "method": "mining.subscribe", "params": ["cgminer/4.12.1"]}
SUBSCRIBED = {"id": 1, "result": [[["mining.notify", "ab"]], "18000008", 4], "error": None}
AUTHORIZE = {"id": 2, "method": "mining.authorize", "params": ["rig.1", "x"]}
AUTHORIZED = {"id": 2, "result": True, "error": None}
REFUSED = {"id": 2, "result": False, "error": [24, "unauthorized worker", None]}
NOTIFY = {"id": None, "method": "mining.notify",
          "params": ["7", "1" * 64, "01000000" + "0" * 80, "ffffffff" + "0" * 40, ["2" * 64], "20000000", "1703a30c",
                     "66000000", True]}
SUBMIT = {"id": 3, "method": "mining.submit", "params": ["rig.1", "7", "00000001", "66000001", "deadbeef"]}
SHARE_ACCEPTED = {"id": 3, "result": True, "error": None}
SHARE_REJECTED = {"id": 3, "result": False, "error": [23, "Low difficulty share", None]}
LOGIN = [(C, SUBSCRIBE), (S, SUBSCRIBED), (C, AUTHORIZE), (S, AUTHORIZED)]
MINES = [*LOGIN, (S, NOTIFY), (C, SUBMIT), (S, SHARE_ACCEPTED)]
GREETED = b"\x16\x03\x03\x00\x30\x02\x00\x00\x2c\x03\x03" + bytes(42)
SECRET = b"\x17\x03\x03\x00\x40" + bytes(range(64))


def line(said: Any) -> bytes:
    """What is said, as bytes: objects are JSON lines."""
    return said if isinstance(said, bytes) else json.dumps(said).encode() + b"\n"


def tls(name: bytes | None, certificate: bytes | None = None) -> list[tuple[bool, bytes]]:
    """The turns of a TLS session with some data each way; with a certificate (DER) that of TLS 1.2."""
    greeted = GREETED
    if certificate is not None:
        chain = len(certificate).to_bytes(3, "big") + certificate
        body = len(chain).to_bytes(3, "big") + chain
        message = b"\x0b" + len(body).to_bytes(3, "big") + body
        greeted += b"\x16\x03\x03" + struct.pack(">H", len(message)) + message
    return [(C, client_hello(name)), (S, greeted), (C, SECRET), (S, SECRET), (C, SECRET), (S, SECRET)]


def http(host: str, verb: str = "GET", body: bytes = b"", answer: bytes = b"<html></html>") -> list[tuple[bool, bytes]]:
    """The turns of one HTTP exchange."""
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    asked = f"{verb} / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0\r\n{length}\r\n".encode() + body
    return [(C, asked), (S, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)]


def dns_records(*records: tuple[str, str]) -> list[bytes]:
    """Records of the answer section: (name, address), or (name, other name) for a CNAME."""
    return [_record(name, value, 60) for name, value in records]


def _record(name: str, value: str, ttl_s: int) -> bytes:
    try:
        data = ipaddress.ip_address(value).packed
        kind = 1 if len(data) == 4 else 28
    except ValueError:
        data, kind = dns_name(value), 5
    return dns_name(name) + struct.pack(">HHIH", kind, 1, ttl_s, len(data)) + data


class Scene:
    """See the module's contract."""

    def __init__(self, start_ns: int = START_NS) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self.now_ns = start_ns
        self._port = 40000

    def tcp(self, said: list[tuple[bool, Any]], client: str = MINER, server: str = POOL, port: int = 3333,
            pace_s: float = 0.01, captured: str = "all", source_port: int | None = None) -> Scene:
        """One connection. `captured` is all, or: client, server (that direction alone), middle (no handshake, from the
        second message on), open (the end is not in the capture), or a number of packets from its begin."""
        self.now_ns += SECOND
        self._port += 1
        pace_ns = int(pace_s * SECOND)
        pieces = [Message((at + 1) * pace_ns, by_client, line(what)) for at, (by_client, what) in enumerate(said)]
        opening, data, closing = connection(pieces)
        packets = opening + data + closing
        if captured == "middle":
            packets = data[1:]
        elif captured == "open":
            packets = opening + data
        elif captured in ("client", "server"):
            packets = [packet for packet in packets if packet.by_client is (captured == "client")]
        elif captured != "all":
            packets = packets[: int(captured)]
        path = Path(client, server, source_port or self._port, port)
        self.frames += [(self.now_ns + packet.time_ns, frame(path, packet)) for packet in packets]
        self.now_ns += max((packet.time_ns for packet in packets), default=0)
        return self

    def packets(self, packets: list[Packet], path: Path) -> Scene:
        """Packets as they are given."""
        self.now_ns += SECOND
        self.frames += [(self.now_ns + packet.time_ns, frame(path, packet)) for packet in packets]
        return self

    def dns(self, name: str, records: list[bytes] | None = None, client: str = MINER, server: str = RESOLVER,
            kind: int = 1, recursion: bool = True, over_tcp: bool = False, after_s: float = 1.0) -> Scene:
        """A question and, with records, its answer."""
        self.now_ns += int(after_s * SECOND)
        self._port += 1
        question = dns_name(name) + struct.pack(">HH", kind, 1)
        messages = [(C, struct.pack(">HHHHHH", 7, 0x100 * recursion, 1, 0, 0, 0) + question)]
        if records is not None:
            head = struct.pack(">HHHHHH", 7, 0x8080 | 0x100 * recursion, 1, len(records), 0, 0)
            messages.append((S, head + question + b"".join(records)))
        if over_tcp:
            framed = [(by_client, struct.pack(">H", len(message)) + message) for by_client, message in messages]
            return self.tcp(framed, client, server, 53)
        for at, (by_client, message) in enumerate(messages):
            ends = (client, server, self._port, 53) if by_client else (server, client, 53, self._port)
            packet = ip(ends[0], ends[1], 17, udp(ends[2], ends[3], message))
            self.frames.append((self.now_ns + at * 1_000_000, ethernet(packet)))
        return self

    def resolved(self, name: str, address: str = POOL, **how: Any) -> Scene:
        """A name was asked for and stands for an address."""
        return self.dns(name, dns_records((name, address)), **how)

    def syn(self, client: str, server: str, port: int) -> Scene:
        """A connection that nobody answers."""
        self.now_ns += SECOND
        self._port += 1
        self.frames.append((self.now_ns, ethernet(ip(client, server, 6, tcp(self._port, port, 7, 2)))))
        return self

    def write(self, path: pathlib.Path) -> pathlib.Path:
        path.write_bytes(pcap(sorted(self.frames, key=lambda one: one[0])))
        return path

    def report(self, **settings: Any) -> Report:
        """What a scan says of it, from the lowest level on."""
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            path = self.write(place / "scene.pcap")
            return scan(path, **settings)

    def findings(self, **settings: Any) -> list[Finding]:
        return self.report(**settings).findings

    def finding(self, **settings: Any) -> Finding:
        """The only finding."""
        (finding,) = self.findings(**settings)
        return finding

    def told(self, **settings: Any) -> list[tuple[str, str, str, str]]:
        """(source, role, level, code) of each finding."""
        return [(one.source_ip, one.role.value, one.level.word, one.why_code) for one in self.findings(**settings)]


def rules() -> tuple[str, ...]:
    """The files of RULES, written once a run."""
    folder = pathlib.Path(tempfile.gettempdir()) / f"netminer-scenes-{os.getpid()}"
    if not folder.exists():
        folder.mkdir()
        (folder / "scene.yaml").write_text(RULES, encoding="utf-8")
        (folder / "scene-malware.yaml").write_text(MALWARE, encoding="utf-8")
    return (str(folder),)


def scan(*paths: pathlib.Path, **settings: Any) -> Report:
    """A scan with the scenes' rules."""
    asked = {"rules": rules(), "level": Level.CONTEXT} | settings
    return run_scan(ScanSettings(inputs=tuple(map(str, paths)), **asked), None, lambda _: None).report
