# ruff: noqa: S608 (patterns, never sent)
"""The SQL that Redshift is known to take, as patterns: there is no Redshift on one machine.

Parsers of SQL take more than Redshift does (`COPY ... BANANA`), so each form that the loader and the schema use stands
here word by word. A statement of another form needs a pattern of its own, written from the guide.
Source of forms and limits: Amazon Redshift Database Developer Guide (COPY from columnar data formats, MERGE, LOCK,
CREATE TABLE, data types).
"""

import re

from acude.contracts.redshift import RESERVED

VARCHAR_BYTES = 65535
DECIMAL_PRECISION = 38
DECIMAL_SCALE = 37
SORTKEY_COLUMNS = 400

_TOKEN = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|\w+|%s|--[^\n]*|\s+|.""", re.DOTALL)
"""A text, a quoted name, a word, a place for the driver's value, a comment, space, or a sign."""

NAME = rf'(?:"[a-z_][a-z0-9_]{{0,126}}"|(?!(?:{"|".join(RESERVED)})\b)[a-z_][a-z0-9_]{{0,126}}\b)'
NAMES = f"{NAME}(?: , {NAME})*"
TEXT = r"'(?:[^'\\]|'')+'"
MANIFEST = r"'s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.*()=/+-]+\.manifest\.json'"
ROLE = r"'arn:aws(?:-cn|-us-gov)?:iam::\d{12}:role/[\w+=,.@/-]+'"
TYPE = (
    r"(?:SMALLINT|INTEGER|BIGINT|REAL|DOUBLE PRECISION|BOOLEAN|DATE|TIMESTAMPTZ|TIMESTAMP"
    r"|VARCHAR \( \d+ \)|DECIMAL \( \d+ , \d+ \))"
)
COLUMN = rf"{NAME} {TYPE}(?: NOT NULL)?"
FROM_SOURCE = rf"(?P=source) \. {NAME}"
SAME = rf"(?P=target) \. {NAME} = {FROM_SOURCE}"

FORMS = (
    (
        rf"CREATE TABLE IF NOT EXISTS {NAME} \( (?P<columns>{COLUMN}(?: , {COLUMN})*)"
        rf"(?: , PRIMARY KEY \( (?P<keys>{NAMES}) \))? \)"
        rf"(?: DISTSTYLE (?:AUTO|EVEN|ALL|KEY DISTKEY \( (?P<spread>{NAME}) \)))?(?: SORTKEY \( (?P<order>{NAMES}) \))?"
    ),
    rf"CREATE TEMP TABLE {NAME} \( LIKE {NAME} \)",
    rf"COMMENT ON (?:TABLE {NAME}|COLUMN {NAME} \. {NAME}) IS {TEXT}",
    rf"LOCK TABLE {NAME}",
    # A columnar COPY takes no option of the text formats, no REGION and no keys.
    rf"COPY {NAME} FROM {MANIFEST} IAM_ROLE {ROLE} FORMAT AS PARQUET MANIFEST",
    (
        r"SELECT table_name , column_name FROM information_schema \. columns WHERE table_schema = current_schema \( \)"
        r" ORDER BY table_name , ordinal_position"
    ),
    rf"SELECT count \( \* \)(?: , sum \( {NAME} \))? FROM {NAME}",
    (
        rf"SELECT count \( \* \) FROM \( SELECT (?P<keys>{NAMES}) FROM {NAME} GROUP BY (?P=keys)"
        rf" HAVING count \( \* \) > 1 \) AS {NAME}"
    ),
    rf"DELETE FROM {NAME} WHERE {NAME} = (?:%s|{TEXT})",
    (
        rf"DELETE FROM (?P<target>{NAME}) USING (?P<source>{NAME})"
        rf" WHERE {SAME}(?: AND {SAME})*(?: AND (?P=target) \. {NAME} < {FROM_SOURCE})?"
    ),
    rf"INSERT INTO {NAME} \( (?P<names>{NAMES}) \) SELECT (?P<values>{NAMES}) FROM {NAME}",
    rf"INSERT INTO {NAME} \( (?P<names>{NAMES}) \) VALUES \( (?P<values>%s(?: , %s)*) \)",
    # Redshift's MERGE takes no alias of the target, no condition after MATCHED, and both clauses or none.
    (
        rf"MERGE INTO (?P<target>{NAME}) USING (?P<source>{NAME}) ON {SAME}(?: AND {SAME})*"
        rf" WHEN MATCHED THEN UPDATE SET {NAME} = {FROM_SOURCE}(?: , {NAME} = {FROM_SOURCE})*"
        rf" WHEN NOT MATCHED THEN INSERT \( (?P<names>{NAMES}) \)"
        rf" VALUES \( (?P<values>{FROM_SOURCE}(?: , {FROM_SOURCE})*) \)"
    ),
    rf"DROP TABLE {NAME}",
)


def split(script: str) -> list[str]:
    """The statements of a script, with one space between tokens and without comments and semicolons."""
    parts: list[list[str]] = [[]]
    for token in _TOKEN.findall(script):
        if token == ";":
            parts.append([])
        elif not token.isspace() and not token.startswith("--"):
            parts[-1].append(token)
    return [" ".join(part) for part in parts if part]


def assert_redshift_takes(statement: str) -> None:
    """Fails unless this is one statement, of a known form and within Redshift's limits."""
    parts = split(statement)
    assert len(parts) == 1, f"expected one statement, found {len(parts)}: {statement!r}"
    matches = [found for found in (re.fullmatch(form, parts[0]) for form in FORMS) if found]
    assert matches, f"no known form of Redshift's fits {parts[0]!r}; the forms stand in {__name__}"
    groups = {name: value or "" for name, value in matches[0].groupdict().items()}
    if "columns" in groups:
        _assert_table_fits(parts[0], groups)
    if "names" in groups:
        names, values = _items(groups["names"]), _items(groups["values"])
        assert len(names) == len(values), f"{len(values)} values for {len(names)} columns: {parts[0]!r}"


def _assert_table_fits(statement: str, groups: dict[str, str]) -> None:
    columns = {column.split(" ", 1)[0] for column in re.findall(COLUMN, groups["columns"])}
    order = _items(groups["order"])
    unknown = {*_items(groups["keys"]), *_items(groups["spread"]), *order} - columns
    assert not unknown, f"{unknown} are no columns of this table: {statement!r}"
    assert len(order) <= SORTKEY_COLUMNS, f"a sort key holds {SORTKEY_COLUMNS} columns: {statement!r}"
    for length in re.findall(r"VARCHAR \( (\d+)", groups["columns"]):
        assert 1 <= int(length) <= VARCHAR_BYTES, f"VARCHAR({length}) has not 1 to {VARCHAR_BYTES} bytes"
    for precision, scale in re.findall(r"DECIMAL \( (\d+) , (\d+)", groups["columns"]):
        assert 1 <= int(precision) <= DECIMAL_PRECISION, f"DECIMAL({precision}, {scale}): too many digits"
        assert int(scale) <= min(int(precision), DECIMAL_SCALE), f"DECIMAL({precision}, {scale}): too many decimals"


def _items(listed: str) -> list[str]:
    return listed.split(" , ") if listed else []
