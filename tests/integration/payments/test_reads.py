"""Decisions are read from a replica where there is one, and nobody notices when it lags or is away."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import httpx
import pytest
from psycopg2 import sql
from psycopg2.extensions import make_dsn, parse_dsn
from pydantic import SecretStr

from acude.local.database_setup import ensure_audit_log
from acude.local.platform import Platform
from acude.local.servers.postgres import connect
from acude.payments.reads import Reads
from acude.payments.store import AWAY, Row, Store
from acude.settings import Settings
from tests.integration.payments.conftest import another_api

REPLICA = "risco_replica"
NOWHERE = SecretStr("postgresql://risco:x@127.0.0.1:1/risco")
Api = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def replica(platform: Platform) -> Iterator[SecretStr]:
    """The address of a second database, which lags behind the first for ever."""
    own = parse_dsn(platform.config.risk_dsn.get_secret_value())
    session = connect(platform.config)
    with session.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(REPLICA)))
        cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*map(sql.Identifier, (REPLICA, own["user"]))))
    address = SecretStr(make_dsn(**(own | {"dbname": REPLICA})))
    ensure_audit_log(platform.config.model_copy(update={"risk_dsn": address}))
    yield address
    with session.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(REPLICA)))
    session.close()


@pytest.fixture
def with_replica(platform: Platform, replica: SecretStr) -> Settings:
    return platform.config.model_copy(update={"risk_read_dsn": replica})


@pytest.fixture
def reads(with_replica: Settings) -> Iterator[Reads]:
    found = Reads(with_replica)
    yield found
    found.close()


def decision(score: int = 0, client: str = "loja") -> Row:
    now = datetime.now(UTC)
    return {
        "id_transacao": f"t-{uuid4().hex}", "transacao_em": now, "decidida_em": now, "decisao": "aprovar",
        "pontuacao": score, "motivos": [], "operacao": "pagamento", "tipo_pagamento": "pix", "valor": Decimal("1.10"),
        "moeda": "BRL", "id_pagador": "u1", "id_cliente": client, "versao_regras": "1", "versao_modelo": "nenhum",
        "degradado": False, "causas": [], "latencia_ms": 3, "id_rastro": uuid4().hex,
    }  # fmt: skip


def keep(config: Settings, dsn: SecretStr, row: Row) -> Row:
    """Writes the row to that database alone."""
    store = Store(config.model_copy(update={"risk_dsn": dsn}))
    store.prepare()
    store.add([row])
    store.close()
    return row


def score(reads: Reads, row: Row) -> int | None:
    found = reads.decision(row["id_transacao"], row["id_cliente"])
    return None if found is None else int(found["pontuacao"])


def test_the_replica_is_asked_first(reads: Reads, with_replica: Settings) -> None:
    row = keep(with_replica, with_replica.risk_dsn, decision(score=1))
    keep(with_replica, with_replica.risk_read_dsn, row | {"pontuacao": 2})
    assert score(reads, row) == 2


def test_what_the_replica_does_not_have_yet_comes_from_the_primary(reads: Reads, with_replica: Settings) -> None:
    row = keep(with_replica, with_replica.risk_dsn, decision(score=1))
    assert score(reads, row) == 1
    assert reads.decision("nobodys", None) is None


def test_without_its_replica_the_api_reads_from_the_primary(platform: Platform) -> None:
    rows = [keep(platform.config, platform.config.risk_dsn, decision(score=number)) for number in range(5)]
    reads = Reads(platform.config.model_copy(update={"risk_read_dsn": NOWHERE}))
    assert [score(reads, row) for row in rows] == list(range(5))
    reads.close()


def test_without_its_primary_the_api_reads_what_the_replica_has_and_says_where_it_can_not(
    with_replica: Settings,
) -> None:
    row = keep(with_replica, with_replica.risk_read_dsn, decision(score=3))
    reads = Reads(with_replica.model_copy(update={"risk_dsn": NOWHERE}))
    assert score(reads, row) == 3
    with pytest.raises(AWAY):
        reads.decision("nobodys", None)
    reads.close()


def test_what_was_read_is_kept_and_what_is_not_there_yet_is_asked_again(platform: Platform) -> None:
    reads, row = Reads(platform.config), decision(score=4)
    assert score(reads, row) is None
    keep(platform.config, platform.config.risk_dsn, row)
    assert score(reads, row) == 4
    session = connect(platform.config, parse_dsn(platform.config.risk_dsn.get_secret_value())["dbname"])
    with session.cursor() as cursor:
        cursor.execute("DELETE FROM decisoes WHERE id_transacao = %s", (row["id_transacao"],))
    session.close()
    assert score(reads, row) == 4
    # The audit log has it, and others verify that it is there.
    keep(platform.config, platform.config.risk_dsn, row)
    reads.close()


def test_a_payment_that_was_read_by_its_client_is_not_shown_to_another(
    platform: Platform, api: Api, with_replica: Settings
) -> None:
    own, foreign = (keep(with_replica, with_replica.risk_dsn, decision(client=who)) for who in ("loja", "other"))
    with another_api(platform.config, risk_read_dsn=with_replica.risk_read_dsn) as url:

        def read(who: str, row: Row) -> int:
            client = api(who)
            return httpx.get(f"{url}/transacoes/{row['id_transacao']}", headers=client.headers).status_code

        assert [read("analista", row) for row in (own, foreign)] == [200, 200]
        assert [read("loja", row) for row in (own, foreign)] == [200, 404]
