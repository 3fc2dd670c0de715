"""Risk workers as in production: a model decides beside the signals, and block and allow list have entries."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import psycopg

from acude.payments import lists
from acude.payments.version_log import VersionError
from acude.payments.versions import Versions
from acude.risk.lists import LISTS, Entry
from acude.risk_history import boosted_trees
from acude.settings import HOST, Settings
from benchmarks import handbook
from benchmarks.handbook import Setting

ENTRIES: Final = 1_000
"""Of each list."""

_WHO: Final = "benchmark"
_PAYMENTS: Final = Setting(customers=150, terminals=400, radius=15, days=44)
_PAST_DAYS: Final = 38
_WITHIN_S: Final = 60


@contextmanager
def everything_on(config: Settings) -> Iterator[dict[str, object]]:
    """A trained model is promoted and the lists are filled, until the block ends; says which model and how many."""
    versions = Versions(config)
    with tempfile.TemporaryDirectory() as scratch:
        model = trained(Path(scratch))
        change = versions.promote(model, who=_WHO, why="figures")
    _fill(config)
    try:
        _taken(config, change.versao_modelo)
        yield {
            "model": change.versao_modelo,
            "weight": versions.load(change.sha256).policy.modelo,
            "list_entries": ENTRIES * len(LISTS),
        }
    finally:
        _empty(config)
        versions.rollback(who=_WHO, why="end of the figures")


def trained(folder: Path) -> Path:
    """A model as large as any: what it has learnt from does not change how long it takes."""
    rows = handbook.generate(_PAYMENTS)
    since = handbook.midnight(_PAYMENTS.start) + timedelta(days=_PAST_DAYS)
    matrix = boosted_trees.replay(list(handbook.payments(rows)), rows.fraud, since)
    trees = boosted_trees.fit(matrix, rows.fraud[-len(matrix) :])
    window = boosted_trees.TrainingSpan(since, since + timedelta(days=_PAYMENTS.days - _PAST_DAYS))
    boosted_trees.write(boosted_trees.exported(trees, matrix, window=window, metrics={})[1], folder)
    return folder


def _fill(config: Settings) -> None:
    now = datetime.now(UTC)
    with psycopg.connect(config.risk_dsn.get_secret_value()) as connection:
        for lista in LISTS:
            for number in range(ENTRIES):
                about = ("id_pagador", f"{_WHO}-{number}", _WHO, "figures", now, now + timedelta(days=1))
                lists.put(connection, Entry(lista, *about), _WHO)


def _empty(config: Settings) -> None:
    with psycopg.connect(config.risk_dsn.get_secret_value()) as connection:
        for lista in LISTS:
            for number in range(ENTRIES):
                lists.remove(connection, lista, "id_pagador", f"{_WHO}-{number}", why="figures", who=_WHO)


def _taken(config: Settings, version: str) -> None:
    """Waits until the worker decides with the model."""
    end = time.monotonic() + _WITHIN_S
    while f'modelo="{version}"' not in httpx.get(f"http://{HOST}:{config.risk_metrics_port}/metrics").text:
        if time.monotonic() > end:
            raise VersionError(f"the worker has not taken model {version} within {_WITHIN_S} s")
        time.sleep(0.5)
