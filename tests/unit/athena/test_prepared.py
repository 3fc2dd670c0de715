"""A workgroup has at most 1,000 prepared statements, as on AWS."""

import json
from unittest.mock import MagicMock

import pytest

from acude.athena.api import Api
from acude.athena.errors import ApiError
from acude.athena.execution import MOST_PREPARED, PreparedStatements


def test_one_more_than_a_workgroup_may_have_is_refused() -> None:
    prepared = PreparedStatements()
    api = Api(MagicMock(), MagicMock(), MagicMock(), prepared, workgroup="acude")

    def ask(operation: str, name: str, group: str = "acude") -> None:
        asked = {"StatementName": name, "WorkGroup": group, "QueryStatement": "SELECT ?"}
        api.operate(f"{operation}PreparedStatement", json.dumps(asked).encode())

    for number in range(MOST_PREPARED):
        prepared.keep("acude", f"q{number}", "SELECT ?")
    with pytest.raises(ApiError, match="1000 prepared statements already"):
        ask("Create", "more")
    assert len(prepared) == MOST_PREPARED

    ask("Update", "q0")
    ask("Create", "more", "primary")
    prepared.pop(("acude", "q0"))
    ask("Create", "more")
