"""Large days on a cluster, with the lake that their own tests make."""

from tests.integration.batch.test_large_days import (
    lake,
    test_a_broken_row_in_one_of_its_files_refuses_it,
    test_a_large_day_is_published,
    test_a_line_that_is_in_two_files_is_found,
)

__all__ = [
    "lake",
    "test_a_broken_row_in_one_of_its_files_refuses_it",
    "test_a_large_day_is_published",
    "test_a_line_that_is_in_two_files_is_found",
]
