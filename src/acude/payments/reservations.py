"""Which payment is decided: the first one of a client under its id, and the first under an `Idempotency-Key`.

Table `reservas` of the decisions' database has a row for each, as long as decisions are kept. A row has a digest of the
payment's content, so that another payment under the same name is known, and names the record that is decided, so that a
worker that starts again goes on with its own and nobody decides another. Valkey only remembers what this table says.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from hashlib import blake2b, sha256
from typing import Any, Final, NamedTuple

import orjson
import psycopg
from psycopg.errors import UndefinedTable

from acude.migrations.database import MigrationError
from acude.payments.session import Session
from acude.settings import Settings

log = logging.getLogger(__name__)

ID, KEY = "id", "chave"
"""What is reserved: a payment's id, an Idempotency-Key."""

PATIENCE_S: Final = 0.75
_LEFT_ALONE_S: Final = 1.0
_DIGEST: Final = 16

_RESERVE: Final = (
    b"INSERT INTO reservas AS r (id_cliente, nome, tipo, conteudo, registro)"
    b" SELECT client, name, kind, decode(content, 'hex'), record FROM json_to_recordset(%s::json)"
    b" AS (client text, name text, kind text, content text, record text)"
    b" ON CONFLICT (id_cliente, nome, tipo) DO UPDATE SET registro = coalesce(r.registro, excluded.registro)"
    b" RETURNING id_cliente, nome, tipo, conteudo, registro, xmax = 0"
)
_FREE: Final = b"DELETE FROM reservas WHERE (id_cliente, nome, tipo, conteudo) = (%s, %s, %s, %s) AND registro IS NULL"
_GIVE_BACK: Final = (
    b"UPDATE reservas SET registro = NULL WHERE (id_cliente, nome, tipo, conteudo, registro) = (%s, %s, %s, %s, %s)"
)


class ReservationsError(ConnectionError):
    """The decisions' database does not answer in time."""


class Wanted(NamedTuple):
    """A name that a client wants for a payment.

    Attributes:
        client: empty for payments that came by the topic.
        name: the payment's id, or the key.
        kind: `ID` or `KEY`.
        content: the payment's, of `Contents`.
        record: where a worker has the payment; None at the payment API.
    """

    client: str
    name: str
    kind: str
    content: bytes
    record: str | None = None


class Held(NamedTuple):
    """What stands under a wanted name.

    Attributes:
        content: of the payment that has it; None where only its decision is known.
        record: the record that is decided; None until a worker has it, empty where only its decision is known.
        new: whether this wish took the name.
    """

    content: bytes | None
    record: str | None
    new: bool


Answer = Future[list[Held]]


class Contents:
    """Keyed digests of what payments say, however they are written: fields have no order, and 10.0 is 10.00.

    Args:
        config: its `document_key` keys them, so nobody can find a person by trying values.
    """

    def __init__(self, config: Settings) -> None:
        self._key = sha256(config.document_key.get_secret_value().encode()).digest()

    def of(self, fields: Mapping[str, Any]) -> bytes:
        """The digest of a decoded payment."""
        present = {name: one for name, one in fields.items() if one is not None}
        # Of a float's two zeros one.
        present |= {name: 0.0 for name, one in present.items() if isinstance(one, float) and not one}
        text = orjson.dumps(present, default=_plain, option=orjson.OPT_SORT_KEYS)
        return blake2b(text, key=self._key, digest_size=_DIGEST).digest()


def _plain(value: Any) -> str:  # noqa: ANN401 - what orjson has no form for: decimals
    return str(value.normalize())


