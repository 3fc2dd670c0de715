"""The streams on a cluster."""

from tests.integration.streams.test_damaged_checkpoint import test_ingest_lands_each_record_once
from tests.integration.streams.test_maintenance import (
    test_compacting_a_closed_day_joins_its_files_and_keeps_its_rows,
    test_the_live_windows_count_on_after_a_compaction,
)
from tests.integration.streams.test_measure import (
    test_a_batch_that_runs_again_changes_nothing,
    test_live_windows_are_exact_over_batches_and_restarts,
)

__all__ = [
    "test_a_batch_that_runs_again_changes_nothing",
    "test_compacting_a_closed_day_joins_its_files_and_keeps_its_rows",
    "test_ingest_lands_each_record_once",
    "test_live_windows_are_exact_over_batches_and_restarts",
    "test_the_live_windows_count_on_after_a_compaction",
]
