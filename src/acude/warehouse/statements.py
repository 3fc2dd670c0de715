# ruff: noqa: S608 (names come from contracts and pass `identifier`; values are the driver's)
"""The SQL of a load, the same words for Redshift and PostgreSQL; only locking and copying differ.

``%s`` is a value that the driver fills in. The tests check each statement against what Redshift takes.
"""

from acude.contracts.model import Contract
from acude.contracts.redshift import identifier, identifiers, text
from acude.warehouse.target import MONEY, WarehouseTable

LOCK_POSTGRES = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"

COLUMNS_THERE = (
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    " ORDER BY table_name, ordinal_position"
)


def lock_redshift(loads: str) -> str:
    """Waits until no other load runs. The table of loads is locked, not the target: analysts go on reading it."""
    return f"LOCK TABLE {identifier(loads)}"


def stage(target: WarehouseTable) -> str:
    """A temporary table with the target's columns."""
    return f"CREATE TEMP TABLE {identifier(target.staging)} (LIKE {identifier(target.name)})"


def copy_postgres(target: WarehouseTable) -> str:
    """Fills the staging table from CSV on the connection."""
    return f"COPY {identifier(target.staging)} FROM STDIN WITH (FORMAT csv)"


def copy_redshift(target: WarehouseTable, manifest: str, role: str) -> str:
    """Fills the staging table from the Parquet files that the manifest names.

    Args:
        target: the table.
        manifest: s3:// address of the manifest.
        role: ARN of the role that reads it.
    """
    staging = identifier(target.staging)
    return f"COPY {staging} FROM {text(manifest)} IAM_ROLE {text(role)} FORMAT AS PARQUET MANIFEST"


def measure(target: WarehouseTable) -> str:
    """Rows in the staging table and, where there is money, its sum."""
    money = f", sum({identifier(MONEY)})" if target.has_money else ""
    return f"SELECT count(*){money} FROM {identifier(target.staging)}"


def repeated_keys(target: WarehouseTable) -> str:
    """How many keys the staging table holds more than once."""
    keys = identifiers(target.contract.keys)
    grouped = f"SELECT {keys} FROM {identifier(target.staging)} GROUP BY {keys} HAVING count(*) > 1"
    return f"SELECT count(*) FROM ({grouped}) AS repetidas"


def _replace(target: WarehouseTable) -> list[str]:
    columns = identifiers(target.contract.column_names)
    table, staging = identifier(target.name), identifier(target.staging)
    return [
        f"DELETE FROM {table} WHERE {identifier(target.period_column)} = %s",
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {staging}",
    ]


def _merge(target: WarehouseTable) -> list[str]:
    """Staged rows that are older than the table's are dropped first: Redshift's MERGE takes no condition."""
    table, staging = identifier(target.name), identifier(target.staging)
    columns, keys = target.contract.column_names, target.contract.keys
    same = " AND ".join(f"{table}.{identifier(key)} = {staging}.{identifier(key)}" for key in keys)
    same_back = " AND ".join(f"{staging}.{identifier(key)} = {table}.{identifier(key)}" for key in keys)
    older = f"{staging}.{identifier(target.clock)} < {table}.{identifier(target.clock)}"
    changes = ", ".join(f"{identifier(c)} = {staging}.{identifier(c)}" for c in columns if c not in keys)
    values = ", ".join(f"{staging}.{identifier(c)}" for c in columns)
    merge = (
        f"MERGE INTO {table} USING {staging} ON {same} WHEN MATCHED THEN UPDATE SET {changes} "
        f"WHEN NOT MATCHED THEN INSERT ({identifiers(columns)}) VALUES ({values})"
    )
    return [f"DELETE FROM {staging} USING {table} WHERE {same_back} AND {older}", merge]


def publish(target: WarehouseTable) -> list[str]:
    """The statements that publish the staged rows; one with ``%s`` takes the period."""
    return _merge(target) if target.merges else _replace(target)


def unstage(target: WarehouseTable) -> str:
    """Drops the staging table."""
    return f"DROP TABLE {identifier(target.staging)}"


def record_load(contract: Contract) -> str:
    """One row for the table of loads; a value for each of its columns."""
    columns = contract.column_names
    places = ", ".join("%s" for _ in columns)
    return f"INSERT INTO {identifier(contract.name)} ({identifiers(columns)}) VALUES ({places})"
