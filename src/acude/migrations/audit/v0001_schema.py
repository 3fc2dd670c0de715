"""The schema that databases had before there were migrations. Repeatable, so that those are left as they are."""

from acude.migrations.statements import run

revision = "v0001_schema"
down_revision = None


def upgrade() -> None:
    """Runs the SQL beside this file."""
    run(__file__)
