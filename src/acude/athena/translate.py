"""From Athena's SQL to DuckDB's."""

from acude.athena.errors import fail
from acude.athena.nodes import Query
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
    return plan_query(parse_query(sql), find_table)


def plan_query(query: Query, find_table: FindTable) -> Plan:
    """Translates a parsed query.

    Raises:
        QueryError: As ``translate`` does.
    """
    try:
        return Translator(find_table).statement(query)
    except RecursionError:
        return fail("STACK_OVERFLOW", "statement is too large (stack overflow during analysis)")
