"""silver.vendas: the day's sales lines out of the inbox, and silver.quarentena_arquivos: those that can't be sales.

The rules are the shop's (docs/batch.md): exact repeats within a file are one line; a price of zero or less, a quantity
of zero or less outside a return, an unreadable value, a text longer than its contract says or another day's line goes
to quarantine; invoices that start with C are returns; receita is quantidade times preco, exactly.
"""

from datetime import date
from typing import Any

import pandas as pd
from pyspark.sql import Column, DataFrame, Observation, SparkSession, Window
from pyspark.sql import functions as f

from acude.contracts.dimension import UNKNOWN, categories
from acude.contracts.model import table
from acude.days import require_days
from acude.inbox import files as inbox
from acude.inbox.errors import InboxError
from acude.inbox.layout import FIELDS, TEXTS
from acude.inbox.lines import Lines, lines_of
from acude.masking import MASK
from acude.publishing import staging
from acude.publishing.audit import QualityError, audit
from acude.publishing.publish import publish, session, summary
from acude.publishing.submit import submit
from acude.publishing.views import Derived

SALES = "silver.vendas"
REFUSED = "silver.quarentena_arquivos"

_LINES_PER_FILE = 500_000
_LINES_PER_TASK = 250_000
"""Equal lines are found by sorting, which takes memory; a day of more has more tasks."""

LARGEST_REFUSED_SHARE = 0.5
"""A file of whose lines more than this share can't be sales is not a sales file; the worst real day has 0.22."""

# Not `$`, before which a line may still end.
_INTEGER = r"^[+-]?\d{1,10}\z"
# Zeros behind the fourth decimal change nothing; any other digit there would have to be rounded.
_DECIMAL = r"^[+-]?\d{1,14}(\.\d{1,4}0*)?\z"
_INSTANT = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?\z"
_CURRENCY = r"^[A-Z]{3}\z"


def checked_lines(lines: DataFrame, day: date) -> DataFrame:
    """Every line with its typed values and, where it can't be a sale, `motivo` and `detalhe`.

    Args:
        lines: `linha`, `leiaute`, the fields of `FIELDS` as text, `origem`, `arquivo`.
        day: the files' day.

    Returns:
        The same rows with `momento`, `numero` (quantidade), `valor` (preco), `motivo` and `detalhe`; the last two are
        null for a sale. The first reason in this order wins: duplicata, numero_de_cartao, valor_ilegivel, fora_do_dia,
        preco_nao_positivo, quantidade_nao_positiva.
    """
    # Lines are sorted to find equal ones. A number in front decides nearly all comparisons; the file's name none.
    same = Window.partitionBy(f.xxhash64("arquivo", *FIELDS), "arquivo", *FIELDS)
    typed = lines.select(
        "*",
        f.min("linha").over(same).alias("primeira"),
        _readable("data", _INSTANT).try_cast("timestamp").alias("momento"),
        _readable("quantidade", _INTEGER).try_cast("int").alias("numero"),
        _readable("preco", _DECIMAL).try_cast("decimal(18,4)").alias("valor"),
    )
    returned = f.col("id_pedido").startswith("C")
    reason = f.coalesce(
        _reason("duplicata", f.col("linha") > f.col("primeira"), f.concat(f.lit("the same as line "), "primeira")),
        _reason("numero_de_cartao", _any_is(TEXTS, MASK), f.lit("expected no card number in a text")),
        *(_unreadable(name, _filled(name)) for name in ("id_pedido", "id_produto", "regiao")),
        _unreadable("moeda", f.col("moeda").rlike(_CURRENCY)),
        *(_unreadable(name, f.col(typed).isNotNull()) for name, typed in _TYPED.items()),
        *(_too_long(c.name, c.max_length) for c in table(SALES).columns if c.max_length and c.name in FIELDS),
        _reason("fora_do_dia", f.to_date("momento") != f.lit(day), _found(f"data: expected {day}", "data")),
        _reason("preco_nao_positivo", f.col("valor") <= 0, _found("preco: expected more than 0", "preco")),
        _reason(
            "quantidade_nao_positiva",
            (f.col("numero") <= 0) & ~returned,
            _found("quantidade: expected more than 0 on an invoice that is no return", "quantidade"),
        ),
    )
    return typed.withColumn("motivo", reason["motivo"]).withColumn("detalhe", reason["detalhe"])


