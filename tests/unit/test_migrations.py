"""What holds for every migration, without a database."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from acude.migrations.database import AUDIT, DECISIONS, SHOP, Database, script, steps

ALL = (AUDIT, DECISIONS, SHOP)
HERE = Path(__file__).parents[2] / "src" / "acude" / "migrations"


@pytest.mark.parametrize("database", ALL, ids=lambda one: one.name)
def test_each_step_is_an_sql_file_and_alembic_knows_them_in_that_order(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("version_locations", str(database.folder))
    config.set_main_option("path_separator", "newline")
    known = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    assert known[::-1] == steps(database) == [path.stem for path in sorted(database.folder.glob("v*.py"))]


def test_a_script_is_the_sql_as_it_stands_and_counts_it() -> None:
    text = script(AUDIT)
    assert (AUDIT.folder / "v0001_schema.sql").read_text().strip() in text
    assert "INSERT INTO auditoria.versao_esquema (version_num) VALUES ('v0001_schema')" in text
    assert text.index("CREATE SCHEMA") < text.index("CREATE TABLE auditoria.versao_esquema")


def test_a_script_leaves_out_what_was_applied() -> None:
    assert "TABLE" not in script(AUDIT, after=steps(AUDIT)[-1])


def test_colons_percent_signs_and_dollars_stay_in_a_script(tmp_path: Path) -> None:
    statement = r"SELECT 'a:b %s 50% \\: $1'::text, now() AT TIME ZONE 'UTC' -- so: it is"
    (tmp_path / "v0001.sql").write_text(f"{statement};\n")
    (tmp_path / "v0001.py").write_text(
        "from acude.migrations.statements import run\n"
        "revision, down_revision = 'v0001', None\n"
        "def upgrade():\n    run(__file__)\n"
    )
    assert f"\n{statement};\n" in script(Database("made up", tmp_path))
