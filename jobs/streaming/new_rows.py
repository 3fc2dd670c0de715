"""A lake table as a stream of the rows that it gains."""

from pyspark.sql import DataFrame, SparkSession

from acude.contracts.model import table
from acude.lake.delta import table_path


def new_rows(spark: SparkSession, name: str) -> DataFrame:
    """The rows that a table has, and those that are appended later.

    Commits that change or delete rows are passed over. Otherwise Spark ends the query at the first of them.

    Args:
        spark: the query's session.
        name: of a contract, as `silver.transacoes`.
    """
    return spark.readStream.format("delta").option("skipChangeCommits", "true").load(table_path(table(name)))
