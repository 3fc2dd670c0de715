"""Athena's operations: each takes a validated request and gives the response's JSON."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field

from acude.athena.catalog import CATALOG, Catalog, GlueTable, declared_columns, is_delta
from acude.athena.errors import QueryError
from acude.athena.executions import Execution, Executions, Request, TokenReusedError, TooManyQueriesError
from acude.athena.spool import split_address
from acude.athena.statements import with_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

Json = dict[str, Any]
_MOST_BYTES = 262_144
_ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}


class ApiError(Exception):
    """An AWS error: its code and message."""

    def __init__(self, message: str, code: str = "InvalidRequestException", status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Context(_Model):
    Database: str | None = None
    Catalog: str | None = None


class _ResultConfiguration(_Model):
    OutputLocation: str | None = None


class StartRequest(_Model):
    """StartQueryExecution."""

    QueryString: str = Field(min_length=1)
    ClientRequestToken: str | None = Field(None, min_length=1, max_length=128)
    QueryExecutionContext: _Context = _Context()
    ResultConfiguration: _ResultConfiguration = _ResultConfiguration()
    WorkGroup: str | None = None
    ExecutionParameters: list[str] = Field(default_factory=list)


class IdRequest(_Model):
    """An operation on one execution."""

    QueryExecutionId: str


class IdsRequest(_Model):
    """BatchGetQueryExecution."""

    QueryExecutionIds: list[str] = Field(min_length=1, max_length=50)


class PageRequest(_Model):
    """A list in pages."""

    NextToken: str | None = None
    MaxResults: int = Field(50, ge=1, le=1000)
    WorkGroup: str | None = None
    CatalogName: str | None = None
    DatabaseName: str | None = None
    Expression: str | None = None


class ResultsRequest(IdRequest):
    """GetQueryResults."""

    NextToken: str | None = None
    MaxResults: int = Field(1000, ge=1, le=1000)


class NameRequest(_Model):
    """A workgroup, catalogue, database or table by name."""

    WorkGroup: str | None = None
    Name: str | None = None
    CatalogName: str | None = None
    DatabaseName: str | None = None
    TableName: str | None = None


class Api:
    """Athena's operations over executions and a catalogue.

    Args:
        executions: The queries.
        catalog: Glue.
        s3: For checking output locations.
        bucket: The results bucket.
        workgroup: The workgroup's name; ``primary`` is answered too.
        region: The region in which everything is.
    """

    def __init__(
        self, executions: Executions, catalog: Catalog, s3: "S3Client", *, bucket: str, workgroup: str, region: str
    ) -> None:
        self._executions = executions
        self._catalog = catalog
        self._s3 = s3
        self._bucket = bucket
        self._groups = list(dict.fromkeys(["primary", workgroup]))
        self._region = region
        self.operations: dict[str, tuple[type[BaseModel], Callable[[Any], Json]]] = {
            "StartQueryExecution": (StartRequest, self.start),
            "GetQueryExecution": (IdRequest, self.get),
            "GetQueryResults": (ResultsRequest, self.results),
            "StopQueryExecution": (IdRequest, self.stop),
            "BatchGetQueryExecution": (IdsRequest, self.batch),
            "ListQueryExecutions": (PageRequest, self.list_executions),
            "GetQueryRuntimeStatistics": (IdRequest, self.runtime),
            "GetWorkGroup": (NameRequest, self.workgroup),
            "ListWorkGroups": (PageRequest, self.workgroups),
            "GetDataCatalog": (NameRequest, self.data_catalog),
            "ListDataCatalogs": (PageRequest, self.data_catalogs),
            "GetDatabase": (NameRequest, self.database),
            "ListDatabases": (PageRequest, self.databases),
            "GetTableMetadata": (NameRequest, self.table),
            "ListTableMetadata": (PageRequest, self.tables),
        }

    def start(self, request: StartRequest) -> Json:
        """Queues a query."""
        if len(request.QueryString.encode()) > _MOST_BYTES:
            raise ApiError(f"queryString exceeds {_MOST_BYTES} bytes")
        group = self._group(request.WorkGroup)
        catalog = (request.QueryExecutionContext.Catalog or CATALOG).lower()
        if catalog != CATALOG:
            raise ApiError(f"DataCatalog {catalog} was not found")
        output = request.ResultConfiguration.OutputLocation or f"s3://{self._bucket}/"
        self._check_output(output)
        database = request.QueryExecutionContext.Database
        asked = Request(
            request.QueryString, database, "AwsDataCatalog", output, group, tuple(request.ExecutionParameters)
        )
        try:
            final = with_parameters(request.QueryString, request.ExecutionParameters)
        except QueryError as error:
            raise ApiError(str(error)) from error
        try:
            execution = self._executions.start(asked, final, request.ClientRequestToken)
        except TokenReusedError:
            raise ApiError("Idempotent parameters do not match") from None
        except TooManyQueriesError:
            raise ApiError(
                "You have exceeded the limit for the number of queries", "TooManyRequestsException"
            ) from None
        return {"QueryExecutionId": execution.id}

    def _group(self, name: str | None) -> str:
        found = name or "primary"
        if found not in self._groups:
            raise ApiError(f"WorkGroup {found} is not found.")
        return found

    def _check_output(self, output: str) -> None:
        bucket, _ = split_address(output)
        if not output.startswith("s3://") or not bucket:
            raise ApiError(f"outputLocation is not a valid S3 path: {output}")
        try:
            self._s3.head_bucket(Bucket=bucket)
        except ClientError:
            raise ApiError(f"Unable to verify/create output bucket {bucket}") from None

    def _execution(self, query_id: str) -> Execution:
        found = self._executions.get(query_id)
        if found is None:
            raise ApiError(f"QueryExecution {query_id} was not found")
        return found

    def get(self, request: IdRequest) -> Json:
        """One execution."""
        return {"QueryExecution": described(self._execution(request.QueryExecutionId))}

    def batch(self, request: IdsRequest) -> Json:
        """Several executions; ids that nobody knows are listed apart."""
        found = {each: self._executions.get(each) for each in request.QueryExecutionIds}
        return {
            "QueryExecutions": [described(each) for each in found.values() if each],
            "UnprocessedQueryExecutionIds": [
                {
                    "QueryExecutionId": key,
                    "ErrorCode": "INVALID_INPUT",
                    "ErrorMessage": f"QueryExecution {key} was not found",
                }
                for key, each in found.items()
                if each is None
            ],
        }

    def stop(self, request: IdRequest) -> Json:
        """Stops a query."""
        self._executions.stop(self._execution(request.QueryExecutionId))
        return {}

    def list_executions(self, request: PageRequest) -> Json:
        """Ids, newest first."""
        ids, token = _page(self._executions.ids(self._group(request.WorkGroup)), request)
        return {"QueryExecutionIds": ids} | token

    def runtime(self, request: IdRequest) -> Json:
        """Times and sizes of a query."""
        execution = self._execution(request.QueryExecutionId)
        rows = {"OutputRows": execution.spool.rows if execution.spool else 0, "InputBytes": execution.scanned}
        return {"QueryRuntimeStatistics": {"Timeline": _statistics(execution), "Rows": rows}}

    def results(self, request: ResultsRequest) -> Json:
        """A page of rows; the first row of a query's first page names the columns."""
        execution = self._execution(request.QueryExecutionId)
        if execution.state in {"QUEUED", "RUNNING"}:
            raise ApiError(f"Query has not yet finished. Current state: {execution.state}")
        if execution.state != "SUCCEEDED" or execution.spool is None:
            raise ApiError(f"Query did not finish successfully. Final query state: {execution.state}")
        try:
            offset = int(request.NextToken or 0)
        except ValueError:
            raise ApiError("Invalid NextToken") from None
        page, after = execution.spool.page(offset, request.MaxResults)
        rows = [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in page]
        result = {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": execution.spool.columns}}
        return {"UpdateCount": 0, "ResultSet": result} | ({"NextToken": str(after)} if after is not None else {})

    def workgroup(self, request: NameRequest) -> Json:
        """One workgroup."""
        name = self._group(request.WorkGroup)
        configuration = {
            "ResultConfiguration": {"OutputLocation": f"s3://{self._bucket}/"},
            "EnforceWorkGroupConfiguration": False,
            "PublishCloudWatchMetricsEnabled": False,
            "RequesterPaysEnabled": False,
            "EngineVersion": _ENGINE,
        }
        return {"WorkGroup": {"Name": name, "State": "ENABLED", "Configuration": configuration, "Description": ""}}

    def workgroups(self, _: PageRequest) -> Json:
        """All workgroups."""
        groups = [{"Name": name, "State": "ENABLED", "EngineVersion": _ENGINE} for name in self._groups]
        return {"WorkGroups": groups}

    def data_catalog(self, request: NameRequest) -> Json:
        """The only catalogue."""
        self._known_catalog(request.Name)
        return {"DataCatalog": {"Name": "AwsDataCatalog", "Type": "GLUE", "Parameters": {}}}

    def data_catalogs(self, _: PageRequest) -> Json:
        """All catalogues."""
        return {"DataCatalogsSummary": [{"CatalogName": "AwsDataCatalog", "Type": "GLUE"}]}

    def _known_catalog(self, name: str | None) -> None:
        if (name or CATALOG).lower() != CATALOG:
            raise ApiError(f"DataCatalog {name} was not found")

    def database(self, request: NameRequest) -> Json:
        """One database."""
        self._known_catalog(request.CatalogName)
        found = self._catalog.database(request.DatabaseName or "")
        if found is None:
            raise ApiError(f"Database {request.DatabaseName} not found", "MetadataException")
        return {"Database": _database(found)}

    def databases(self, request: PageRequest) -> Json:
        """All databases."""
        self._known_catalog(request.CatalogName)
        found, token = _page([_database(each) for each in self._catalog.databases()], request)
        return {"DatabaseList": found} | token

    def table(self, request: NameRequest) -> Json:
        """One table's columns."""
        self._known_catalog(request.CatalogName)
        found = self._catalog.table(request.DatabaseName or "", request.TableName or "")
        if found is None:
            message = f"EntityNotFoundException: Table {request.TableName} not found"
            raise ApiError(message, "MetadataException")
        return {"TableMetadata": _table(found)}

    def tables(self, request: PageRequest) -> Json:
        """A database's tables."""
        self._known_catalog(request.CatalogName)
        if self._catalog.database(request.DatabaseName or "") is None:
            raise ApiError(f"Database {request.DatabaseName} not found", "MetadataException")
        found, token = _page([_table(each) for each in self._catalog.tables(request.DatabaseName or "")], request)
        return {"TableMetadataList": found} | token


def _page(items: list[Any], request: PageRequest) -> tuple[list[Any], Json]:
    try:
        start = int(request.NextToken or 0)
    except ValueError:
        raise ApiError("Invalid NextToken") from None
    end = start + request.MaxResults
    return items[start:end], ({"NextToken": str(end)} if end < len(items) else {})


def _database(found: Json) -> Json:
    return {key: found[key] for key in ("Name", "Description", "Parameters") if key in found}


def _table(found: GlueTable) -> Json:
    def column(each: Json) -> Json:
        kind = each.get("Type", "")
        shown = "timestamp(3) with time zone" if kind == "timestamp" and is_delta(found) else kind
        return {"Name": each["Name"], "Type": shown} | ({"Comment": each["Comment"]} if each.get("Comment") else {})

    keys = found.get("PartitionKeys", [])
    return {
        "Name": found["Name"],
        "TableType": found.get("TableType", "EXTERNAL_TABLE"),
        "Columns": [column(each) for each in declared_columns(found)[: -len(keys) or None]],
        "PartitionKeys": [column(each) for each in keys],
        "Parameters": {key: str(value) for key, value in (found.get("Parameters") or {}).items()},
    } | _created(found)


def _created(found: GlueTable) -> Json:
    moment = found.get("CreateTime")
    return {"CreateTime": moment.timestamp()} if isinstance(moment, datetime) else {}


def _statistics(execution: Execution) -> Json:
    run, queued = int(execution.run_s * 1000), int(execution.queued_s * 1000)
    return {
        "QueryQueueTimeInMillis": queued,
        "QueryPlanningTimeInMillis": 0,
        "EngineExecutionTimeInMillis": run,
        "ServiceProcessingTimeInMillis": 0,
        "TotalExecutionTimeInMillis": run + queued,
    }


def described(execution: Execution) -> Json:
    """An execution as GetQueryExecution shows it."""
    request = execution.request
    status: Json = {"State": execution.state, "SubmissionDateTime": execution.submitted.timestamp()}
    if execution.completed:
        status["CompletionDateTime"] = execution.completed.timestamp()
    if execution.error:
        status["StateChangeReason"] = str(execution.error)
        status["AthenaError"] = {
            "ErrorCategory": execution.error.category,
            "ErrorType": 1006 if execution.error.category > 1 else 233,
            "Retryable": False,
            "ErrorMessage": str(execution.error),
        }
    elif execution.state == "CANCELLED":
        status["StateChangeReason"] = execution.stop_reason or "Query cancelled by user"
    statistics = _statistics(execution) | {"DataScannedInBytes": execution.scanned}
    if execution.files:
        statistics["DataManifestLocation"] = execution.manifest
    found: Json = {
        "QueryExecutionId": execution.id,
        "Query": request.sql,
        "StatementType": execution.kind,
        "SubstatementType": execution.sub,
        "ResultConfiguration": {"OutputLocation": execution.output},
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
        "QueryExecutionContext": {"Catalog": request.catalog}
        | ({"Database": request.database} if request.database else {}),
        "Status": status,
        "Statistics": statistics,
        "WorkGroup": request.workgroup,
        "EngineVersion": _ENGINE,
    }
    if request.parameters:
        found["ExecutionParameters"] = list(request.parameters)
    return found
