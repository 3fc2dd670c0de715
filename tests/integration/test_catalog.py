"""Registration in Glue against a catalogue of its own (moto's server)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from acude import aws
from acude.contracts.model import tables
from acude.lake.catalog import register_all
from acude.settings import Settings, settings

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient


@pytest.fixture
def config() -> Iterator[Settings]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    known = {field: getattr(settings(), field) for field in Settings.model_fields}
    # Moto takes any; the platform's own are there only where one has started.
    keys = {"s3_access_key": SecretStr("chave"), "s3_secret_key": SecretStr("segredo")}
    yield Settings.model_construct(**(known | keys | {"glue_endpoint": f"http://{host}:{port}"}))
    server.stop()


@pytest.fixture
def glue(config: Settings) -> "GlueClient":
    client = aws.glue(config)
    # moto keeps one catalogue for the process.
    for database in client.get_databases()["DatabaseList"]:
        client.delete_database(Name=database["Name"])
    return client


def versions(glue: "GlueClient", database: str, table: str) -> int:
    return len(glue.get_table_versions(DatabaseName=database, TableName=table)["TableVersions"])


def entry(found: dict[str, Any]) -> dict[str, Any]:
    return {key: found[key] for key in ("Name", "Parameters", "StorageDescriptor", "TableType")}


def test_every_lake_table_is_found_in_its_database(config: Settings, glue: "GlueClient") -> None:
    register_all(config)

    for contract in tables():
        found = glue.get_table(DatabaseName=contract.layer, Name=contract.name)["Table"]
        assert found["StorageDescriptor"]["Location"] == f"s3://{config.lake_bucket}/{contract.layer}/{contract.name}"
        assert [c["Name"] for c in found["StorageDescriptor"]["Columns"]] == contract.column_names


def test_a_second_registration_touches_nothing(config: Settings, glue: "GlueClient") -> None:
    first = register_all(config)
    before = versions(glue, "gold", "mais_vendidos")

    second = register_all(config)

    assert (first.updated, first.unchanged) == ((), ())
    assert (second.created, second.updated) == ((), ())
    assert second.unchanged == first.created
    assert versions(glue, "gold", "mais_vendidos") == before


def test_only_the_table_that_differs_is_updated(config: Settings, glue: "GlueClient") -> None:
    register_all(config)
    found = entry(dict(glue.get_table(DatabaseName="gold", Name="mais_vendidos")["Table"]))
    found["StorageDescriptor"]["Columns"] = found["StorageDescriptor"]["Columns"][:-1]
    glue.update_table(DatabaseName="gold", TableInput=found)  # type: ignore[arg-type]

    done = register_all(config)

    assert (done.created, done.updated) == ((), ("gold.mais_vendidos",))
    columns = glue.get_table(DatabaseName="gold", Name="mais_vendidos")["Table"]["StorageDescriptor"]["Columns"]
    assert columns[-1]["Name"] == "moeda"


def test_a_table_that_is_gone_comes_back_and_a_strangers_table_stays(config: Settings, glue: "GlueClient") -> None:
    register_all(config)
    glue.delete_table(DatabaseName="silver", Name="vendas")
    glue.create_table(DatabaseName="gold", TableInput={"Name": "de_uma_analista"})

    done = register_all(config)

    assert done.created == ("silver.vendas",)
    assert glue.get_table(DatabaseName="gold", Name="de_uma_analista")["Table"]["Name"] == "de_uma_analista"
