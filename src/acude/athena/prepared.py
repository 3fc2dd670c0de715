"""Prepared statements, by workgroup and name. They last as long as the server."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from acude.athena.errors import QueryError

_MOST = 1000
"""As many as a workgroup of Athena's may have."""


@dataclass(frozen=True)
class Prepared:
    """One statement."""

    name: str
    query: str
    description: str = ""
    changed: datetime = field(default_factory=lambda: datetime.now(UTC))


class PreparedStatements:
    """All of them."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, str], Prepared] = {}
        self._lock = threading.Lock()

    def get(self, workgroup: str, name: str) -> Prepared | None:
        """One of them."""
        return self._all.get((workgroup, name))

    def query(self, workgroup: str, name: str) -> str:
        """The text of one.

        Raises:
            QueryError: It does not exist.
        """
        found = self.get(workgroup, name)
        if found is None:
            raise QueryError("NOT_FOUND", f"Prepared statement not found: {name}")
        return found.query

    def put(self, workgroup: str, name: str, query: str, description: str = "") -> None:
        """Keeps one, in the place of an older one of that name.

        Raises:
            QueryError: There are too many.
        """
        with self._lock:
            if len(self._all) >= _MOST and (workgroup, name) not in self._all:
                raise QueryError("NOT_SUPPORTED", f"There are {_MOST} prepared statements already; delete some")
            self._all[workgroup, name] = Prepared(name, query, description)

    def delete(self, workgroup: str, name: str) -> None:
        """Forgets one.

        Raises:
            QueryError: It does not exist.
        """
        with self._lock:
            if self._all.pop((workgroup, name), None) is None:
                raise QueryError("NOT_FOUND", f"Prepared statement not found: {name}")

    def listed(self, workgroup: str) -> list[Prepared]:
        """A workgroup's, by name."""
        return [each for (group, _), each in sorted(self._all.items()) if group == workgroup]
