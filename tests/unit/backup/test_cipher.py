import io
from collections.abc import Iterator
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from acude.backup.cipher import SEGMENT, Cipher
from acude.backup.errors import BackupError, DamagedError
from acude.backup_keys import KeyRing, draw

NAME = "20261123T012628123456Z-1a2b3c/risco.pgdump"
SIZE = 100
KEYS = KeyRing([draw("k1")])
CIPHER = Cipher(KEYS, SIZE)

contents = st.binary(max_size=1000)


def closed(content: bytes, name: str = NAME, cipher: Cipher = CIPHER) -> bytes:
    stored = io.BytesIO()
    pieces = [content[at : at + 7] for at in range(0, len(content), 7)]
    assert cipher.encrypt(pieces, stored, name) == len(stored.getvalue())
    return stored.getvalue()


def opened(stored: bytes, name: str = NAME, cipher: Cipher = CIPHER) -> bytes:
    return b"".join(cipher.decrypt(io.BytesIO(stored), name))


def segments_of(stored: bytes) -> list[bytes]:
    """As they are stored; the first holds the head too."""
    return [stored[at : at + SIZE] for at in range(0, len(stored), SIZE)]


@given(contents)
def test_what_was_encrypted_is_decrypted_to_the_same_bytes(content: bytes) -> None:
    assert opened(closed(content)) == content


@given(contents, st.data())
def test_no_bit_can_be_changed(content: bytes, data: st.DataObject) -> None:
    stored = bytearray(closed(content))
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(DamagedError):
        opened(bytes(stored))


@given(contents, st.data())
def test_nothing_can_be_cut_off(content: bytes, data: st.DataObject) -> None:
    stored = closed(content)

    with pytest.raises(DamagedError):
        opened(stored[: data.draw(st.integers(0, len(stored) - 1))])


@given(st.binary(min_size=100, max_size=1000), st.data())
def test_no_whole_segments_can_be_cut_off(content: bytes, data: st.DataObject) -> None:
    segments = segments_of(closed(content))

    with pytest.raises(DamagedError):
        opened(b"".join(segments[: data.draw(st.integers(0, len(segments) - 1))]))


@given(contents, st.binary(min_size=1, max_size=200))
def test_nothing_can_be_added(content: bytes, more: bytes) -> None:
    with pytest.raises(DamagedError):
        opened(closed(content) + more)


@pytest.mark.parametrize("size", [44, 128, 212])
def test_nothing_can_be_added_behind_a_full_last_segment(size: int) -> None:
    segments = segments_of(closed(bytes(size)))
    assert len(segments[-1]) == SIZE

    for more in (*segments, b"x"):
        with pytest.raises(DamagedError):
            opened(b"".join([*segments, more]))


@given(st.binary(min_size=100, max_size=1000), st.data())
def test_segments_stay_in_their_order(content: bytes, data: st.DataObject) -> None:
    segments = segments_of(closed(content))
    moved = data.draw(st.lists(st.sampled_from(segments), min_size=1, max_size=len(segments) + 1))
    assume(moved != segments)

    with pytest.raises(DamagedError):
        opened(b"".join(moved))


def test_segments_of_another_file_under_the_same_key_and_name_are_refused() -> None:
    one, other = segments_of(closed(bytes(500))), segments_of(closed(bytes(500)))

    with pytest.raises(DamagedError):
        opened(b"".join([*one[:1], *other[1:]]))


def test_a_file_under_another_name_is_refused() -> None:
    other = "20261123T012628123456Z-1a2b3c/loja.pgdump"

    with pytest.raises(DamagedError, match=f"{other} was changed, cut, or put in another file's place"):
        opened(closed(b"abc"), other)


def test_a_file_of_another_key_is_refused_whatever_the_key_is_called() -> None:
    for ring in (KeyRing([draw("k1")]), KeyRing([draw("k2")])):
        with pytest.raises(DamagedError):
            opened(closed(b"abc"), cipher=Cipher(ring, SIZE))


def test_after_a_rotation_the_old_key_still_decrypts_and_the_new_one_encrypts() -> None:
    rotated = KEYS.rotated()
    both, newest = Cipher(rotated, SIZE), Cipher(KeyRing([rotated.newest]), SIZE)

    assert opened(closed(bytes(500)), cipher=both) == bytes(500)
    assert opened(closed(b"abc", cipher=both), cipher=newest) == b"abc"


def test_the_content_does_not_show_and_never_looks_the_same() -> None:
    content = b"cpf.k1.3vQ9" * 100
    one, other = closed(content), closed(content)

    assert content[:11] not in one + other
    assert not set(segments_of(one)) & set(segments_of(other))


class Counted(io.BytesIO):
    """Knows how far it was read."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(size)
        self.taken = self.tell()
        return part


def test_no_more_than_a_few_segments_are_held_at_a_time() -> None:
    size = 40
    stored, ahead = io.BytesIO(), []

    def content() -> Iterator[bytes]:
        for number in range(size):
            ahead.append(number * SEGMENT - stored.tell())
            yield bytes(SEGMENT)

    cipher = Cipher(KEYS)
    cipher.encrypt(content(), stored, NAME)
    assert max(ahead) <= 3 * SEGMENT
    source = Counted(stored.getvalue())
    taken = [source.taken for _ in cipher.decrypt(source, NAME)]
    assert len(taken) >= size
    assert max(after - before for before, after in pairwise([0, *taken])) <= 3 * SEGMENT


class Failing(io.BytesIO):
    """Fails after a number of reads or writes."""

    left = 2

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise ConnectionError("the other side is away")

    def read(self, size: int | None = -1, /) -> bytes:
        self._count()
        return super().read(size)

    def write(self, data: object, /) -> int:
        self._count()
        return super().write(cast("bytes", data))


def test_a_file_that_fails_is_not_said_to_be_damaged() -> None:
    content = bytes(4 * SEGMENT)
    with pytest.raises(ConnectionError, match="the other side is away"):
        CIPHER.encrypt([content], Failing(), NAME)
    with pytest.raises(ConnectionError, match="the other side is away"):
        list(CIPHER.decrypt(Failing(closed(content)), NAME))


def test_content_that_ends_with_an_error_keeps_its_error() -> None:
    def content() -> Iterator[bytes]:
        yield b"abc"
        raise BackupError("pg_dump failed.", "")

    with pytest.raises(BackupError, match="pg_dump failed"):
        CIPHER.encrypt(content(), io.BytesIO(), NAME)


def test_no_message_shows_a_key() -> None:
    with pytest.raises(DamagedError) as refused:
        opened(closed(b"abc")[:-1])

    assert KEYS.newest.secret not in str(refused.value) + repr(refused.value.__context__) + repr(vars(CIPHER))
