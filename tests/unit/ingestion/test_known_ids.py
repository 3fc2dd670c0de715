"""The index of known ids beside a plain dictionary, across days, restarts, damage and too little memory."""

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings as given_by
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from acude import aws
from acude.ingestion.duplicates import EPOCH
from tests.buckets import MemoryBucket
from tests.unit.ingestion.shop import ROOMY, SMALL, TINY, Row, Shop

ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 60), st.integers(0, 1)), min_size=1, max_size=25)
LATER = st.sampled_from([timedelta(minutes=1)] * 5 + [timedelta(hours=9), timedelta(days=1), timedelta(days=2)])


class Drivers(RuleBasedStateMachine):
    """Whatever happens, the index says what a dictionary says of the ids that it must know."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.bucket = MemoryBucket()
        self.patch.setattr(aws, "_s3", lambda *_: self.bucket)
        self.place = tempfile.TemporaryDirectory()

    @initialize(memory=st.sampled_from([ROOMY, SMALL, TINY]))
    def open(self, memory: int) -> None:
        self.shop = Shop(memory, Path(self.place.name))

    @rule(rows=ROWS, later=LATER)
    def a_batch_lands(self, rows: list[Row], later: timedelta) -> None:
        self.shop.land(rows, later)

    @rule()
    def a_driver_starts(self) -> None:
        self.shop.start()

    @rule(rows=ROWS, later=LATER, committed=st.integers(0, 25))
    def a_batch_is_cut_off_and_runs_again(self, rows: list[Row], later: timedelta, committed: int) -> None:
        shop = self.shop
        landed, offset = shop.begin(later), shop.take(rows)
        said = shop.judge(rows, offset, landed)
        shop.agree(said, shop.expected(rows, offset, landed))
        shop.commit(rows[:committed], offset, landed, said[:committed])
        shop.start()
        assert shop.judge(rows, offset, landed) == said
        shop.commit(rows, offset, landed, said)

    @rule(size=st.integers(0, 200), place=st.integers(0, 5))
    def a_run_is_cut_short_before_the_next_start(self, size: int, place: int) -> None:
        if runs := self.shop.runs:
            run = runs[place % len(runs)]
            run.write_bytes(run.read_bytes()[: -1 - size])
            self.shop.start()
            assert min(self.shop.read_from) == EPOCH

    @rule()
    def the_checkpoint_is_lost(self) -> None:
        self.shop.life = self.shop.life.model_copy(update={"id": self.shop.life.id + "a"})
        self.shop.start()
        assert min(self.shop.read_from) == EPOCH

    @invariant()
    def what_lies_there_is_what_the_index_has(self) -> None:
        if hasattr(self, "shop") and self.shop.driver.index.known_since == 0:
            names = {path.name for path in self.shop.runs}
            assert {run.description.nome for run in self.shop.driver.index.runs} <= names

    def teardown(self) -> None:
        self.patch.undo()
        self.place.cleanup()


TestDrivers = Drivers.TestCase
TestDrivers.settings = given_by(max_examples=60, stateful_step_count=25, deadline=None)
