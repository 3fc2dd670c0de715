"""Why a query was not answered, or a request not taken, in AWS's words."""

from dataclasses import dataclass


@dataclass
class QueryError(Exception):
    """A refusal or failure of one query.

    Attributes:
        name: Trino's error name, for instance ``TYPE_MISMATCH``.
        message: One sentence, with the place in the SQL text where it has one.
        user: Whether the statement is to blame, rather than the engine.
    """

    name: str
    message: str
    user: bool = True

    def __str__(self) -> str:
        """Athena's StateChangeReason."""
        return f"{self.name}: {self.message}"


def refuse(message: str) -> QueryError:
    """What Athena does not do."""
    return QueryError("NOT_SUPPORTED", message)


class ApiError(Exception):
    """An AWS error: its code and message."""

    def __init__(self, message: str, code: str = "InvalidRequestException", status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status