class Reservations:
    """Reserves names in the database, in a thread of its own: one statement for all that waits.

    A database that does not answer delays nobody for longer than `PATIENCE_S`, and is left alone for a second.

    Args:
        config: its `risk_dsn` names the database.
        name: shown by the database's list of sessions.
        gather_s: how long a first question waits for others; callers that ask for one name each share a statement.
    """

    def __init__(self, config: Settings, name: str, gather_s: float = 0) -> None:
        self._session = Session(config, name)
        self._gather_s = gather_s
        self._asked: queue.SimpleQueue[tuple[Sequence[Wanted], Answer] | None] = queue.SimpleQueue()
        self._told: deque[tuple[bytes, Sequence[object]]] = deque()
        self._left_alone_until = 0.0
        self._away = False
        self.thread = threading.Thread(target=self._run, name="reservations", daemon=True)
        self.thread.start()

    def ask(self, wanted: Sequence[Wanted]) -> Answer:
        """Reserves the names that are free. The answer, in the same order, fails with `ReservationsError`.

        Args:
            wanted: each name once. A caller that has waited for the answer for long enough calls `give_up`.
        """
        answer = Answer()
        if time.monotonic() < self._left_alone_until:
            answer.set_exception(ReservationsError("it did not answer a moment ago"))
        else:
            self._asked.put((wanted, answer))
        return answer

    def wait(self, answer: Answer, within_s: float = PATIENCE_S) -> list[Held]:
        """The answer.

        Raises:
            ReservationsError: it does not come in time.
        """
        try:
            return answer.result(within_s)
        except TimeoutError as problem:
            self.give_up(answer)
            raise ReservationsError("it did not answer in time") from problem

    def give_up(self, answer: Answer) -> None:
        """Leaves a database alone that hangs."""
        answer.cancel()
        self._report("TimeoutError")

    def free(self, wanted: Wanted) -> None:
        """Gives a name up, unless a worker has its payment, when the database answers."""
        self._told.append((_FREE, wanted[:4]))
        self._asked.put(((), Answer()))

    def give_back(self, wanted: Sequence[Wanted]) -> None:
        """Lets another record of these payments be decided, when the database answers: theirs could not be."""
        for one in wanted:
            self._told.append((_GIVE_BACK, one))
        self._asked.put(((), Answer()))

    def close(self) -> None:
        """Ends the thread. Nobody waits for it: a database that hangs must not hold the process."""
        self._asked.put(None)

    def _run(self) -> None:
        # The first payments must not wait for a connection.
        with suppress(psycopg.Error), self._session.statement():
            pass
        while True:
            taken = [self._asked.get()]
            if self._gather_s:
                time.sleep(self._gather_s)
            with suppress(queue.Empty):
                while True:
                    taken.append(self._asked.get_nowait())
            asked = [one for one in taken if one and one[1].set_running_or_notify_cancel()]
            try:
                self._answer(asked)
            except (psycopg.Error, MigrationError) as problem:
                self._report(type(problem).__name__)
                _fail(asked, problem)
            except Exception as problem:
                # The next question must find the thread alive.
                log.exception("defect")
                _fail(asked, problem)
            if None in taken:
                self._session.close()
                return

    def _answer(self, asked: Sequence[tuple[Sequence[Wanted], Answer]]) -> None:
        """Answers all; a name that several want is the first one's."""
        # First what was given up: it may be wanted again.
        while self._told:
            with self._session.statement() as connection:
                connection.execute(*self._told[0])
            self._told.popleft()
        held = self._reserved([one for wanted, _ in asked for one in wanted])
        self._away = False
        for wanted, answer in asked:
            answer.set_result([held[one[:3]] for one in wanted])
            held |= {one[:3]: held[one[:3]]._replace(new=False) for one in wanted}

    def _reserved(self, wanted: Sequence[Wanted]) -> dict[tuple[str, str, str], Held]:
        # In one order everywhere: two statements that lock the same rows must not wait for each other.
        each = sorted({one[:3]: one for one in reversed(wanted)}.values(), key=lambda one: one[:3])
        if not each:
            return {}
        # One text: psycopg needs 30 µs per row for arrays of it.
        asked = [orjson.dumps([one._asdict() | {"content": one.content.hex()} for one in each]).decode()]
        try:
            with self._session.statement() as connection:
                rows = connection.execute(_RESERVE, asked).fetchall()
        except UndefinedTable:
            self._session.migrate()
            with self._session.statement() as connection:
                rows = connection.execute(_RESERVE, asked).fetchall()
        return {(client, name, kind): Held(*rest) for client, name, kind, *rest in rows}

    def _report(self, why: str) -> None:
        """Logs once per outage."""
        self._left_alone_until = time.monotonic() + _LEFT_ALONE_S
        if not self._away:
            log.warning("the reservations' database does not answer (%s)", why)
        self._away = True


def _fail(asked: Sequence[tuple[Sequence[Wanted], Answer]], problem: Exception) -> None:
    for answer in (one for _, one in asked if not one.done()):
        answer.set_exception(ReservationsError(type(problem).__name__))
