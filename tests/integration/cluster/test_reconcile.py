"""The money of a day whose files executors on a cluster read."""

from tests.integration.batch.test_reconcile_large import (
    test_a_days_lines_are_summed_where_they_are_read,
    test_a_file_that_can_not_be_read_adds_nothing_and_is_named,
)

__all__ = [
    "test_a_days_lines_are_summed_where_they_are_read",
    "test_a_file_that_can_not_be_read_adds_nothing_and_is_named",
]
