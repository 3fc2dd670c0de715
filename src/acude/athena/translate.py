"""From Athena's SQL to DuckDB's."""

from acude.athena.parse_query import parse_query
from acude.athena.queries import FindTable, Translator
from acude.athena.scope import Plan


def translate(sql: str, find_table: FindTable) -> Plan:
    """Translates one SELECT.

    Args:
        sql: The statement as the analyst wrote it.
        find_table: Looks up the tables that it names.

    Raises:
        QueryError: With Trino's error name; NOT_SUPPORTED for what this endpoint cannot answer exactly.
    """
    return Translator(find_table).statement(parse_query(sql))
