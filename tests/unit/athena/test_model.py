"""Requests are held against botocore's model of Athena, which is the clients' own."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from acude.athena import model
from acude.athena.errors import ApiError


def request(operation: str, **members: Any) -> model.Json:  # noqa: ANN401
    return model.request(operation, orjson.dumps(members))


def test_members_that_are_new_or_null_are_left_out() -> None:
    context = {"Database": "gold", "Novidade": 1, "Catalog": None}
    found = request("StartQueryExecution", QueryString="SELECT 1", Novidade=[1], QueryExecutionContext=context)
    assert found == {"QueryString": "SELECT 1", "QueryExecutionContext": {"Database": "gold"}}
    assert model.request("ListWorkGroups", b"") == {}


@pytest.mark.parametrize(
    ("operation", "members", "problem"),
    [
        ("StartQueryExecution", {}, 'Missing required parameter in input: "QueryString"'),
        ("StartQueryExecution", {"QueryString": 1}, "Invalid type for parameter QueryString"),
        ("StartQueryExecution", {"QueryString": ""}, "Invalid length for parameter QueryString"),
        ("StartQueryExecution", {"QueryString": "ç" * 131_073}, "QueryString: 262146 is more than 262144"),
        ("StartQueryExecution", {"QueryString": "x", "ClientRequestToken": "x"}, "ClientRequestToken"),
        ("StartQueryExecution", {"QueryString": "x", "QueryExecutionContext": "x"}, "QueryExecutionContext"),
        ("GetQueryResults", {"QueryExecutionId": "x", "MaxResults": 1001}, "MaxResults: 1001 is more than 1000"),
        ("GetQueryResults", {"QueryExecutionId": "x", "MaxResults": 0}, "MaxResults"),
        ("BatchGetQueryExecution", {"QueryExecutionIds": ["x"] * 51}, "QueryExecutionIds: 51 is more than 50"),
    ],
)
def test_a_request_that_is_none_is_refused(operation: str, members: dict[str, Any], problem: str) -> None:
    with pytest.raises(ApiError, match=problem):
        request(operation, **members)


@pytest.mark.parametrize("body", [b"{", b"[]", b"1", b"\xff", b'"\\ud800"'])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError):
        model.request("ListWorkGroups", body)


def test_pages_follow_each_other() -> None:
    first = model.page("Names", ["a", "b", "c"], {"MaxResults": 2})
    assert first == {"Names": ["a", "b"], "NextToken": "2"}
    assert model.page("Names", ["a", "b", "c"], first) == {"Names": ["c"]}
    assert model.page("Names", ["a"], {"MaxResults": 0}) == {"Names": ["a"]}


@pytest.mark.parametrize("token", ["-1", "x", "²", "1.0"])
def test_a_token_that_nobody_gave_is_refused(token: str) -> None:
    with pytest.raises(ApiError, match="Invalid NextToken"):
        model.page("Names", ["a"], {"NextToken": token})


def test_times_are_seconds() -> None:
    assert model.response({"At": datetime(2026, 11, 28, 10, 0, 0, 500_000, UTC)}) == b'{"At":1795860000.5}'


def test_a_table_of_glue_is_shown_with_what_athena_knows_of_it() -> None:
    table = {"Name": "vendas", "Retention": 0, "Columns": [{"Name": "a", "Type": "int", "Parameters": {}}]}
    shown = model.shown("TableMetadata", table)
    assert shown == {"Name": "vendas", "Columns": [{"Name": "a", "Type": "int"}]}
