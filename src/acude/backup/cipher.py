"""Streams encrypted by Tink (https://developers.google.com/tink/streaming-aead) with the keys of the settings.

The form is Tink's AES-256-GCM-HKDF with segments of 1 MB. Tink finds what was changed, cut, added or moved before it
gives the bytes on, and binds each stream to a name. A segment or two are in memory, however long the stream is.
"""

import io
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final

import tink
from tink import secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

from acude.backup.errors import DamagedError
from acude.backup_keys import Key, KeyRing

SEGMENT: Final = 1024 * 1024
"""Bytes of a segment as it is stored."""
_HEAD: Final = 40
_TAG: Final = 16
_TYPE: Final = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"


class Cipher:
    """Encrypts with the newest key, decrypts with whichever fits."""

    def __init__(self, keys: KeyRing, segment: int = SEGMENT) -> None:
        streaming_aead.register()
        keyset = tink_pb2.Keyset(primary_key_id=keys.newest.number, key=[_tink_key(one, segment) for one in keys.keys])
        handle = tink.proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
        self._aead = handle.primitive(streaming_aead.StreamingAead)
        self._segment = segment

    def encrypt(self, content: Iterable[bytes], stored: BinaryIO, name: str) -> int:
        """Writes the content to a file, encrypted.

        Args:
            content: in pieces of any size.
            stored: where the encrypted bytes go; it stays open.
            name: what the file is called; `decrypt` must be given the same.

        Returns:
            How many bytes are stored.

        Raises:
            OSError: the file can't be written.
        """
        file = _Stored(stored)
        try:
            with self._aead.new_encrypting_stream(file, name.encode()) as encrypting:
                for piece in content:
                    encrypting.write(piece)
        except tink.TinkError as problem:
            raise (file.error or problem) from None
        return file.size

    def decrypt(self, stored: BinaryIO, name: str) -> Iterator[bytes]:
        """The content that was encrypted under this name; each piece is checked before it is given out.

        That nothing is missing is known only at the end.

        Raises:
            DamagedError: something was changed, cut, added or moved, or none of the keys fits.
            OSError: the file can't be read.
        """
        file = _Stored(stored)
        damaged = DamagedError(f"{name} was changed, cut, or put in another file's place.")
        given_out = 0
        try:
            with self._aead.new_decrypting_stream(file, name.encode()) as decrypting:
                while piece := decrypting.read(SEGMENT):
                    given_out += len(piece)
                    yield piece
        except tink.TinkError:
            raise (file.error or damaged) from None
        # Tink reads no further than a last segment that is full: what was added behind it is found by the size.
        while file.read(SEGMENT):
            pass
        if file.size != self._stored_size(given_out):
            raise damaged

    def _stored_size(self, size: int) -> int:
        """Bytes that Tink makes of content of this size: a head, and a tag for each segment."""
        segments = max(1, -(-(size + _HEAD) // (self._segment - _TAG)))
        return size + _HEAD + segments * _TAG


def _tink_key(key: Key, segment: int) -> tink_pb2.Keyset.Key:
    """A key as Tink takes it; each file is encrypted with a key of its own that Tink derives from it."""
    parameters = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=segment, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256
    )
    value = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(key_value=key.secret.encode(), params=parameters)
    data = tink_pb2.KeyData(
        type_url=_TYPE, value=value.SerializeToString(), key_material_type=tink_pb2.KeyData.SYMMETRIC
    )
    return tink_pb2.Keyset.Key(
        key_data=data, key_id=key.number, status=tink_pb2.ENABLED, output_prefix_type=tink_pb2.RAW
    )


class _Stored(io.RawIOBase):
    """The encrypted file as Tink uses it. Tink wraps the file's errors in its own, so this keeps them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None
        self.size = 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        try:
            piece = self._file.read(size)
        except OSError as problem:
            self.error = problem
            raise
        self.size += len(piece)
        return piece

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - Tink gives bytes, the base class takes any buffer
        try:
            self.size += len(data)
            return self._file.write(data)
        except OSError as problem:
            self.error = problem
            raise
