"""The warehouse's tables as SQL: Redshift's DDL and, from the same contracts, that of its local twin, PostgreSQL.

``python -m acude.contracts.redshift > infra/redshift/schema.sql`` writes the file that people read.
"""

import re
import sys
from pathlib import Path
from typing import Literal

from acude.contracts.column import Column
from acude.contracts.model import Contract, ContractError, Layer, load, marts

Dialect = Literal["redshift", "postgres"]

BYTES_PER_CHARACTER = 4
"""Redshift counts a VARCHAR's length in bytes of UTF-8."""

DEFAULT_LENGTH = 64
"""Characters of a text column whose contract names no `maxLength`."""

_TYPES = {
    "int": "INTEGER",
    "bigint": "BIGINT",
    "double": "DOUBLE PRECISION",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}

RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
        aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup
        between binary blanksasnull both bytedict bzip2 case cast check collate column constraint create
        credentials cross current_date current_time current_timestamp current_user current_user_id default
        deferrable deflate defrag delta delta32k desc disable distinct do else emptyasnull enable encode
        encrypt encryption end except explicit false for foreign freeze from full globaldict256
        globaldict64k grant group gzip having identity ignore ilike in initially inner intersect interval
        into is isnull join language leading left like limit localtime localtimestamp lun luns lzo lzop
        minus mostly16 mostly32 mostly8 natural new not notnull null nulls off offline offset oid old on
        only open or order outer overlaps parallel partition percent permissions pivot placing primary raw
        readratio recover references rejectlog resort respect restore right select session_user similar
        snapshot some sysdate system table tag tdes text255 text32k then timestamp to top trailing true
        truncatecolumns union unique unnest unpivot user using verbose wallet when where with without
        """,
    )
)
"""Words that Redshift takes for a name only in double quotes."""

HEADER = """\
-- The warehouse's tables on Amazon Redshift. Generated from contracts/: do not edit; change the contract, then
--   python -m acude.contracts.redshift > infra/redshift/schema.sql
"""


def identifier(name: str) -> str:
    """A table's or column's name as SQL says it, quoted where it is a reserved word.

    >>> identifier("timestamp"), identifier("vendas")
    ('"timestamp"', 'vendas')
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,126}", name):
        raise ContractError(f"{name!r} can't name a warehouse table or column: use up to 127 of a-z, 0-9 and _")
    return f'"{name}"' if name in RESERVED else name


def identifiers(names: list[str]) -> str:
    """Several names, separated by commas."""
    return ", ".join(identifier(name) for name in names)


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def room(column: Column) -> int:
    """How many characters a text column of the warehouse takes, whatever they are."""
    return column.max_length or DEFAULT_LENGTH


def column_type(column: Column) -> str:
    """The column's type in the warehouse, the same words for Redshift and PostgreSQL.

    Raises:
        ContractError: for bytes and nested values, which stay in the lake.
    """
    if column.decimal:
        return "DECIMAL({}, {})".format(*column.decimal)
    if column.type == "string":
        return f"VARCHAR({room(column) * BYTES_PER_CHARACTER})"
    if column.type in _TYPES:
        return _TYPES[column.type]
    raise ContractError(
        f"column {column.name!r} is {column.type}, which the warehouse can't hold: "
        "leave it out of the warehouse's contract"
    )


def warehouse_contracts(folder: Path | None = None) -> list[Contract]:
    """What the warehouse holds: the tables of contracts/redshift, then each daily gold mart that none of them replaces.

    Args:
        folder: where the contracts lie; the project's unless given.
    """
    own = [contract for contract in load(folder).values() if contract.layer is Layer.WAREHOUSE]
    names = {contract.name for contract in own}
    return own + [mart for mart in marts(folder) if mart.name not in names]


def _distribution(contract: Contract) -> str:
    """Rows without a key are facts and spread by their product or first required id; tables with a key stay small."""
    ids = [c.name for c in contract.columns if c.required and c.name.startswith("id_")]
    if contract.keys or not ids:
        return "DISTSTYLE AUTO"
    return f"DISTSTYLE KEY DISTKEY ({identifier('id_produto' if 'id_produto' in ids else ids[0])})"


def _attributes(contract: Contract) -> str:
    """How Redshift spreads and sorts the rows: by day where there are days, else by the key."""
    order = contract.partition_by or contract.keys
    return _distribution(contract) + (f" SORTKEY ({identifiers(order)})" if order else "")


def _column_line(column: Column) -> str:
    return f"    {identifier(column.name)} {column_type(column)}{' NOT NULL' if column.required else ''}"


def _comments(contract: Contract) -> list[str]:
    table = identifier(contract.name)
    about = f"{contract.description}. One row: {contract.grain}. Owner: {contract.owner}"
    return [f"COMMENT ON TABLE {table} IS {text(about)}"] + [
        f"COMMENT ON COLUMN {table}.{identifier(c.name)} IS {text(c.description)}" for c in contract.columns
    ]


def _indexes(contract: Contract) -> list[str]:
    """PostgreSQL's index on the day of a table without a key; a primary key begins with the day and is one itself."""
    if contract.keys or not contract.partition_by:
        return []
    name = identifier(f"{contract.name}_por_{contract.partition_by[0]}")
    return [f"CREATE INDEX IF NOT EXISTS {name} ON {identifier(contract.name)} ({identifiers(contract.partition_by)})"]


def statements(contract: Contract, dialect: Dialect = "redshift") -> list[str]:
    """The statements that create one table where it is missing and describe it.

    Redshift takes a primary key as a hint and doesn't enforce it; PostgreSQL does. The loader checks keys on both.
    PostgreSQL gets an index where Redshift has its sort key: a day's load must not read the years before it.
    """
    lines = [_column_line(column) for column in contract.columns]
    if contract.keys:
        lines.append(f"    PRIMARY KEY ({identifiers(contract.keys)})")
    create = f"CREATE TABLE IF NOT EXISTS {identifier(contract.name)} (\n" + ",\n".join(lines) + "\n)"
    if dialect == "redshift":
        return [f"{create}\n{_attributes(contract)}", *_comments(contract)]
    return [create, *_indexes(contract), *_comments(contract)]


def ddl(contract: Contract) -> str:
    """One table of Redshift's as a script: CREATE TABLE, then its comments."""
    return ";\n".join(statements(contract)) + ";\n"


def schema(folder: Path | None = None) -> str:
    """The whole warehouse on Redshift as a script.

    Args:
        folder: where the contracts lie; the project's unless given.
    """
    return "\n".join([HEADER, *(ddl(contract) for contract in warehouse_contracts(folder))])


if __name__ == "__main__":
    sys.stdout.write(schema())
