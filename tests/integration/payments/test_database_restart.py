"""A database that was restarted is read from, and reserves, again at once."""

from uuid import uuid4

from acude.local.platform import Platform
from acude.payments.reservations import ID, Held, Reservations, Wanted
from acude.payments.store import Store


def test_the_first_read_after_the_database_restarted_is_answered(platform: Platform) -> None:
    store = Store(platform.config)
    # As many idle connections as a busy API has: each of them is dead afterwards.
    taken = [store._pool.getconn() for _ in range(6)]
    for connection in taken:
        store._pool.putconn(connection)
    platform.stop("postgres")
    platform.start("postgres")
    assert store.decision("nobodys") is None
    store.close()


def test_the_first_payment_after_the_database_restarted_is_reserved(platform: Platform) -> None:
    reservations = Reservations(platform.config, "acude-teste")
    wanted = Wanted("loja", uuid4().hex, ID, b"content", "transacoes/0/1")
    again = wanted._replace(record="transacoes/0/2")
    assert reservations.wait(reservations.ask([wanted]), 30) == [Held(b"content", wanted.record, new=True)]
    platform.stop("postgres")
    platform.start("postgres")
    # Sent again, with another record, after what remembers it forgot: only the database knows the first one.
    assert reservations.wait(reservations.ask([again]), 30) == [Held(b"content", wanted.record, new=False)]
    reservations.close()
