"""What clients send, by operation."""

from pydantic import BaseModel, ConfigDict, Field


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


class PreparedRequest(_Model):
    """An operation on one prepared statement."""

    StatementName: str = Field(min_length=1, max_length=256)
    WorkGroup: str
    QueryStatement: str = ""
    Description: str = ""
