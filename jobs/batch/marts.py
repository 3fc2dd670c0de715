"""The marts of a day, in the three steps of `vendas_diarias`.

The steps may run in three processes: they hand over through staging. All of a mart is in the file of its name.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, TypeVar

from acude.lake.run_records import Publication
from acude.publishing import mart, staging
from acude.publishing.audit import audit
from acude.publishing.mart import Mart
from acude.publishing.publish import publish, session, staged_or_published, summary
from acude.publishing.staging import Staged
from acude.publishing.views import Derived
from jobs.batch import (
    estoque,
    estoque_por_armazem,
    funil_conversao,
    mais_vendidos,
    receita_mensal,
    vendas_por_categoria,
    vendas_por_regiao,
)

DAILY: tuple[Mart, ...] = tuple(
    module.MART
    for module in (
        estoque, estoque_por_armazem, funil_conversao, mais_vendidos, vendas_por_categoria, vendas_por_regiao,
    )
)  # fmt: skip
TABLES: tuple[str, ...] = (*(one.table for one in DAILY), receita_mensal.TABLE)
"""The gold tables that the batch replaces a day (or month) at a time."""

DERIVED: Derived = {one.table: one.derive for one in DAILY}

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
        staged = _each(DAILY, lambda one: mart.stage(spark, one, day, run_id))
        staged.append(receita_mensal.stage(spark, day, run_id))
    return _by_table(staged)


def audit_all(day: date, run_id: str) -> dict[str, Any]:
    """Audits what `stage_all` staged, all marts, also where one fails.

    Returns:
        By table: number of expectations, hash of the audited rows, and where the report lies.

    Raises:
        QualityError: at least one suite refused; the refused rows lie under `_rejeitados/`.
        StagingError: the day isn't staged by this run.
    """
    return audit([staging.staged(name, day, run_id) for name in TABLES], DERIVED)


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
    daily = [staged_or_published(one.table, day, run_id) for one in DAILY]
    month = receita_mensal.of_run(day, run_id)
    for one in (*daily, month):
        if isinstance(one, Staged):
            staging.passed(one)
    for one in daily:
        mart.assert_sources_unchanged(one)
    published = _each(daily, _published)
    published.append(receita_mensal.publish_audited(month, run_id))
    return _by_table(published)


def _published(one: Staged | Publication) -> Publication:
    return one if isinstance(one, Publication) else publish(one, mart.assert_sources_unchanged)


def _by_table(done: list[Staged] | list[Publication]) -> dict[str, Any]:
    return {one.table: summary(one) for one in done}


def _each(given: Iterable[Given], action: Callable[[Given], Made]) -> list[Made]:
    """Some at a time; every one is finished before the first problem is raised."""
    with ThreadPoolExecutor(_TOGETHER) as pool:
        return list(pool.map(action, given))
