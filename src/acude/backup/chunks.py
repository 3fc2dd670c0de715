"""A stream of bytes encrypted in chunks: memory stays flat, and a change, cut or exchange of any part is found.

The form is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, https://eprint.iacr.org/2015/189) with AES-256-GCM:

    head    `ACUDEBK1`, the key's name in 8 bytes, the chunk's size in 4, 32 random bytes; then HMAC-SHA256 of these 52
    chunk   ciphertext of `size` bytes (the last one: of 0 to `size`) and a tag of 16

Each file has a key of its own, derived from the named key and the random bytes. A chunk's nonce is its number and
whether it is the last, so it can't stand elsewhere, and nothing can be cut off or added behind it. The file's name is
authenticated with every chunk: one file's chunks, or a whole file, can't stand in for another's.
"""

import hashlib
import hmac
import os
import struct
from collections.abc import Iterator
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from acude.backup.errors import DamagedError, WrongKeyError
from acude.backup.keys import Key, KeyRing

CHUNK: Final = 256 * 1024
"""Bytes of content in a chunk."""
MAGIC: Final = b"ACUDEBK1"
_HEAD: Final = struct.Struct(">8s8sI32s")
_MAC_SIZE: Final = 32
HEAD_SIZE: Final = _HEAD.size + _MAC_SIZE
TAG_SIZE: Final = 16


class Readable(Protocol):
    """Anything that bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none only at the end."""


def encrypt(source: Readable, name: str, key: Key, *, size: int = CHUNK) -> Iterator[bytes]:
    """The source's content, encrypted; no more than two chunks are in memory.

    Args:
        source: read to its end.
        name: what the file is called; `decrypt` must be given the same.
        key: named in the head.
        size: bytes of content in a chunk.
    """
    head = _HEAD.pack(MAGIC, key.name.encode(), size, os.urandom(32))
    cipher, mac = _derived(key, head)
    yield head + mac
    number, chunk = 0, _exactly(source, size)
    while True:
        following = _exactly(source, size)
        yield cipher.encrypt(_nonce(number, last=not following), chunk, _bound(head, name))
        if not following:
            return
        number, chunk = number + 1, following


def decrypt(source: Readable, name: str, keys: KeyRing) -> Iterator[bytes]:
    """The content that was encrypted under this name, each chunk checked before it is given out.

    That nothing is missing is known when it ends, so nothing may be done for good before that.

    Raises:
        WrongKeyError: its key isn't among these, or another key has its name.
        DamagedError: something was changed, cut, added, or put elsewhere.
    """
    head, size, cipher = _opened(source, name, keys)
    number, chunk = 0, _exactly(source, size + TAG_SIZE)
    while True:
        following = _exactly(source, size + TAG_SIZE)
        content = _content(cipher, number, chunk, _bound(head, name), last=not following)
        if content is None:
            whole = _content(cipher, number, chunk, _bound(head, name), last=bool(following)) is not None
            raise DamagedError(_what_happened(name, number, whole=whole or not chunk, last=not following))
        yield content
        if not following:
            return
        number, chunk = number + 1, following


def _opened(source: Readable, name: str, keys: KeyRing) -> tuple[bytes, int, AESGCM]:
    """The head, the chunks' size and what decrypts them."""
    begin = _exactly(source, HEAD_SIZE)
    head, mac = begin[: _HEAD.size], begin[_HEAD.size :]
    if len(begin) < HEAD_SIZE or not head.startswith(MAGIC):
        raise DamagedError(f"{name} isn't an encrypted backup of this kind, or its beginning is missing.")
    _, key_name, size, _ = _HEAD.unpack(head)
    key = keys.named(key_name.rstrip(b"\0").decode(errors="backslashreplace"))
    cipher, expected = _derived(key, head)
    if not hmac.compare_digest(mac, expected):
        raise WrongKeyError(
            f"The key {key.name!r} at hand isn't the one that {name} was made with, or its beginning was changed."
        )
    return head, size, cipher


def _derived(key: Key, head: bytes) -> tuple[AESGCM, bytes]:
    """What encrypts the file's chunks, and the code that only the key's holder can put behind the head.

    The code also ties the file to one key; AES-GCM alone would let a file be made that opens under two.
    """
    salt = _HEAD.unpack(head)[3]
    material = key.derived("file", salt, 64)
    return AESGCM(material[:32]), hmac.digest(material[32:], head, hashlib.sha256)


def _bound(head: bytes, name: str) -> bytes:
    """What is authenticated beside a chunk."""
    return head + name.encode()


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _content(cipher: AESGCM, number: int, chunk: bytes, bound: bytes, *, last: bool) -> bytes | None:
    """A chunk's content; None where it isn't this file's chunk of this number."""
    try:
        return cipher.decrypt(_nonce(number, last=last), chunk, bound)
    except InvalidTag:
        return None


def _what_happened(name: str, number: int, *, whole: bool, last: bool) -> str:
    if not whole:
        return f"Chunk {number + 1} of {name} was changed or cut, or isn't in its place."
    return f"The end of {name} is missing." if last else f"Something was added behind the end of {name}."


def _exactly(source: Readable, size: int) -> bytes:
    """So many bytes; fewer only at the source's end."""
    parts, missing = [], size
    while missing and (part := source.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
