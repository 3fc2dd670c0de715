import pytest

from acude.contracts.glue import COMMENT_LIMIT, table_input
from acude.contracts.model import Contract, table, tables


def test_a_table_is_registered_as_athena_wants_a_delta_table() -> None:
    entry = table_input(table("gold.mais_vendidos"), "s3://acude-lake/gold/mais_vendidos")

    assert entry["Name"] == "mais_vendidos"
    assert entry["TableType"] == "EXTERNAL_TABLE"
    assert entry["Parameters"]["table_type"] == "DELTA"
    assert entry["Parameters"]["spark.sql.sources.provider"] == "delta"
    assert entry["StorageDescriptor"]["Location"] == "s3://acude-lake/gold/mais_vendidos"


def test_every_column_stands_once_and_with_its_meaning_partition_columns_too() -> None:
    entry = table_input(table("gold.receita_mensal"), "s3://b/t")

    assert entry["PartitionKeys"] == []
    assert entry["Parameters"]["acude.partition_by"] == "mes"
    assert entry["StorageDescriptor"]["Columns"][0] == {
        "Name": "mes",
        "Type": "string",
        "Comment": "UTC month, YYYY-MM",
    }
    assert [c["Name"] for c in entry["StorageDescriptor"]["Columns"]] == table("gold.receita_mensal").column_names


def test_a_location_that_athena_cannot_read_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a location like s3://bucket/gold/mais_vendidos, found 's3a://"):
        table_input(table("gold.mais_vendidos"), "s3a://acude-lake/gold/mais_vendidos")


def test_a_long_comment_is_cut_at_a_whole_character() -> None:
    contract = table("gold.mais_vendidos")
    long = contract.columns[0].model_copy(update={"description": "ç" * 300})
    changed = contract.model_copy(update={"columns": (long, *contract.columns[1:])})

    comment = table_input(changed, "s3://b/t")["StorageDescriptor"]["Columns"][0]["Comment"]

    assert comment == "ç" * 126 + "…"
    assert len(comment.encode()) <= COMMENT_LIMIT


@pytest.mark.parametrize("contract", tables(), ids=lambda contract: contract.full_name)
def test_every_lake_table_can_be_registered(contract: Contract) -> None:
    assert table_input(contract, "s3://b/t") == table_input(contract, "s3://b/t")
