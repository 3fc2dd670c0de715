"""The payment API is alive while every thread that its answers depend on is."""

import threading

from fastapi.testclient import TestClient

from acude.api.app import create_app
from acude.settings import Settings


def test_the_api_is_not_alive_without_a_thread_that_its_answers_depend_on() -> None:
    app = create_app(Settings(_env_file=None))  # type: ignore[call-arg]
    client, over = TestClient(app), threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    app.state.metrics.need(thread)
    assert client.get("/saude/viva").status_code == 200
    over.set()
    thread.join()
    answer = client.get("/saude/viva")
    assert (answer.status_code, answer.json()["title"]) == (503, "Not alive")
    assert app.state.metrics.hangs(60)
