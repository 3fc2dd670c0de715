"""Prepared statements, by workgroup and name. They last as long as the server."""

from datetime import UTC, datetime

from acude.athena.errors import QueryError
from acude.athena.model import Json

_MOST = 1000
"""As many as a workgroup of Athena's may have."""


class PreparedStatements:
    """All of them, as Athena's API shows them."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, str], Json] = {}

    def get(self, workgroup: str, name: str) -> Json:
        """One of them.

        Raises:
            QueryError: It does not exist.
        """
        found = self._all.get((workgroup, name))
        if found is None:
            raise QueryError("NOT_FOUND", f"Prepared statement not found: {name}")
        return found

    def put(self, workgroup: str, name: str, query: str, description: str = "") -> None:
        """Keeps one, in the place of an older one of that name.

        Raises:
            QueryError: There are too many.
        """
        if len(self._all) >= _MOST and (workgroup, name) not in self._all:
            raise QueryError("NOT_SUPPORTED", f"There are {_MOST} prepared statements already; delete some")
        self._all[workgroup, name] = {
            "StatementName": name,
            "QueryStatement": query,
            "WorkGroupName": workgroup,
            "Description": description,
            "LastModifiedTime": datetime.now(UTC),
        }

    def delete(self, workgroup: str, name: str) -> None:
        """Forgets one.

        Raises:
            QueryError: It does not exist.
        """
        self.get(workgroup, name)
        self._all.pop((workgroup, name), None)

    def listed(self, workgroup: str) -> list[Json]:
        """A workgroup's, by name."""
        return [found for (group, _), found in sorted(self._all.items()) if group == workgroup]
