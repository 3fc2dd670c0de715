"""Athena's operations."""

from typing import Any

from botocore import xform_name

from acude.athena import model
from acude.athena.catalog import Catalog, columns, is_delta, keys
from acude.athena.errors import ApiError
from acude.athena.execution import ENGINE, Execution, PreparedStatements
from acude.athena.executions import Executions
from acude.athena.model import Json, page
from acude.athena.result_files import ResultFiles
from acude.athena.results import Texts
from acude.athena.statements import single
from acude.athena.trino import CATALOG

_CATALOG = "AwsDataCatalog"


class Api:
    """Athena's operations, by boto3's names; each takes a request's members and gives the response's.

    There is the platform's ``workgroup``, and ``primary``.
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

    def operate(self, operation: str, body: bytes) -> Json:
        """Answers a request.

        Raises:
            ApiError: The operation or its request is refused.
        """
        answer: Any = getattr(self, xform_name(operation), None) if operation in model.OPERATIONS else None
        if answer is None:
            message = f"The operation {operation or '(none)'} is not available on the local Athena endpoint"
            raise ApiError(message, "UnknownOperationException")
        found: Json = answer(model.request(operation, body))
        return found

    def start_query_execution(self, asked: Json) -> Json:
        """Queues a query."""
        context = asked.get("QueryExecutionContext", {})
        self._known_catalog(context.get("Catalog"))
        here = f"s3://{self._files.bucket}/"
        output = asked.get("ResultConfiguration", {}).get("OutputLocation", here).rstrip("/") + "/"
        if not self._files.holds(output):
            bucket = output.removeprefix("s3://").partition("/")[0]
            raise ApiError(f"Unable to verify/create output bucket {bucket}. Results go to {here} only")
        database = context.get("Database", "").lower() or None
        execution = Execution(asked, single(asked["QueryString"]), database, self._group(asked), output)
        return {"QueryExecutionId": self._executions.start(execution).id}

    def get_query_execution(self, asked: Json) -> Json:
        """One execution."""
        return {"QueryExecution": self._executions.get(asked["QueryExecutionId"]).shown()}

    def batch_get_query_execution(self, asked: Json) -> Json:
        """Several executions; ids that nobody knows are listed apart."""
        found, unknown = [], []
        for query_id in asked["QueryExecutionIds"]:
            try:
                found.append(self._executions.get(query_id).shown())
            except ApiError as error:
                reason = {"ErrorCode": "INVALID_INPUT", "ErrorMessage": str(error)}
                unknown.append({"QueryExecutionId": query_id} | reason)
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": unknown}

    def list_query_executions(self, asked: Json) -> Json:
        """Ids, newest first."""
        return page("QueryExecutionIds", self._executions.ids(self._group(asked)), asked)

    def get_query_runtime_statistics(self, asked: Json) -> Json:
        """Times and sizes of a query."""
        execution = self._executions.get(asked["QueryExecutionId"])
        rows = {"OutputRows": execution.rows or 0, "InputBytes": execution.scanned}
        return {"QueryRuntimeStatistics": {"Timeline": execution.times(), "Rows": rows}}

    def stop_query_execution(self, asked: Json) -> Json:
        """Stops a query."""
        self._executions.stop(self._executions.get(asked["QueryExecutionId"]))
        return {}

    def get_query_results(self, asked: Json) -> Json:
        """A page of rows; the first row of a query's first page names the columns."""
        execution = self._executions.get(asked["QueryExecutionId"])
        if not execution.ended:
            raise ApiError(f"Query has not yet finished. Current state: {execution.state}")
        if execution.state != "SUCCEEDED":
            raise ApiError(f"Query did not finish successfully. Final query state: {execution.state}")
        rows, after, start = list[Texts](), None, model.position(asked)
        if execution.rows is not None:
            most = asked.get("MaxResults", 1000)
            rows, after = self._files.page(execution.output, start, most, csv=execution.kind == "DML")
        shown = [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows]
        result = {"Rows": shown, "ResultSetMetadata": {"ColumnInfo": execution.columns}}
        return {"UpdateCount": 0, "ResultSet": result} | ({"NextToken": str(after)} if after is not None else {})

    def _group(self, asked: Json) -> str:
        found: str = asked.get("WorkGroup", "primary")
        if found not in self._groups:
            raise ApiError(f"WorkGroup {found} is not found.")
        return found

    def get_work_group(self, asked: Json) -> Json:
        """One workgroup."""
        configuration = {
            "ResultConfiguration": {"OutputLocation": f"s3://{self._files.bucket}/"},
            "EnforceWorkGroupConfiguration": False,
            "EngineVersion": ENGINE,
        }
        return {"WorkGroup": {"Name": self._group(asked), "State": "ENABLED", "Configuration": configuration}}

    def list_work_groups(self, asked: Json) -> Json:
        """All workgroups."""
        shown = [{"Name": name, "State": "ENABLED", "EngineVersion": ENGINE} for name in self._groups]
        return page("WorkGroups", shown, asked)

    def _known_catalog(self, name: str | None) -> None:
        if (name or CATALOG).lower() != CATALOG:
            raise ApiError(f"DataCatalog {name} was not found")

    def get_data_catalog(self, asked: Json) -> Json:
        """The only catalogue."""
        self._known_catalog(asked["Name"])
        return {"DataCatalog": {"Name": _CATALOG, "Type": "GLUE", "Parameters": {}}}

    def list_data_catalogs(self, asked: Json) -> Json:
        """All catalogues."""
        return page("DataCatalogsSummary", [{"CatalogName": _CATALOG, "Type": "GLUE"}], asked)

    def get_database(self, asked: Json) -> Json:
        """One database."""
        self._known_catalog(asked["CatalogName"])
        return {"Database": model.shown("Database", self._catalog.database(asked["DatabaseName"]))}

    def list_databases(self, asked: Json) -> Json:
        """All databases."""
        self._known_catalog(asked["CatalogName"])
        return page("DatabaseList", [model.shown("Database", each) for each in self._catalog.databases()], asked)

    def get_table_metadata(self, asked: Json) -> Json:
        """One table's columns."""
        self._known_catalog(asked["CatalogName"])
        return {"TableMetadata": _table(self._catalog.table(asked["DatabaseName"], asked["TableName"]))}

    def list_table_metadata(self, asked: Json) -> Json:
        """A database's tables."""
        self.get_database(asked)
        return page("TableMetadataList", list(map(_table, self._catalog.tables(asked["DatabaseName"]))), asked)

    def _known_prepared(self, asked: Json) -> tuple[str, str]:
        key = self._group(asked), asked["StatementName"]
        if key not in self._prepared:
            message = f"PreparedStatement {key[1]} was not found in workGroup {key[0]}"
            raise ApiError(message, "ResourceNotFoundException")
        return key

    def create_prepared_statement(self, asked: Json) -> Json:
        """Keeps a statement for EXECUTE."""
        key = self._group(asked), asked["StatementName"]
        if key in self._prepared:
            raise ApiError(f"PreparedStatement {key[1]} already exists")
        return self._prepare(key, asked)

    def update_prepared_statement(self, asked: Json) -> Json:
        """Changes one."""
        return self._prepare(self._known_prepared(asked), asked)

    def _prepare(self, key: tuple[str, str], asked: Json) -> Json:
        self._prepared.keep(*key, single(asked["QueryStatement"]), asked.get("Description", ""))
        return {}

    def get_prepared_statement(self, asked: Json) -> Json:
        """One of them."""
        return {"PreparedStatement": self._prepared[self._known_prepared(asked)]}

    def delete_prepared_statement(self, asked: Json) -> Json:
        """Forgets one."""
        del self._prepared[self._known_prepared(asked)]
        return {}

    def list_prepared_statements(self, asked: Json) -> Json:
        """All of a workgroup's."""
        group = self._group(asked)
        found = [each for key, each in sorted(self._prepared.items()) if key[0] == group]
        return page("PreparedStatements", [model.shown("PreparedStatementSummary", each) for each in found], asked)


def _table(found: Json) -> Json:
    """A table or view of Glue's, as Athena shows it."""
    named = {"Columns": columns(found), "PartitionKeys": keys(found)}
    shown = model.shown("TableMetadata", {"TableType": "EXTERNAL_TABLE"} | found | named)
    for column in (*shown["Columns"], *shown["PartitionKeys"]):
        if is_delta(found) and column.get("Type") == "timestamp":
            column["Type"] = "timestamp(3) with time zone"
    return shown
