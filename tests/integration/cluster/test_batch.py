"""The daily batch on a cluster."""

from tests.integration.batch.test_days import (
    test_a_broken_file_publishes_nothing_and_a_corrected_one_mends_the_day,
    test_a_day_goes_from_file_to_every_mart,
    test_a_rerun_has_the_same_content_and_touches_its_day_only,
    test_days_of_one_month_published_at_once_all_count,
)

__all__ = [
    "test_a_broken_file_publishes_nothing_and_a_corrected_one_mends_the_day",
    "test_a_day_goes_from_file_to_every_mart",
    "test_a_rerun_has_the_same_content_and_touches_its_day_only",
    "test_days_of_one_month_published_at_once_all_count",
]
