"""A query that fails needs a person where Athena refused it, and another try where Athena was away."""

from unittest.mock import MagicMock

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pyathena.error import DatabaseError, OperationalError

from acude.athena.client import QueryFailed, run_query
from acude.errors import AcudeError


def caused(error: DatabaseError, cause: Exception) -> DatabaseError:
    error.__cause__ = cause
    return error


AWAY = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
REFUSED = ClientError({"Error": {"Code": "InvalidRequestException", "Message": "two statements"}}, "x")


@pytest.mark.parametrize(
    ("error", "retryable", "said"),
    [
        (OperationalError("TABLE_NOT_FOUND: line 1:1: no x"), False, "Athena refused the query: TABLE_NOT_FOUND"),
        (caused(DatabaseError("two statements"), REFUSED), False, "Athena refused the query: two statements"),
        (caused(DatabaseError("Could not connect"), AWAY), True, "Athena does not answer: Could not connect"),
        (OperationalError("GENERIC_INTERNAL_ERROR: Trino stopped"), True, "Athena does not answer: GENERIC_INTERNAL"),
    ],
)
def test_a_failed_query_says_whether_it_may_succeed_later(
    error: DatabaseError, retryable: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = MagicMock()
    connection.cursor().__enter__().execute.side_effect = error
    monkeypatch.setattr("pyathena.connect", lambda **_: connection)
    with pytest.raises(QueryFailed, match=f"^{said}") as caught:
        run_query("SELECT 1")
    assert isinstance(caught.value, AcudeError)
    assert caught.value.retryable is retryable
