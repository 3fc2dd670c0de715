"""SHOW and DESCRIBE answer in the columns by which Athena's clients know them."""

from typing import Any

import pytest

from acude.athena.show import show
from acude.athena.statements import parse

TABLE: dict[str, Any] = {
    "Name": "vendas",
    "Parameters": {"table_type": "DELTA", "nota": "x"},
    "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "string"}], "Location": "s3://b/vendas"},
    "PartitionKeys": [{"Name": "data", "Type": "date"}],
}
VIEW: dict[str, Any] = {"Name": "resumo", "TableType": "VIRTUAL_VIEW"}


class Glue:
    """A catalogue with one table and one view."""

    def databases(self) -> list[dict[str, Any]]:
        return [{"Name": "gold"}]

    def tables(self, _: str) -> list[dict[str, Any]]:
        return [TABLE, VIEW]

    def table(self, *_: str) -> dict[str, Any]:
        return TABLE


@pytest.mark.parametrize(
    ("sql", "column", "first"),
    [
        ("SHOW DATABASES", "database_name", "gold"),
        ("SHOW TABLES IN gold", "tab_name", "resumo"),
        ("SHOW TABLES IN gold 'v*'", "tab_name", "vendas"),
        ("SHOW VIEWS IN gold", "views", "resumo"),
        ("SHOW COLUMNS IN gold.vendas", "field", "id"),
        ("SHOW TBLPROPERTIES gold.vendas('nota')", "prpt_name", "x"),
        ("SHOW CREATE TABLE gold.vendas", "createtab_stmt", "CREATE EXTERNAL TABLE `gold.vendas`("),
        ("DESCRIBE gold.vendas", "col_name", "id                  \tstring              \t                    "),
    ],
)
def test_each_answer_has_athenas_column(sql: str, column: str, first: str) -> None:
    name, lines = show(parse(sql, "gold"), Glue())  # type: ignore[arg-type]
    assert (name, lines[0]) == (column, first)
