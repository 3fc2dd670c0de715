"""How Athena's API shows executions, results, tables and the like."""

from datetime import datetime
from typing import Any

from acude.athena.catalog import GlueTable, columns, is_delta, keys
from acude.athena.errors import ApiError
from acude.athena.executions import Execution
from acude.athena.prepared import Prepared
from acude.athena.requests import PageRequest

Json = dict[str, Any]
_ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}
_SYSTEM, _USER = 1, 2
_TYPES = {_SYSTEM: 233, _USER: 1006}


def page(name: str, items: list[Any], request: PageRequest) -> Json:
    """A part of a list, and the token of the next one."""
    token = request.NextToken or "0"
    if not token.isdecimal() or not token.isascii():
        raise ApiError("Invalid NextToken")
    start = int(token)
    end = start + request.MaxResults
    return {name: items[start:end]} | ({"NextToken": str(end)} if end < len(items) else {})


def execution(found: Execution) -> Json:
    """An execution as GetQueryExecution shows it."""
    request, work = found.request, found.work
    statistics = times(found) | {"DataScannedInBytes": work.scanned}
    if work.files is not None:
        statistics["DataManifestLocation"] = work.manifest
    shown: Json = {
        "QueryExecutionId": found.id,
        "Query": request.sql,
        "StatementType": work.kind,
        "SubstatementType": work.sub,
        "ResultConfiguration": {"OutputLocation": work.output},
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
        "QueryExecutionContext": {"Catalog": "AwsDataCatalog"}
        | ({"Database": request.database} if request.database else {}),
        "Status": _status(found),
        "Statistics": statistics,
        "WorkGroup": request.workgroup,
        "EngineVersion": _ENGINE,
    }
    if request.parameters:
        shown["ExecutionParameters"] = list(request.parameters)
    return shown


def _status(found: Execution) -> Json:
    status: Json = {"State": found.state, "SubmissionDateTime": found.submitted.timestamp()}
    if found.completed:
        status["CompletionDateTime"] = found.completed.timestamp()
    if found.error:
        category = _USER if found.error.user else _SYSTEM
        status["StateChangeReason"] = str(found.error)
        status["AthenaError"] = {
            "ErrorCategory": category,
            "ErrorType": _TYPES[category],
            "Retryable": not found.error.user,
            "ErrorMessage": str(found.error),
        }
    elif found.state == "CANCELLED":
        status["StateChangeReason"] = found.stop_reason
    return status


def times(found: Execution) -> Json:
    """How long it took."""
    run, queued = int(found.run_s * 1000), int(found.queued_s * 1000)
    return {
        "QueryQueueTimeInMillis": queued,
        "QueryPlanningTimeInMillis": 0,
        "EngineExecutionTimeInMillis": run,
        "ServiceProcessingTimeInMillis": 0,
        "TotalExecutionTimeInMillis": run + queued,
    }


def results(info: list[Json], rows: list[list[str | None]], after: int | None) -> Json:
    """A page of GetQueryResults."""
    shown = [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows]
    result = {"Rows": shown, "ResultSetMetadata": {"ColumnInfo": info}}
    return {"UpdateCount": 0, "ResultSet": result} | ({"NextToken": str(after)} if after is not None else {})


def workgroup(name: str, bucket: str) -> Json:
    """A workgroup."""
    configuration = {
        "ResultConfiguration": {"OutputLocation": f"s3://{bucket}/"},
        "EnforceWorkGroupConfiguration": False,
        "PublishCloudWatchMetricsEnabled": False,
        "RequesterPaysEnabled": False,
        "EngineVersion": _ENGINE,
    }
    return {"Name": name, "State": "ENABLED", "Configuration": configuration, "Description": ""}


def workgroup_summary(name: str) -> Json:
    """A workgroup in a list."""
    return {"Name": name, "State": "ENABLED", "EngineVersion": _ENGINE}


def database(found: Json) -> Json:
    """A database."""
    return {key: found[key] for key in ("Name", "Description", "Parameters") if key in found}


def table(found: GlueTable) -> Json:
    """A table or view."""

    def column(each: Json) -> Json:
        kind = each.get("Type", "")
        shown = "timestamp(3) with time zone" if kind == "timestamp" and is_delta(found) else kind
        return {"Name": each["Name"], "Type": shown} | ({"Comment": each["Comment"]} if each.get("Comment") else {})

    made = found.get("CreateTime")
    return {
        "Name": found["Name"],
        "TableType": found.get("TableType", "EXTERNAL_TABLE"),
        "Columns": [column(each) for each in columns(found)],
        "PartitionKeys": [column(each) for each in keys(found)],
        "Parameters": {key: str(value) for key, value in (found.get("Parameters") or {}).items()},
    } | ({"CreateTime": made.timestamp()} if isinstance(made, datetime) else {})


def prepared(found: Prepared, group: str) -> Json:
    """A prepared statement."""
    return {
        "StatementName": found.name,
        "QueryStatement": found.query,
        "WorkGroupName": group,
        "Description": found.description,
        "LastModifiedTime": found.changed.timestamp(),
    }
