"""The one way in which a table changes: a commit that adds exactly these files and removes exactly those.

Each commit carries an application transaction of its writer. Delta refuses a commit whose view of the table is older
than another commit of the same writer. So deciding on a change and committing it are one step: a writer that loses the
race reads the table again and decides again. A writer with a lease puts the lease's number there: a writer that lost
the lease sees the new holder's number and gives up.
"""

import operator
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from acude.errors import AcudeError
from acude.lake.data_files import DataFile
from acude.lake.listed_files import listed_files

_until_alone = Retrying(
    retry=retry_if_exception_type(CommitFailedError),
    stop=stop_after_attempt(10),
    wait=wait_random_exponential(multiplier=0.05, max=4),
    reraise=True,
)


class LeaseLost(RuntimeError):  # noqa: N818 - a state, not a fault
    """Another driver writes these tables now; nothing was committed."""


class PartitionChanged(AcudeError):  # noqa: N818 - a state, not a fault
    """Another run replaced these rows since they were looked at; nothing was committed."""


class Writer(Protocol):
    """A process that may change a table."""

    @property
    def name(self) -> str:
        """The writer's name; a table has one writer."""

    @property
    def number(self) -> int | None:
        """The lease's number, which rises from holder to holder; None for a writer without a lease."""

    def check(self) -> None:
        """Raises `LeaseLost` where the right to write is known to be gone."""


@dataclass(frozen=True)
class BatchWriter:
    """The batch: its tasks may publish several days of one table at the same time."""

    name: str = "batch"
    number: int | None = None

    def check(self) -> None:
        """The batch has no lease to lose: each commit is decided on the table as it is."""


@dataclass(frozen=True)
class Change:
    """What a commit does.

    Attributes:
        add: files that become visible.
        remove: paths of files that are removed.
        changes_rows: False where the same rows only move to other files; streams skip such a commit.
    """

    add: Sequence[DataFile] = ()
    remove: Sequence[str] = ()
    changes_rows: bool = True


Decide = Callable[[DeltaTable], Change | None]
"""Decides what to change, given the table as it is; None for no commit."""


def commit(
    into: DeltaTable,
    writer: Writer,
    decide: Decide,
    *,
    metadata: Mapping[str, Any] | None = None,
    done: tuple[str, int] | None = None,
) -> int:
    """Changes a table in one commit.

    Args:
        into: the table; the call updates it to the version with this commit.
        writer: its writer.
        decide: called again where another commit came first, so it must not rely on an earlier call.
        metadata: goes into the commit's `userMetadata` and the like.
        done: application and number that this commit marks as done, for `append_once`.

    Returns:
        The table's version.

    Raises:
        LeaseLost: another driver holds the lease.
        CommitFailedError: others changed the table before each try.
    """
    for attempt in _until_alone:
        with attempt:
            writer.check()
            into.update_incremental()
            marks = [_mark(into, writer)]
            change = decide(into)
            if change is None:
                return into.version()
            if done:
                marks.append(Transaction(*done))
            _make(into, change, CommitProperties(dict(metadata or {}), app_transactions=marks))
    # delta-rs leaves the view as it was.
    into.update_incremental()
    return into.version()


def append_once(into: DeltaTable, writer: Writer, files: Sequence[DataFile], application: str, number: int) -> None:
    """Appends a micro-batch's files exactly once, however often it is called.

    Args:
        into: the table.
        writer: its writer.
        files: what the batch brings.
        application: names the stream and its checkpoint; a new checkpoint must have a new name, for its batches begin
            at 0 again and would be taken for done.
        number: of the micro-batch; it rises.
    """

    def decide(table: DeltaTable) -> Change | None:
        last = table.transaction_version(application)
        return Change(files) if last is None or last < number else None

    commit(into, writer, decide, done=(application, number))


def replace_partitions(
    into: DeltaTable,
    writer: Writer,
    files: Sequence[DataFile],
    partitions: Iterable[Mapping[str, str]],
    metadata: Mapping[str, Any] | None = None,
    *,
    seen: Collection[str] | None = None,
    done: tuple[str, int] | None = None,
) -> int:
    """Replaces all files of some partitions with these; other partitions stay.

    Args:
        into: the table.
        writer: its writer.
        files: of these partitions only.
        partitions: values of all or of the first partition columns; one that is empty means the whole table.
        metadata: of the commit.
        seen: paths of the files that may be replaced; any, unless given.
        done: application and number of a micro-batch that the files hold, for `append_once`.

    Returns:
        The table's version; where exactly these files are there already, no new one is made.

    Raises:
        PartitionChanged: other files than those that were `seen` are there.
    """
    places = [dict(one) for one in partitions]

    def decide(table: DeltaTable) -> Change | None:
        gone = [path for place in places for path in paths_in(table, place)]
        # A caller that died behind its commit comes again with what is there by now.
        if {one.path for one in files} == set(gone):
            return None
        if seen is not None and set(gone) != set(seen):
            raise PartitionChanged(
                f"{table.table_uri} {places}: another run replaced these rows meanwhile; nothing was committed.",
                "Run the day again.",
            )
        return Change(files, gone)

    return commit(into, writer, decide, metadata=metadata, done=done)


def rewrite(into: DeltaTable, writer: Writer, old: Sequence[str], files: Sequence[DataFile]) -> bool:
    """Replaces files with others that hold the same rows.

    Returns:
        Whether it was done; not where one of the old ones is gone by now.
    """
    made = False

    def decide(table: DeltaTable) -> Change | None:
        nonlocal made
        made = len(listed_files(table, pc.field("path").isin(old))) == len(set(old))
        return Change(files, old, changes_rows=False) if made else None

    commit(into, writer, decide)
    return made


def _mark(table: DeltaTable, writer: Writer) -> Transaction:
    """The writer's transaction on this view of the table."""
    name = f"acude:{writer.name}"
    seen = table.transaction_version(name)
    if writer.number is None:
        return Transaction(name, (seen or 0) + 1)
    if seen is not None and seen > writer.number:
        raise LeaseLost(f"Another driver has written {table.table_uri} since; this one must not write it any more")
    return Transaction(name, writer.number)


def paths_in(table: DeltaTable, place: Mapping[str, str]) -> list[str]:
    """Paths of the files in a partition of the view at hand; one without values means the whole table."""
    conditions = [pc.field(name) == value for name, value in place.items()]
    where = reduce(operator.and_, conditions) if conditions else None
    return [one.path for one in listed_files(table, where)]


def _make(table: DeltaTable, change: Change, properties: CommitProperties) -> None:
    now = time.time_ns() // 1_000_000
    removed = _removals(table, change, now) if change.remove else []
    added = [
        AddAction(one.path, one.size, dict(one.partition), now, change.changes_rows, one.stats) for one in change.add
    ]
    columns = table.metadata().partition_columns
    table.create_write_transaction(
        [*removed, *added], "append", table.schema(), partition_by=columns, commit_properties=properties
    )


def _removals(table: DeltaTable, change: Change, now: int) -> list[RemoveAction]:
    return [
        RemoveAction(one.path, change.changes_rows, now, one.size, {**one.partition})
        for one in listed_files(table, pc.field("path").isin(change.remove))
    ]
