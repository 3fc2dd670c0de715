"""Athena's operations: each takes a validated request and gives the response's JSON."""

from typing import TYPE_CHECKING, Any

from acude.athena import requests as r
from acude.athena import shapes
from acude.athena.catalog import Catalog
from acude.athena.errors import ApiError, QueryError
from acude.athena.executions import Execution, Executions, Request, TokenReusedError, TooManyQueriesError
from acude.athena.prepared import Prepared, PreparedStatements
from acude.athena.result_files import ResultFiles
from acude.athena.shapes import Json, page
from acude.athena.statements import NoStatementError, single
from acude.athena.trino import CATALOG

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

_MOST_BYTES = 262_144


class Api:
    """Athena's operations.

    Args:
        executions: The queries.
        catalog: Glue.
        files: The results bucket.
        prepared: The prepared statements.
        workgroup: The workgroup's name; ``primary`` is answered too.
    """

    def __init__(
        self,
        executions: Executions,
        catalog: Catalog,
        files: ResultFiles,
        prepared: PreparedStatements,
        *,
        workgroup: str,
    ) -> None:
        self._executions, self._catalog, self._files, self._prepared = executions, catalog, files, prepared
        self._groups = list(dict.fromkeys(["primary", workgroup]))
        self.operations: dict[str, tuple[type[BaseModel], Callable[[Any], Json]]] = {
            "StartQueryExecution": (r.StartRequest, self.start),
            "GetQueryExecution": (r.IdRequest, self.get),
            "GetQueryResults": (r.ResultsRequest, self.results),
            "StopQueryExecution": (r.IdRequest, self.stop),
            "BatchGetQueryExecution": (r.IdsRequest, self.batch),
            "ListQueryExecutions": (r.PageRequest, self.list_executions),
            "GetQueryRuntimeStatistics": (r.IdRequest, self.runtime),
            "GetWorkGroup": (r.NameRequest, self.workgroup),
            "ListWorkGroups": (r.PageRequest, self.workgroups),
            "GetDataCatalog": (r.NameRequest, self.data_catalog),
            "ListDataCatalogs": (r.PageRequest, self.data_catalogs),
            "GetDatabase": (r.NameRequest, self.database),
            "ListDatabases": (r.PageRequest, self.databases),
            "GetTableMetadata": (r.NameRequest, self.table),
            "ListTableMetadata": (r.PageRequest, self.tables),
            "CreatePreparedStatement": (r.PreparedRequest, self.create_prepared),
            "UpdatePreparedStatement": (r.PreparedRequest, self.update_prepared),
            "GetPreparedStatement": (r.PreparedRequest, self.get_prepared),
            "DeletePreparedStatement": (r.PreparedRequest, self.delete_prepared),
            "ListPreparedStatements": (r.PageRequest, self.list_prepared),
        }

    def start(self, request: r.StartRequest) -> Json:
        """Queues a query."""
        if len(request.QueryString.encode(errors="replace")) > _MOST_BYTES:
            raise ApiError(f"queryString exceeds {_MOST_BYTES} bytes")
        group = self._group(request.WorkGroup)
        self._known_catalog(request.QueryExecutionContext.Catalog)
        output = (request.ResultConfiguration.OutputLocation or f"s3://{self._files.bucket}/").rstrip("/") + "/"
        if not self._files.holds(output):
            bucket = output.removeprefix("s3://").partition("/")[0]
            here = f"Results go to s3://{self._files.bucket}/ only"
            raise ApiError(f"Unable to verify/create output bucket {bucket}. {here}")
        database = request.QueryExecutionContext.Database
        asked = Request(
            request.QueryString, database and database.lower(), output, group, tuple(request.ExecutionParameters)
        )
        try:
            execution = self._executions.start(asked, single(request.QueryString), request.ClientRequestToken)
        except NoStatementError as error:
            raise ApiError(str(error)) from None
        except TokenReusedError:
            raise ApiError("Idempotent parameters do not match") from None
        except TooManyQueriesError:
            message = "You have exceeded the limit for the number of queries"
            raise ApiError(message, "TooManyRequestsException") from None
        return {"QueryExecutionId": execution.id}

    def _group(self, name: str | None) -> str:
        found = name or "primary"
        if found not in self._groups:
            raise ApiError(f"WorkGroup {found} is not found.")
        return found

    def _execution(self, query_id: str) -> Execution:
        found = self._executions.get(query_id)
        if found is None:
            raise ApiError(f"QueryExecution {query_id} was not found")
        return found

    def get(self, request: r.IdRequest) -> Json:
        """One execution."""
        return {"QueryExecution": shapes.execution(self._execution(request.QueryExecutionId))}

    def batch(self, request: r.IdsRequest) -> Json:
        """Several executions; ids that nobody knows are listed apart."""
        found = {each: self._executions.get(each) for each in request.QueryExecutionIds}
        unknown = [key for key, each in found.items() if each is None]
        return {
            "QueryExecutions": [shapes.execution(each) for each in found.values() if each],
            "UnprocessedQueryExecutionIds": [
                {"QueryExecutionId": key, "ErrorCode": "INVALID_INPUT", "ErrorMessage": f"{key} was not found"}
                for key in unknown
            ],
        }

    def stop(self, request: r.IdRequest) -> Json:
        """Stops a query."""
        self._executions.stop(self._execution(request.QueryExecutionId))
        return {}

    def list_executions(self, request: r.PageRequest) -> Json:
        """Ids, newest first."""
        return page("QueryExecutionIds", self._executions.ids(self._group(request.WorkGroup)), request)

    def runtime(self, request: r.IdRequest) -> Json:
        """Times and sizes of a query."""
        execution = self._execution(request.QueryExecutionId)
        rows = {"OutputRows": execution.work.rows, "InputBytes": execution.work.scanned}
        return {"QueryRuntimeStatistics": {"Timeline": shapes.times(execution), "Rows": rows}}

    def results(self, request: r.ResultsRequest) -> Json:
        """A page of rows; the first row of a query's first page names the columns."""
        execution = self._execution(request.QueryExecutionId)
        if execution.state in {"QUEUED", "RUNNING"}:
            raise ApiError(f"Query has not yet finished. Current state: {execution.state}")
        if execution.state != "SUCCEEDED":
            raise ApiError(f"Query did not finish successfully. Final query state: {execution.state}")
        work = execution.work
        token = request.NextToken or "0"
        if not token.isdecimal() or not token.isascii():
            raise ApiError("Invalid NextToken")
        rows: list[list[str | None]] = []
        after = None
        if work.has_rows:
            try:
                rows, after = self._files.page(work.output, int(token), request.MaxResults, csv=work.kind == "DML")
            except ValueError as error:
                raise ApiError(str(error)) from None
        return shapes.results(work.columns, rows, after)

    def workgroup(self, request: r.NameRequest) -> Json:
        """One workgroup."""
        return {"WorkGroup": shapes.workgroup(self._group(request.WorkGroup), self._files.bucket)}

    def workgroups(self, request: r.PageRequest) -> Json:
        """All workgroups."""
        return page("WorkGroups", [shapes.workgroup_summary(name) for name in self._groups], request)

    def data_catalog(self, request: r.NameRequest) -> Json:
        """The only catalogue."""
        self._known_catalog(request.Name)
        return {"DataCatalog": {"Name": "AwsDataCatalog", "Type": "GLUE", "Parameters": {}}}

    def data_catalogs(self, request: r.PageRequest) -> Json:
        """All catalogues."""
        return page("DataCatalogsSummary", [{"CatalogName": "AwsDataCatalog", "Type": "GLUE"}], request)

    def _known_catalog(self, name: str | None) -> None:
        if (name or CATALOG).lower() != CATALOG:
            raise ApiError(f"DataCatalog {name} was not found")

    def _database(self, catalog: str | None, name: str | None) -> Json:
        self._known_catalog(catalog)
        found = self._catalog.database(name or "")
        if found is None:
            raise ApiError(f"Database {name} not found", "MetadataException")
        return found

    def database(self, request: r.NameRequest) -> Json:
        """One database."""
        return {"Database": shapes.database(self._database(request.CatalogName, request.DatabaseName))}

    def databases(self, request: r.PageRequest) -> Json:
        """All databases."""
        self._known_catalog(request.CatalogName)
        return page("DatabaseList", [shapes.database(each) for each in self._catalog.databases()], request)

    def table(self, request: r.NameRequest) -> Json:
        """One table's columns."""
        self._known_catalog(request.CatalogName)
        found = self._catalog.table(request.DatabaseName or "", request.TableName or "")
        if found is None:
            message = f"EntityNotFoundException: Table {request.TableName} not found"
            raise ApiError(message, "MetadataException")
        return {"TableMetadata": shapes.table(found)}

    def tables(self, request: r.PageRequest) -> Json:
        """A database's tables."""
        self._database(request.CatalogName, request.DatabaseName)
        found = [shapes.table(each) for each in self._catalog.tables(request.DatabaseName or "")]
        return page("TableMetadataList", found, request)

    def create_prepared(self, request: r.PreparedRequest) -> Json:
        """Keeps a statement for EXECUTE."""
        if self._prepared.get(self._group(request.WorkGroup), request.StatementName):
            raise ApiError(f"PreparedStatement {request.StatementName} already exists")
        return self._put(request)

    def update_prepared(self, request: r.PreparedRequest) -> Json:
        """Changes one."""
        self._known_prepared(request)
        return self._put(request)

    def _put(self, request: r.PreparedRequest) -> Json:
        try:
            query = single(request.QueryStatement)
            self._prepared.put(request.WorkGroup, request.StatementName, query, request.Description)
        except (NoStatementError, QueryError) as error:
            raise ApiError(str(error)) from None
        return {}

    def _known_prepared(self, request: r.PreparedRequest) -> Prepared:
        found = self._prepared.get(self._group(request.WorkGroup), request.StatementName)
        if found is None:
            message = f"PreparedStatement {request.StatementName} was not found in workGroup {request.WorkGroup}"
            raise ApiError(message, "ResourceNotFoundException")
        return found

    def get_prepared(self, request: r.PreparedRequest) -> Json:
        """One of them."""
        return {"PreparedStatement": shapes.prepared(self._known_prepared(request), request.WorkGroup)}

    def delete_prepared(self, request: r.PreparedRequest) -> Json:
        """Forgets one."""
        self._known_prepared(request)
        self._prepared.delete(request.WorkGroup, request.StatementName)
        return {}

    def list_prepared(self, request: r.PageRequest) -> Json:
        """All of a workgroup's."""
        found = self._prepared.listed(self._group(request.WorkGroup))
        summaries = [{"StatementName": each.name, "LastModifiedTime": each.changed.timestamp()} for each in found]
        return page("PreparedStatements", summaries, request)
