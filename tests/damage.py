"""Damages sound captures, seeded: cut at a place, bytes flipped, pieces repeated, captures run together."""

from __future__ import annotations

import random


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def flip(data: bytes, chance: random.Random) -> bytes:
    """Some bytes behind the file header become others."""
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 5, 50)) if len(data) > 24 else 0):
        damaged[chance.randrange(24, len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def repeat(data: bytes, chance: random.Random) -> bytes:
    """A piece stands there twice, or is missing."""
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[:end] + data[start:] if chance.random() < 0.5 else data[:start] + data[end:]


def join(data: bytes, chance: random.Random) -> bytes:
    return data + data[: chance.randrange(len(data) + 1)]


WAYS = (cut, flip, repeat, join)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """One or two kinds of damage."""
    for way in chance.sample(WAYS, chance.choice((1, 1, 2))):
        data = way(data, chance)
    return data
