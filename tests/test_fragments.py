"""Fragments in any order give the packet; contradictions and floods give nothing and cost a bound."""

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from netminer_detect.kernel.fragments import MAX_BYTES, MAX_PACKETS, PIECE_BYTES, TIMEOUT_NS, Reassembler
from netminer_detect.kernel.packet import Fragment

KEY = (b"\x0a\0\0\1", b"\x0a\0\0\2", 7, 6)


def cut(payload, size, key=KEY):
    return [Fragment(key, at, at + size < len(payload), payload[at : at + size]) for at in range(0, len(payload), size)]


@given(st.binary(min_size=9, max_size=2000), st.integers(1, 20), st.randoms())
def test_any_order_with_duplicates(payload, eights, random):
    pieces = cut(payload, eights * 8)
    pieces += random.sample(pieces, len(pieces) // 2)
    random.shuffle(pieces)
    waiting = Reassembler()
    assert payload in [waiting.add(piece, 0) for piece in pieces]
    assert waiting.dropped == 0


def test_overlap_with_other_content_is_dropped_whole():
    waiting = Reassembler()
    first, second = cut(b"a" * 16, 8)
    assert waiting.add(first, 0) is None
    assert waiting.add(Fragment(KEY, 0, True, b"evil-one"), 0) is None
    assert waiting.add(second, 0) is None
    assert waiting.dropped == 1


def test_vlans_do_not_mix():
    waiting = Reassembler()
    first, second = cut(b"a" * 16, 8)
    waiting.add(first, 0)
    assert waiting.add(Fragment(KEY, 8, False, second.data, vlans=(5,)), 0) is None


def test_an_old_piece_does_not_join_a_new_packet():
    waiting = Reassembler()
    first, second = cut(b"a" * 16, 8)
    waiting.add(first, 0)
    assert waiting.add(second, TIMEOUT_NS + 1) is None


def test_floods_are_bounded_and_counted():
    waiting = Reassembler()
    for number in range(MAX_PACKETS + 500):
        waiting.add(Fragment((*KEY[:2], number, 17), 0, True, b"x" * 4000), 0)
        assert waiting.held <= MAX_BYTES
    assert waiting.dropped >= 500


def test_payload_beyond_64_kib_is_refused():
    assert Reassembler().add(Fragment(KEY, 65528, False, b"x" * 400), 0) is None


def test_pieces_behind_the_end_are_no_part_of_it():
    """Their sizes add up to the packet's, and yet its begin is missing."""
    for order in (((8, False), (104, True)), ((104, True), (8, False))):
        waiting = Reassembler()
        assert [waiting.add(Fragment(KEY, offset, more, b"12345678"), 0) for offset, more in order] == [None, None]
        assert waiting.dropped == 1
        assert waiting.held == 0


def test_pieces_cost_more_than_their_content():
    waiting = Reassembler()
    for number in range(MAX_BYTES // PIECE_BYTES + 1000):
        waiting.add(Fragment((*KEY[:2], number >> 9, 17), (number & 511) * 16, True, b"fragment"), 0)
        assert waiting.held <= MAX_BYTES
    assert waiting.dropped > 0


def test_a_packet_of_the_smallest_pieces_costs_no_square():
    pieces = cut(bytes(65528), 8)
    random.Random(1).shuffle(pieces)
    began = time.process_time()
    waiting = Reassembler()
    assert [whole for piece in pieces if (whole := waiting.add(piece, 0))] == [bytes(65528)]
    assert time.process_time() - began < 1