def _any_is(names: tuple[str, ...], text: str) -> Column:
    """Whether one of the fields is this text."""
    return f.coalesce(f.array_contains(f.array(*names), text), f.lit(False))


def sale_lines(checked: DataFrame, categories: DataFrame, day: date) -> DataFrame:
    """The lines without a reason against them, as rows of silver.vendas.

    Args:
        checked: rows of `checked_lines`.
        categories: `id_produto`, `categoria`; a product that isn't there is `outros`.
        day: the files' day.
    """
    customer = f.when(f.col("leiaute") == "online_retail", f.regexp_replace("id_usuario", r"\.0$", "")).otherwise(
        f.col("id_usuario")
    )
    return (
        checked.where(f.col("motivo").isNull())
        .join(f.broadcast(categories), "id_produto", "left")
        .select(
            "id_pedido",
            "id_produto",
            _or_null(f.col("descricao")).alias("descricao"),
            f.col("numero").alias("quantidade"),
            f.lit(day).alias("data"),
            "momento",
            f.col("valor").alias("preco"),
            _or_null(customer).alias("id_usuario"),
            "regiao",
            f.when(f.col("id_pedido").startswith("C"), "devolucao").otherwise("venda").alias("tipo"),
            (f.col("numero").cast("decimal(10,0)") * f.col("valor")).cast("decimal(28,4)").alias("receita"),
            "moeda",
            f.coalesce("categoria", f.lit(UNKNOWN)).alias("categoria"),
            "origem",
            "arquivo",
            "linha",
        )
    )


def refused_lines(checked: DataFrame, day: date) -> DataFrame:
    """The lines with a reason against them, as rows of silver.quarentena_arquivos, with their fields as they came."""
    fields = [f.col(name) for name in FIELDS]
    original = f.when(f.col("leiaute") == "online_retail", f.to_json(f.array(*fields[:-1]))).otherwise(
        f.to_json(f.array(*fields))
    )
    return checked.where(f.col("motivo").isNotNull()).select(
        f.lit(day).alias("data"), "origem", "arquivo", "linha", "motivo", "detalhe", original.alias("original")
    )


