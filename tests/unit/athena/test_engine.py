"""An engine that has just started: a query that comes too early is sent again."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from acude.athena.trino import Trino
from acude.settings import HOST, Settings


class Starting(BaseHTTPRequestHandler):
    """Fails the first statements with these errors, each on its second page, then gives a row."""

    errors: list[str]

    def do_POST(self) -> None:
        self.answer({"nextUri": f"{self.base}/1"})

    def do_GET(self) -> None:
        if self.path == "/2":
            self.answer({"columns": [{"name": "a"}], "data": [[1]]})
        elif self.errors:
            error = {"errorName": self.errors.pop(), "errorType": "INTERNAL_ERROR", "message": "too early"}
            self.answer({"columns": [{"name": "a"}], "error": error})
        else:
            self.answer({"columns": [{"name": "a"}], "nextUri": f"{self.base}/2"})

    @property
    def base(self) -> str:
        return f"http://{self.headers['Host']}"

    def answer(self, page: dict[str, Any]) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(page).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def engine() -> Iterator[Trino]:
    with HTTPServer((HOST, 0), Starting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        config = Settings(trino_port=server.server_address[1], trino_secret=SecretStr("s" * 32))
        found = Trino(config, patience_s=30)
        yield found
        found.close()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("errors", [["SERVER_STARTING_UP"], ["NO_NODES_AVAILABLE", "SERVER_STARTING_UP"]])
def test_a_query_that_comes_too_early_is_sent_again(engine: Trino, errors: list[str]) -> None:
    Starting.errors = list(errors)
    assert list(engine.query("SELECT 1")) == [[1]]
    assert Starting.errors == []
