"""The marts of a day, in the three steps of `vendas_diarias`.

The steps may run in three processes: they hand over through staging. All of a mart is in the file of its name.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib import import_module
from typing import Any, TypeVar

from acude.contracts import model
from acude.lake.run_records import Publication
from acude.publishing import staging
from acude.publishing.audit import audit
from acude.publishing.mart import Mart
from acude.publishing.publish import session, summary
from acude.publishing.staging import Staged
from acude.publishing.submit import submit
from acude.publishing.views import Derived


def _mart_of(contract: model.Contract) -> Mart:
    found: Mart = import_module(f"jobs.batch.{contract.name}").MART
    return found


MARTS: dict[str, Mart] = {contract.full_name: _mart_of(contract) for contract in model.marts()}
"""The gold tables that the batch replaces a day (or month) at a time, each as the file of its name has it."""

DERIVED: Derived = {name: mart.derive for name, mart in MARTS.items()}

_WAVES = [[mart for mart in MARTS.values() if mart.of_marts is later] for later in (False, True)]
"""Those that are made of others come behind them."""

_TOGETHER = 4
"""Tables that are computed or committed at a time: a commit waits for S3 more than it computes."""

Given = TypeVar("Given")
Made = TypeVar("Made")


def stage_all(day: date, run_id: str) -> dict[str, Any]:
    """Computes all marts of a day into staging.

    Args:
        day: UTC day whose silver.vendas is published.
        run_id: names the attempt; the same in the two steps that follow.

    Returns:
        By table: rows, sums by currency as text, hash, warnings.

    Raises:
        MartError: silver.vendas of that day isn't published.
    """
    with session() as spark:
        staged = [_each(wave, lambda mart: mart.stage(spark, day, run_id)) for wave in _WAVES]
    return _by_table(staged)


def audit_all(day: date, run_id: str) -> dict[str, Any]:
    """Audits what `stage_all` staged, all marts, also where one fails.

    Returns:
        By table: number of expectations, hash of the audited rows, and where the report lies.

    Raises:
        QualityError: at least one suite refused; the refused rows lie under `_rejeitados/`.
        StagingError: the day isn't staged by this run.
    """
    return audit([staging.staged(name, day, run_id) for name in MARTS], DERIVED)


def publish_all(day: date, run_id: str) -> dict[str, Any]:
    """Makes the audited rows of all marts visible; after a call that died, those of the marts that are left.

    Returns:
        By table: rows, sums, hash and Delta version.

    Raises:
        StagingError: something is not audited, was refused, or is not what was audited; nothing was published.
        MartError: silver.vendas changed after the marts were staged; nothing was published.
        PartitionChanged: another run published a mart after its sources were compared; the other marts are published.
        QualityError: the month, summed again because another day was published meanwhile, is refused.
    """
    done = {name: mart.of_run(day, run_id) for name, mart in MARTS.items()}
    for one in done.values():
        if isinstance(one, Staged):
            staging.passed(one)
    for name, mart in MARTS.items():
        mart.assert_current(done[name])
    return _by_table([_each(wave, lambda mart: mart.publish(done[mart.table], run_id)) for wave in _WAVES])


def _by_table(waves: list[list[Staged]] | list[list[Publication]]) -> dict[str, Any]:
    return {one.table: summary(one) for wave in waves for one in wave}


def _each(given: Iterable[Given], action: Callable[[Given], Made]) -> list[Made]:
    """Some at a time; every one is finished before the first problem is raised."""
    with ThreadPoolExecutor(_TOGETHER) as pool:
        return list(pool.map(action, given))


if __name__ == "__main__":
    submit("marts", __doc__, stage_all, audit_all, publish_all)