def with_expected_sales(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of silver.vendas with what the rules make of their other columns."""
    receita = [price * int(pieces) for price, pieces in zip(frame["preco"], frame["quantidade"], strict=True)]
    tipo = ["devolucao" if order.startswith("C") else "venda" for order in frame["id_pedido"]]
    least = [1 if kind == "venda" else -(2**31) for kind in tipo]
    dia = [moment.date() for moment in frame["momento"]]
    return frame.assign(
        receita_esperada=pd.Series(receita, dtype=object),
        tipo_esperado=pd.Series(tipo, dtype=object),
        menor_quantidade=pd.Series(least, dtype="int64"),
        dia_do_momento=pd.Series(dia, dtype=object),
    )


DERIVED: Derived = {SALES: with_expected_sales}


def run(day: date, run_id: str) -> dict[str, Any]:
    """Reads the day's files, stages, audits and publishes both tables.

    Args:
        day: UTC day.
        run_id: names the attempt.

    Returns:
        Per table: rows, sums, hash and version; the files; the number of repeated lines; warnings.

    Raises:
        InboxError: a file can't be read as a whole, or changed meanwhile; silver.vendas is as it was.
        QualityError: a suite refused the rows; nothing was published.
        PartitionChanged: another run published the day meanwhile, after its files were compared.
        DayError: the day has not begun.
    """
    require_days(day)
    files: list[inbox.InboxFile] = []
    try:
        files = inbox.files_of(day)
        with session() as spark, lines_of(spark, files) as lines:
            staged = _stage(spark, lines, day, run_id)
        audit(staged, DERIVED)
        published = [publish(one, lambda _: inbox.assert_unchanged(day, files)) for one in staged]
    except (InboxError, QualityError):
        inbox.remember(day, files, run_id, published=False)
        raise
    inbox.remember(day, files, run_id, published=True)
    return {"files": [file.key for file in files], "tables": {one.table: summary(one) for one in published}}


def _stage(spark: SparkSession, read: Lines, day: date, run_id: str) -> list[staging.Staged]:
    """Quarantine first: if publishing stops between the two, the day's sales are still those published before."""
    lines, number, warnings = read
    files = max(1, number // _LINES_PER_FILE)
    if number > _LINES_PER_TASK:
        lines = lines.repartition(2 * files, "arquivo", *FIELDS)
    checked = checked_lines(lines, day).persist()
    try:
        seen = Observation()
        repeat = f.count_if(f.col("motivo") == "duplicata").alias("duplicatas")
        refused = staging.write(refused_lines(checked, day).observe(seen, repeat).coalesce(files), table(REFUSED))
        known = spark.createDataFrame(categories())
        sales = staging.write(sale_lines(checked, known, day).coalesce(files), table(SALES))
    finally:
        checked.unpersist()
    # Spark may plan a frame without rows away, and what was to be seen of it.
    repeats = seen.get["duplicatas"] if refused.totals.rows else 0
    counted = {
        "lidas": number,
        "aceitas": number - refused.totals.rows,
        "duplicatas": repeats,
        "limite_recusadas": repeats + max(int(number * LARGEST_REFUSED_SHARE), 1),
    }
    if not number:
        warnings = [*warnings, f"no sales file for {day}: published as an empty day"]
    return [
        staging.describe(refused, day, run_id, staging.Context(parameters=counted)),
        staging.describe(sales, day, run_id, staging.Context(parameters=counted, warnings=warnings)),
    ]


_SHOWN = 100
"""Characters of a value that `detalhe` repeats."""

_TYPED = {"data": "momento", "quantidade": "numero", "preco": "valor"}
_WANTED = {
    "id_pedido": "an invoice number",
    "id_produto": "a product",
    "regiao": "a region",
    "moeda": "three capital letters",
    "data": "a time YYYY-MM-DD HH:MM:SS",
    "quantidade": "a whole number of 32 bits",
    "preco": "a number with at most 14 digits before and 4 behind the point",
}


def _readable(name: str, pattern: str) -> Column:
    """The text where it has the pattern, else null: Spark's casts accept far more (spaces, `2010`, `1e3`)."""
    return f.when(f.col(name).rlike(pattern), f.col(name))


def _filled(name: str) -> Column:
    return f.trim(name) != ""


def _or_null(text: Column) -> Column:
    return f.when(text != "", text)


def _found(expectation: str, name: str) -> Column:
    quoted = f.concat(f.lit("'"), f.substring(name, 1, _SHOWN), f.lit("'"))
    return f.concat(f.lit(f"{expectation}, found "), f.coalesce(quoted, f.lit("nothing")))


def _reason(motivo: str, refused: Column, detalhe: Column) -> Column:
    return f.when(refused, f.struct(f.lit(motivo).alias("motivo"), detalhe.alias("detalhe")))


def _unreadable(name: str, good: Column) -> Column:
    detalhe = _found(f"{name}: expected {_WANTED[name]}", name)
    return _reason("valor_ilegivel", ~f.coalesce(good, f.lit(False)), detalhe)


def _too_long(name: str, most: int) -> Column:
    """What the warehouse has no room for; one such text in gold would fail each load of its day."""
    detalhe = _found(f"{name}: expected at most {most} characters", name)
    return _reason("valor_ilegivel", f.length(name) > most, detalhe)


if __name__ == "__main__":
    submit("vendas", __doc__, run)
