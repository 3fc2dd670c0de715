"""`python -m acude.local.tls_front PORT SOCKET CERTIFICATE [postgres]`: TLS for a server that was built without.

As stunnel does it: it listens for the server and hands what it decrypts to the server's Unix socket, so that nothing
can be reached in clear text. PostgreSQL's clients ask for TLS first, in their own protocol; all others begin with it.
"""

import asyncio
import ssl
import struct
import sys
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from contextlib import closing, suppress
from typing import Final

from acude.settings import settings

_CHUNK: Final = 64 * 1024

# https://www.postgresql.org/docs/current/protocol-message-formats.html
_SSL_REQUEST: Final = struct.pack("!II", 8, 80877103)
_GSS_REQUEST: Final = struct.pack("!II", 8, 80877104)
_REFUSAL: Final = b"SFATAL\0VFATAL\0C28000\0MThis server only speaks TLS: set sslmode=verify-full.\0\0"


async def serve(host: str, port: int, socket: str, certificate: str, protocol: str = "") -> None:
    """Serves until it is stopped.

    Args:
        host: where it listens.
        port: of TCP.
        socket: path of the server's Unix socket.
        certificate: path of a PEM file with key and certificate.
        protocol: `postgres`, or nothing for clients that begin with TLS.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    asks_first = protocol == "postgres"

    async def met(reader: StreamReader, writer: StreamWriter) -> None:
        with closing(writer), suppress(OSError, IncompleteReadError):
            if asks_first:
                if not await _asks_for_tls(reader, writer):
                    return
                await writer.start_tls(context)
            inner_reader, inner_writer = await asyncio.open_unix_connection(socket)
            await asyncio.gather(_carry(reader, inner_writer), _carry(inner_reader, writer))

    async with await asyncio.start_server(met, host, port, ssl=None if asks_first else context) as server:
        await server.serve_forever()


async def _asks_for_tls(reader: StreamReader, writer: StreamWriter) -> bool:
    """Answers a PostgreSQL client's first words."""
    while (first := await reader.readexactly(8)) == _GSS_REQUEST:
        writer.write(b"N")
    asks = first == _SSL_REQUEST
    writer.write(b"S" if asks else b"E" + struct.pack("!I", len(_REFUSAL) + 4) + _REFUSAL)
    await writer.drain()
    return asks


async def _carry(source: StreamReader, sink: StreamWriter) -> None:
    """Carries bytes one way until one side ends, then ends the other."""
    with closing(sink), suppress(OSError):
        while chunk := await source.read(_CHUNK):
            sink.write(chunk)
            await sink.drain()


if __name__ == "__main__":
    asyncio.run(serve(settings().bind, int(sys.argv[1]), *sys.argv[2:]))
