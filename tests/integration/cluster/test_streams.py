"""The streams on a cluster."""

from tests.integration.streams.test_maintenance import (
    test_compacting_a_closed_day_joins_its_files_and_keeps_its_rows,
    test_the_live_windows_count_on_after_a_compaction,
)
from tests.integration.streams.test_measure import (
    test_a_batch_that_runs_again_changes_nothing,
    test_live_windows_are_exact_over_batches_and_restarts,
)
from tests.integration.streams.test_quarantine import (
    test_a_replayed_record_is_in_silver_once_its_contract_is_right,
    test_refused_records_are_listed_with_their_reasons,
)

__all__ = [
    "test_a_batch_that_runs_again_changes_nothing",
    "test_a_replayed_record_is_in_silver_once_its_contract_is_right",
    "test_compacting_a_closed_day_joins_its_files_and_keeps_its_rows",
    "test_live_windows_are_exact_over_batches_and_restarts",
    "test_refused_records_are_listed_with_their_reasons",
    "test_the_live_windows_count_on_after_a_compaction",
]
