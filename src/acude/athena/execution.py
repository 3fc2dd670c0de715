"""One query: what was asked, where it stands, what came out, and how Athena's API shows it."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from acude.athena import model
from acude.athena.errors import ApiError, QueryError
from acude.athena.model import Json

ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}
MOST_PREPARED = 1_000
"""Prepared statements of a workgroup; AWS takes no more."""
_FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}
_SYSTEM, _USER = (1, 233), (2, 1006)
"""Athena's categories of errors, and their commonest types."""


@dataclass
class Execution:
    """One query.

    Attributes:
        asked: The request.
        sql: Its single statement.
        database: The default database.
        workgroup: Whose prepared statements it may execute.
        prefix: Where its files go, with a slash at the end.
        kind: Athena's StatementType.
        sub: Athena's SubstatementType.
        columns: Entries of ResultSetMetadata.
        rows: How many there are; None where there is no file of them.
        files: What CTAS or UNLOAD wrote.
        scanned: Bytes read.
        stop_reason: Why it shall end, or has ended, before its time.
    """

    asked: Json
    sql: str
    database: str | None
    workgroup: str
    prefix: str
    kind: str = "DML"
    sub: str = ""
    columns: list[Json] = field(default_factory=list)
    rows: int | None = None
    files: list[str] | None = None
    scanned: int = 0
    state: str = "QUEUED"
    error: QueryError | None = None
    stop_reason: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    submitted: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: datetime | None = None
    completed: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing changes any more."""
        return self.state in _FINAL

    def end(self, state: str, error: QueryError | None = None) -> None:
        """Notes how it ended."""
        self.error, self.completed, self.state = error, datetime.now(UTC), state

    @property
    def output(self) -> str:
        """The address of its result file, or what the names of its files begin with."""
        if self.sub == "UNLOAD":
            return self.prefix + self.id
        if self.sub == "CREATE_TABLE_AS_SELECT":
            return f"{self.prefix}tables/{self.id}"
        return f"{self.prefix}{self.id}.{'csv' if self.kind == 'DML' else 'txt'}"

    @property
    def manifest(self) -> str:
        """The address of the list of files that CTAS or UNLOAD wrote."""
        return f"{self.output}-manifest.csv"

    def times(self) -> Json:
        """How long it took."""
        now = self.completed or datetime.now(UTC)
        queued, total = (self.started or now) - self.submitted, now - self.submitted
        return {
            "QueryQueueTimeInMillis": int(queued.total_seconds() * 1000),
            "EngineExecutionTimeInMillis": int((total - queued).total_seconds() * 1000),
            "TotalExecutionTimeInMillis": int(total.total_seconds() * 1000),
        }

    def shown(self) -> Json:
        """It, as GetQueryExecution shows it; what is None is left out."""
        manifest = None if self.files is None else self.manifest
        sizes = {"DataScannedInBytes": self.scanned, "DataManifestLocation": manifest}
        shown = {
            "QueryExecutionId": self.id,
            "Query": self.asked["QueryString"],
            "StatementType": self.kind,
            "SubstatementType": self.sub,
            "ResultConfiguration": {"OutputLocation": self.output},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": {"Catalog": "AwsDataCatalog", "Database": self.database},
            "Status": self._status(),
            "Statistics": self.times() | sizes,
            "WorkGroup": self.workgroup,
            "EngineVersion": ENGINE,
        }
        return model.shown("QueryExecution", self.asked | shown)

    def _status(self) -> Json:
        reason, error = self.stop_reason if self.state == "CANCELLED" else None, None
        if self.error:
            category, kind = _USER if self.error.user else _SYSTEM
            reason = str(self.error)
            error = {"ErrorCategory": category, "ErrorType": kind, "Retryable": not self.error.user}
        return {
            "State": self.state,
            "StateChangeReason": reason,
            "AthenaError": error and error | {"ErrorMessage": reason},
            "SubmissionDateTime": self.submitted,
            "CompletionDateTime": self.completed,
        }


class PreparedStatements(dict[tuple[str, str], Json]):
    """Prepared statements by workgroup and name, as Athena's API shows them. They last as long as the server."""

    def keep(self, workgroup: str, name: str, query: str, description: str = "") -> None:
        """Keeps a statement, in the place of one of that name.

        Raises:
            ApiError: The workgroup has as many as it may have.
        """
        key = workgroup, name
        if key not in self and sum(group == workgroup for group, _ in list(self)) >= MOST_PREPARED:
            raise ApiError(f"WorkGroup {workgroup} has {MOST_PREPARED} prepared statements already; delete one first")
        shown = {"StatementName": name, "QueryStatement": query, "WorkGroupName": workgroup, "Description": description}
        self[key] = shown | {"LastModifiedTime": datetime.now(UTC)}
