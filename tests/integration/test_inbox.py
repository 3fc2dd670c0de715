import gzip
import json
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acude import aws
from acude.cli import app
from acude.inbox.errors import UploadError
from acude.inbox.upload import Loaded, daily_files, load
from acude.local.platform import Platform
from acude.settings import Settings, settings
from acude.simulator import history

LINES = b"id_pedido,id_produto,descricao,quantidade,data,preco,id_usuario,regiao,moeda\n"


@pytest.fixture
def config(platform: Platform) -> Iterator[Settings]:
    """The platform with an inbox of the test's own."""
    bucket = f"inbox-{uuid.uuid4().hex[:12]}"
    kept = {name: getattr(platform.config, name) for name in platform.config.model_fields_set}
    changed = Settings.model_validate(kept | {"inbox_bucket": bucket})
    aws.s3(changed).create_bucket(Bucket=bucket)
    yield changed
    for key in keys(changed):
        aws.s3(changed).delete_object(Bucket=bucket, Key=key)
    aws.s3(changed).delete_bucket(Bucket=bucket)


def keys(config: Settings) -> list[str]:
    listed = aws.s3(config).list_objects_v2(Bucket=config.inbox_bucket).get("Contents", ())
    return sorted(item["Key"] for item in listed)


def put(config: Settings, folder: Path, *, replace: bool = False) -> Loaded:
    return load(config, daily_files(folder), "loja", replace=replace)


def test_each_file_lands_byte_for_byte_under_its_day(config: Settings, tmp_path: Path) -> None:
    history.generate(7, history.days_before(date(2026, 11, 20), 5), tmp_path)
    done = put(config, tmp_path)
    assert list(done.new) == keys(config)
    assert done.size == sum(file.path.stat().st_size for file in daily_files(tmp_path))
    for file in daily_files(tmp_path):
        body = aws.s3(config).get_object(Bucket=config.inbox_bucket, Key=file.key("loja"))["Body"].read()
        assert body == file.path.read_bytes()


def test_the_same_bytes_are_not_sent_again_and_changed_ones_are_named(config: Settings, tmp_path: Path) -> None:
    for day in (1, 2):
        (tmp_path / f"2026-11-0{day}.csv").write_bytes(LINES)
    put(config, tmp_path)
    (tmp_path / "2026-11-02.csv").write_bytes(LINES + b"P1,p1,x,1,2026-11-02 10:00:00,1.00,,SP,BRL\n")
    done = put(config, tmp_path)
    assert done.unchanged == ("vendas/loja/2026-11-01.csv",)
    assert done.changed == ("vendas/loja/2026-11-02.csv",)
    assert done.new == ()


def test_the_same_day_in_another_format_is_refused_by_both_names_and_nothing_is_uploaded(
    config: Settings, tmp_path: Path
) -> None:
    (tmp_path / "2026-11-02.csv").write_bytes(LINES)
    put(config, tmp_path)
    (tmp_path / "2026-11-02.csv").unlink()
    (tmp_path / "2026-11-01.csv").write_bytes(LINES)
    (tmp_path / "2026-11-02.csv.gz").write_bytes(gzip.compress(LINES))
    with pytest.raises(UploadError) as refusal:
        put(config, tmp_path)
    assert "2026-11-02.csv.gz" in refusal.value.found
    assert "vendas/loja/2026-11-02.csv " in refusal.value.found
    assert "--replace" in refusal.value.next_step
    assert keys(config) == ["vendas/loja/2026-11-02.csv"]
    done = put(config, tmp_path, replace=True)
    assert done.removed == ("vendas/loja/2026-11-02.csv",)
    assert keys(config) == ["vendas/loja/2026-11-01.csv", "vendas/loja/2026-11-02.csv.gz"]


def test_the_parts_of_a_day_take_the_place_of_its_file_and_of_earlier_parts(config: Settings, tmp_path: Path) -> None:
    (tmp_path / "2026-11-02.csv").write_bytes(LINES)
    put(config, tmp_path)
    (tmp_path / "2026-11-02.csv").unlink()
    (tmp_path / "2026-11-02").mkdir()
    for number in (1, 2):
        (tmp_path / "2026-11-02" / f"part-{number}.csv").write_bytes(LINES + str(number).encode())
    with pytest.raises(UploadError, match="holds the same day"):
        put(config, tmp_path)
    assert put(config, tmp_path, replace=True).removed == ("vendas/loja/2026-11-02.csv",)
    (tmp_path / "2026-11-02" / "part-2.csv").unlink()
    done = put(config, tmp_path, replace=True)
    assert (done.unchanged, done.removed) == (
        ("vendas/loja/2026-11-02/part-1.csv",),
        ("vendas/loja/2026-11-02/part-2.csv",),
    )
    assert keys(config) == list(done.unchanged)


def test_the_command_says_what_it_did_and_refuses_with_exit_code_2(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACUDE_INBOX_BUCKET", config.inbox_bucket)
    settings.cache_clear()
    folder = tmp_path / "Loja Velha"
    folder.mkdir()
    (folder / "vendas 2026-11-01.csv").write_bytes(LINES)
    (folder / "vendas 2026-11-02.csv").write_bytes(LINES)
    told = CliRunner().invoke(app, ["history", "load", str(folder), "--to", "2026-11-01", "--json"])
    assert told.exit_code == 0
    assert json.loads(told.stdout)["new"] == ["vendas/loja-velha/2026-11-01.csv"]
    (folder / "vendas.csv").write_bytes(LINES)
    refused = CliRunner().invoke(app, ["history", "load", str(folder)])
    assert refused.exit_code == 2
    settings.cache_clear()
