"""Runs a migration's SQL as it stands in its file."""

from pathlib import Path

from alembic import op


def run(migration: str) -> None:
    """Runs the SQL file of a migration's name, or writes it where a script is written.

    Args:
        migration: the migration's own file.
    """
    text = Path(migration).with_suffix(".sql").read_text(encoding="utf-8")
    if op.get_context().as_sql:
        # A word after a colon would be a parameter; the script gets a semicolon after each statement.
        op.execute(text.strip().removesuffix(";").replace(":", r"\:"))
    else:
        # Without parameters the driver sends the text as it is, whatever percent signs and semicolons are in it.
        op.get_bind().execution_options(no_parameters=True).exec_driver_sql(text)
