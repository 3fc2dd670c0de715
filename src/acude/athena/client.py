"""Asks Athena as an analyst's own client does: boto3, start, wait, read."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tenacity import Retrying, retry_if_result, wait_exponential

from acude import aws
from acude.settings import Settings, settings

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

_RUNNING = {"QUEUED", "RUNNING"}


class QueryFailed(Exception):  # noqa: N818 - reads as what happened
    """A query that did not succeed.

    Attributes:
        reason: Athena's StateChangeReason.
        state: FAILED or CANCELLED.
        query_id: The execution's id.
    """

    def __init__(self, reason: str, state: str = "FAILED", query_id: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.state = state
        self.query_id = query_id


@dataclass(frozen=True)
class QueryResult:
    """A query's answer.

    Attributes:
        columns: Column names.
        types: Athena's type names, such as ``decimal`` or ``timestamp with time zone``.
        rows: Values as Python types: int, float, Decimal, bool, date, datetime, bytes; None for null; arrays, maps
            and rows as Athena's text.
        query_id: The execution's id.
        scanned_bytes: Athena's DataScannedInBytes.
    """

    columns: list[str]
    types: list[str]
    rows: list[tuple[Any, ...]]
    query_id: str = ""
    scanned_bytes: int = 0


def run_query(sql: str, *, database: str | None = None, config: Settings | None = None) -> QueryResult:
    """Runs SQL on Athena and waits for its rows.

    Args:
        sql: One statement.
        database: The default database.
        config: Other settings than the process's own.

    Raises:
        QueryFailed: With Athena's reason.
    """
    config = config or settings()
    client = aws.athena(config)
    context = {"QueryExecutionContext": {"Database": database}} if database else {}
    started = client.start_query_execution(
        QueryString=sql,
        WorkGroup=config.athena_workgroup,
        ResultConfiguration={"OutputLocation": f"s3://{config.results_bucket}/"},
        **context,  # type: ignore[arg-type]
    )
    query_id = started["QueryExecutionId"]
    execution = _wait(client, query_id)
    status = execution["Status"]
    if status["State"] != "SUCCEEDED":
        raise QueryFailed(status.get("StateChangeReason", "no reason given"), status["State"], query_id)
    return _read(client, query_id, execution)


def _wait(client: "AthenaClient", query_id: str) -> dict[str, Any]:
    waiting = Retrying(
        wait=wait_exponential(multiplier=0.05, max=1), retry=retry_if_result(lambda e: e["Status"]["State"] in _RUNNING)
    )
    return waiting(lambda: dict(client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]))


def _read(client: "AthenaClient", query_id: str, execution: dict[str, Any]) -> QueryResult:
    columns: list[str] = []
    types: list[str] = []
    rows: list[tuple[Any, ...]] = []
    for number, page in enumerate(client.get_paginator("get_query_results").paginate(QueryExecutionId=query_id)):
        info = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        columns, types = [each["Name"] for each in info], [each["Type"] for each in info]
        found = page["ResultSet"]["Rows"]
        if number == 0 and execution.get("StatementType") == "DML" and columns:
            found = found[1:]
        for row in found:
            texts = [datum.get("VarCharValue") for datum in row["Data"]]
            rows.append(tuple(typed(value, kind) for value, kind in zip(texts, types, strict=True)))
    scanned = execution.get("Statistics", {}).get("DataScannedInBytes", 0)
    return QueryResult(columns, types, rows, query_id, scanned)


def typed(text: str | None, kind: str) -> Any:  # noqa: ANN401, PLR0911
    """Athena's text of a value as Python's value."""
    if text is None:
        return None
    if kind in {"tinyint", "smallint", "integer", "bigint"}:
        return int(text)
    if kind in {"double", "float", "real"}:
        return float(text.replace("Infinity", "inf"))
    if kind == "decimal":
        return Decimal(text)
    if kind == "boolean":
        return text == "true"
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "timestamp":
        return datetime.fromisoformat(text)
    if kind == "timestamp with time zone":
        moment, _, zone = text.rpartition(" ")
        return datetime.fromisoformat(moment).replace(tzinfo=_zone(zone))
    if kind == "varbinary":
        return bytes.fromhex(text)
    return json.loads(text) if kind == "json" else text


def _zone(name: str) -> ZoneInfo | timezone:
    if name[0] not in "+-":
        return ZoneInfo(name)
    hours, _, minutes = name[1:].partition(":")
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(-offset if name[0] == "-" else offset)
