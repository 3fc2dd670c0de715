"""Every statement that may be sent to Redshift, as a grammar: whatever else is refused before it is sent.

There is no Redshift on one machine, and parsers of SQL in general take more than Redshift does (``COPY … BANANA``).
So each form that the loader and the schema use is written down here word by word, with typed holes: names, literals,
column types with Redshift's limits. ``%s`` stands for a value that the driver fills in.
Source of forms and limits: Amazon Redshift Database Developer Guide (COPY from columnar data formats, MERGE, LOCK,
CREATE TABLE, data types).
"""

import re

from acude.warehouse.sqlreader import Reader, RefusedError

VARCHAR_BYTES = 65535
DECIMAL_PRECISION = 38
DECIMAL_SCALE = 37
SORTKEY_COLUMNS = 400

_ANYTHING = re.compile(r".+", re.DOTALL)
_S3_MANIFEST = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.*()=/+-]+\.manifest\.json")
_ROLE = re.compile(r"arn:aws(?:-cn|-us-gov)?:iam::\d{12}:role/[\w+=,.@/-]+")
_PLAIN_TYPES = ("SMALLINT", "INTEGER", "BIGINT", "REAL", "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMPTZ")
_STYLES = ("AUTO", "EVEN", "ALL", "KEY")


def _column_type(read: Reader) -> None:
    if read.maybe("VARCHAR"):
        read.words("(")
        read.whole(1, VARCHAR_BYTES)
        read.words(")")
    elif read.maybe("DECIMAL"):
        read.words("(")
        precision = read.whole(1, DECIMAL_PRECISION)
        read.words(",")
        read.whole(0, min(precision, DECIMAL_SCALE))
        read.words(")")
    elif not read.maybe("DOUBLE PRECISION"):
        read.one_of(_PLAIN_TYPES, "one of Redshift's column types")


def _column(read: Reader) -> str:
    name = read.name()
    _column_type(read)
    read.maybe("NOT NULL")
    return name


def _columns_and_key(read: Reader) -> list[str]:
    """Column definitions, then perhaps the primary key over some of them."""
    columns = [_column(read)]
    while read.maybe(","):
        if read.maybe("PRIMARY KEY"):
            _known(read, read.listing(read.name), columns)
            break
        columns.append(_column(read))
    return columns


def _known(read: Reader, used: list[str], known: list[str]) -> None:
    for name in used:
        if name not in known:
            raise read.refuse(f"one of the columns {', '.join(known)} and not {name!r}")


def _create_table(read: Reader) -> None:
    read.words("CREATE TABLE IF NOT EXISTS")
    read.name()
    read.words("(")
    columns = _columns_and_key(read)
    read.words(")")
    style = read.one_of(_STYLES, "a distribution style") if read.maybe("DISTSTYLE") else "AUTO"
    if style == "KEY":
        read.words("DISTKEY (")
        _known(read, [read.name()], columns)
        read.words(")")
    if read.maybe("SORTKEY"):
        order = read.listing(read.name)
        _known(read, order, columns)
        if len(order) > SORTKEY_COLUMNS:
            raise read.refuse(f"at most {SORTKEY_COLUMNS} columns in the sort key")


def _create_temporary(read: Reader) -> None:
    read.words("CREATE TEMP TABLE")
    read.name()
    read.words("( LIKE")
    read.name()
    read.words(")")


def _comment(read: Reader) -> None:
    read.words("COMMENT ON")
    column = read.one_of(("TABLE", "COLUMN"), "TABLE or COLUMN") == "COLUMN"
    read.name()
    if column:
        read.words(".")
        read.name()
    read.words("IS")
    read.string(_ANYTHING, "the comment's text")


def _lock(read: Reader) -> None:
    read.words("LOCK TABLE")
    read.name()


def _copy(read: Reader) -> None:
    """Of the columnar COPY's few parameters only MANIFEST: no option of the text formats, no REGION, no keys."""
    read.words("COPY")
    read.name()
    read.words("FROM")
    read.string(_S3_MANIFEST, "the s3:// address of a .manifest.json file")
    read.words("IAM_ROLE")
    read.string(_ROLE, "the ARN of a role")
    read.words("FORMAT AS PARQUET MANIFEST")


