"""A database that was restarted is read from again at once."""

from acude.local.platform import Platform
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
