import io
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from acude.backup.chunks import HEAD_SIZE, TAG_SIZE, decrypt, encrypt
from acude.backup.errors import BackupError, DamagedError, WrongKeyError
from acude.backup.keys import Key, KeyRing, draw

NAME = "20261123T012628123456Z-1a2b3c/risco.pgdump"
KEY = draw("k1")
KEYS = KeyRing([KEY])

contents = st.binary(max_size=200)
sizes = st.integers(1, 40)


class Dripping(io.BytesIO):
    """Gives fewer bytes than it is asked for, as a pipe does."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(7, size or 1))


class Counted(io.BytesIO):
    """Knows how far it was read."""

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(size)
        self.taken = self.tell()
        return part


def closed(content: bytes, size: int, name: str = NAME, key: Key = KEY) -> bytes:
    return b"".join(encrypt(Dripping(content), name, key, size=size))


def opened(stored: bytes, name: str = NAME, keys: KeyRing = KEYS) -> bytes:
    return b"".join(decrypt(Dripping(stored), name, keys))


def chunks_of(stored: bytes, size: int) -> list[bytes]:
    step = size + TAG_SIZE
    return [stored[at : at + step] for at in range(HEAD_SIZE, len(stored), step)]


@given(contents, sizes)
def test_what_was_closed_opens_to_the_same_bytes(content: bytes, size: int) -> None:
    assert opened(closed(content, size)) == content


@given(contents, sizes)
def test_a_file_is_a_head_and_as_many_chunks_as_the_content_needs(content: bytes, size: int) -> None:
    chunks = max(1, -(-len(content) // size))

    assert len(closed(content, size)) == HEAD_SIZE + len(content) + chunks * TAG_SIZE


@given(contents, sizes, st.data())
def test_no_bit_can_be_changed(content: bytes, size: int, data: st.DataObject) -> None:
    stored = bytearray(closed(content, size))
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(BackupError):
        opened(bytes(stored))


@given(contents, sizes, st.data())
def test_nothing_can_be_cut_off(content: bytes, size: int, data: st.DataObject) -> None:
    stored = closed(content, size)

    with pytest.raises(DamagedError):
        opened(stored[: data.draw(st.integers(0, len(stored) - 1))])


@given(st.binary(min_size=2, max_size=200), sizes, st.data())
def test_no_whole_chunks_can_be_cut_off(content: bytes, size: int, data: st.DataObject) -> None:
    size = min(size, len(content) - 1)
    stored = closed(content, size)
    left = data.draw(st.integers(0, len(chunks_of(stored, size)) - 1))

    with pytest.raises(DamagedError):
        opened(stored[: HEAD_SIZE + left * (size + TAG_SIZE)])


@given(contents, sizes, st.binary(min_size=1, max_size=100))
def test_nothing_can_be_added(content: bytes, size: int, more: bytes) -> None:
    with pytest.raises(DamagedError):
        opened(closed(content, size) + more)


@given(st.binary(min_size=2, max_size=200), sizes, st.data())
def test_chunks_stay_in_their_order(content: bytes, size: int, data: st.DataObject) -> None:
    stored = closed(content, size)
    chunks = chunks_of(stored, size)
    moved = data.draw(st.lists(st.sampled_from(chunks), min_size=1, max_size=len(chunks) + 1))
    assume(moved != chunks)

    with pytest.raises(DamagedError):
        opened(stored[:HEAD_SIZE] + b"".join(moved))


@given(st.binary(min_size=1, max_size=200), sizes)
def test_chunks_of_another_file_under_the_same_key_are_refused(content: bytes, size: int) -> None:
    one, other = closed(content, size), closed(content, size)
    assert one[HEAD_SIZE:] != other[HEAD_SIZE:]

    with pytest.raises(DamagedError):
        opened(one[:HEAD_SIZE] + other[HEAD_SIZE:])


def test_a_file_under_another_name_is_refused() -> None:
    with pytest.raises(DamagedError, match=r"Chunk 1 of .*/loja\.pgdump was changed or cut, or isn't in its place"):
        opened(closed(b"abc", 10), "20261123T012628123456Z-1a2b3c/loja.pgdump")


def test_swapped_chunks_are_named() -> None:
    stored = closed(b"a" * 10 + b"b" * 10 + b"c" * 10, 10)
    first, second, third = chunks_of(stored, 10)

    with pytest.raises(DamagedError, match=r"Chunk 1 of .* isn't in its place"):
        opened(stored[:HEAD_SIZE] + second + first + third)
    with pytest.raises(DamagedError, match=r"Chunk 2 of .* isn't in its place"):
        opened(stored[:HEAD_SIZE] + first + third + second)


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_file_that_ends_between_two_chunks_is_said_to_lack_its_end(left: int) -> None:
    stored = closed(b"a" * 10 + b"b" * 10 + b"c" * 10, 10)

    with pytest.raises(DamagedError, match=r"The end of .* is missing"):
        opened(stored[:HEAD_SIZE] + b"".join(chunks_of(stored, 10)[:left]))


def test_what_stands_behind_the_last_chunk_is_said_to_be_added() -> None:
    stored = closed(b"a" * 10, 10)

    with pytest.raises(DamagedError, match="Something was added behind the end"):
        opened(stored + chunks_of(stored, 10)[0])


def test_another_key_of_the_same_name_is_said_to_be_another() -> None:
    with pytest.raises(WrongKeyError, match="The key 'k1' at hand isn't the one that"):
        opened(closed(b"abc", 10), keys=KeyRing([draw("k1")]))


def test_a_key_that_is_not_at_hand_is_named() -> None:
    with pytest.raises(WrongKeyError, match="made with key 'k7', which isn't among the keys at hand"):
        opened(closed(b"abc", 10, key=draw("k7")))


def test_an_older_key_opens_what_it_has_closed() -> None:
    assert opened(closed(b"abc", 10), keys=KEYS.rotated()) == b"abc"


@pytest.mark.parametrize("stored", [b"", b"ACUDEBK1", b"PGDMP" + bytes(200), bytes(HEAD_SIZE)])
def test_what_is_no_backup_is_said_to_be_none(stored: bytes) -> None:
    with pytest.raises(DamagedError, match="isn't an encrypted backup of this kind, or its beginning is missing"):
        opened(stored)


def test_the_content_does_not_show_and_never_looks_the_same() -> None:
    content = b"cpf.k1.3vQ9" * 100
    one, other = closed(content, 64), closed(content, 64)

    assert content[:11] not in one + other
    assert not set(chunks_of(one, 64)) & set(chunks_of(other, 64))


def test_no_more_than_two_chunks_are_held_at_a_time() -> None:
    content = Counted(bytes(1000))
    ahead = []
    for number, _ in enumerate(encrypt(content, NAME, KEY, size=10)):
        # The head is piece 0.
        ahead.append(getattr(content, "taken", 0) - number * 10)

    assert max(ahead) <= 20
    stored = Counted(closed(bytes(1000), 10))
    given_out = [stored.taken for _ in decrypt(stored, NAME, KEYS)]
    assert max(after - before for before, after in pairwise(given_out)) <= 10 + TAG_SIZE