def _select(read: Reader) -> None:
    """Counts and sums over one table, the count of repeated keys, or the columns that exist."""
    read.words("SELECT")
    if read.maybe("table_name"):
        read.words(", column_name FROM information_schema . columns WHERE table_schema = current_schema ( )")
        read.words("ORDER BY table_name , ordinal_position")
        return
    read.words("count ( * )")
    if read.maybe(","):
        read.words("sum (")
        read.name()
        read.words(")")
    read.words("FROM")
    if read.maybe("("):
        _repeated_keys(read)
    else:
        read.name()


def _repeated_keys(read: Reader) -> None:
    read.words("SELECT")
    columns = read.items(read.name)
    read.words("FROM")
    read.name()
    read.words("GROUP BY")
    _known(read, read.items(read.name), columns)
    read.words("HAVING count ( * ) > 1 ) AS")
    read.name()


def _qualified(read: Reader, table: str) -> str:
    """`table.column`: the column."""
    if read.name() != table:
        raise read.refuse(f"a column of {table!r} before this place")
    read.words(".")
    return read.name()


def _delete(read: Reader) -> None:
    """One period's rows, or the rows to which another table knows something newer."""
    read.words("DELETE FROM")
    target = read.name()
    if not read.maybe("USING"):
        read.words("WHERE")
        read.name()
        read.words("=")
        read.value()
        return
    other = read.name()
    read.words("WHERE")
    while True:
        _qualified(read, target)
        read.one_of(("=", "<"), "= or <")
        _qualified(read, other)
        if not read.maybe("AND"):
            return


def _insert(read: Reader) -> None:
    read.words("INSERT INTO")
    read.name()
    columns = read.listing(read.name)
    if read.maybe("SELECT"):
        given = len(read.items(read.name))
        read.words("FROM")
        read.name()
    else:
        read.words("VALUES")
        given = len(read.listing(read.value))
    if given != len(columns):
        raise read.refuse(f"as many values as columns ({len(columns)}, not {given})")


def _merge(read: Reader) -> None:
    """Redshift takes no alias of the target, no condition after MATCHED, and both clauses or none."""
    read.words("MERGE INTO")
    target = read.name()
    read.words("USING")
    source = read.name()
    read.words("ON")
    while True:
        _qualified(read, target)
        read.words("=")
        _qualified(read, source)
        if not read.maybe("AND"):
            break
    read.words("WHEN MATCHED THEN UPDATE SET")
    read.items(lambda: _assignment(read, source))
    read.words("WHEN NOT MATCHED THEN INSERT")
    columns = read.listing(read.name)
    read.words("VALUES")
    values = read.listing(lambda: _qualified(read, source))
    if len(values) != len(columns):
        raise read.refuse(f"as many values as columns ({len(columns)}, not {len(values)})")


def _assignment(read: Reader, source: str) -> None:
    read.name()
    read.words("=")
    _qualified(read, source)


def _drop(read: Reader) -> None:
    read.words("DROP TABLE")
    read.name()


_FORMS = {
    ("CREATE", "TABLE"): _create_table,
    ("CREATE", "TEMP"): _create_temporary,
    ("COMMENT",): _comment,
    ("LOCK",): _lock,
    ("COPY",): _copy,
    ("SELECT",): _select,
    ("DELETE",): _delete,
    ("INSERT",): _insert,
    ("MERGE",): _merge,
    ("DROP",): _drop,
}


def check(statement: str) -> str:
    """The statement itself, where Redshift is known to take it.

    Args:
        statement: one statement; ``%s`` where the driver fills in a literal.

    Raises:
        RefusedError: names the place, what is allowed there, and what was found.
    """
    read = Reader(statement)
    for words, form in _FORMS.items():
        if read.sees(*words):
            form(read)
            read.end()
            return statement
    raise RefusedError(
        f"no allowed statement begins like {statement[:60]!r}; the forms stand in acude.warehouse.allowlist"
    )
