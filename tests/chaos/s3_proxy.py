"""A proxy between a driver and the object store that kills the driver at a chosen request.

So a kill falls exactly between two writes of the real program, and the program holds nothing for the tests.
"""

import http.client
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

WRITES = ("PUT", "POST", "DELETE")


@dataclass
class Kill:
    """Where to kill: before or after the n-th write whose key fits.

    Attributes:
        key: pattern of the object's key, below the bucket.
        after: whether the write itself still happens.
        number: of the writes that fit, the first is 1.
        since: pattern of the write with which counting begins.
    """

    key: str
    after: bool = True
    number: int = 1
    since: str = ""
    seen: int = 0
    done: bool = False

    def fits(self, method: str, key: str) -> bool:
        """Whether this write is the one."""
        if method not in WRITES or self.done:
            return False
        if self.since:
            self.since = "" if re.search(self.since, key) else self.since
            return False
        if not re.search(self.key, key):
            return False
        self.seen += 1
        self.done = self.seen == self.number
        return self.done


@dataclass
class Pause(Kill):
    """Stops the driver instead, before the write, which reaches the object store once it goes on."""

    after: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)


@dataclass
class S3Proxy:
    """Passes requests on; knows the process group to kill, and what was written."""

    port: int = 0
    victim: int = 0
    kill: Kill | None = None
    writes: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def hit(self, method: str, path: str) -> Kill | None:
        """The kill that this request calls for; writes are noted down."""
        key = unquote(urlsplit(path).path).lstrip("/").partition("/")[2]
        with self.lock:
            if method in WRITES and key:
                self.writes.append(f"{method} {key}")
            return self.kill if self.kill and self.kill.fits(method, key) else None

    def strike(self) -> None:
        """Kills the driver with its JVM."""
        os.killpg(self.victim, signal.SIGKILL)

    def strikes_before(self, kill: Kill | None) -> bool:
        """Acts before a write; whether the write then never happens."""
        if isinstance(kill, Pause):
            os.killpg(self.victim, signal.SIGSTOP)
            kill.reached.set()
            kill.over.wait(timeout=300)
            return False
        if kill is None or kill.after:
            return False
        self.strike()
        return True


class _Server(ThreadingHTTPServer):
    """Passes on to one object store."""

    daemon_threads = True

    def __init__(self, proxy: S3Proxy, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy, self.upstream = proxy, upstream


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # An answer goes out at once and in one piece: otherwise each waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = 65_536

    def _pass_on(self) -> None:
        chunked = self.headers.get("Transfer-Encoding", "") == "chunked"
        body = b"".join(self._chunks()) if chunked else self.rfile.read(int(self.headers.get("Content-Length", 0)))
        proxy = self.server.proxy
        kill = proxy.hit(self.command, self.path)
        if proxy.strikes_before(kill):
            self.close_connection = True
            return
        connection = http.client.HTTPConnection(self.server.upstream, timeout=60)
        # With the client's own Host: its signature covers it.
        headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
        payload = iter([body]) if chunked else body
        connection.request(self.command, self.path, payload, headers, encode_chunked=chunked)
        answer = connection.getresponse()
        content = answer.read()
        if kill and kill.after:
            proxy.strike()
            self.close_connection = True
            return
        self._give(answer, content)
        connection.close()

    def _give(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "connection", "content-length", "date", "server"}:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def s3_proxy(upstream: str) -> Iterator[S3Proxy]:
    """A proxy in front of an object store."""
    proxy = S3Proxy()
    server = _Server(proxy, urlsplit(upstream).netloc)
    proxy.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
