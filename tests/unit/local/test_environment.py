import stat
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr

from acude.local.environment import ensure_local_env, has_tls, local_values
from acude.local.errors import PlatformError
from acude.settings import Settings


def bare(**given: object) -> Settings:
    """Settings of a machine on which nothing was ever started."""
    return Settings(_env_file=None).model_copy(update=given)  # type: ignore[call-arg]


def test_secrets_are_drawn_once_and_kept(tmp_path: Path) -> None:
    first = ensure_local_env(bare(var=tmp_path))
    second = ensure_local_env(bare(var=tmp_path))

    assert first.s3_secret_key
    assert (first.s3_secret_key, first.airflow_dsn) == (second.s3_secret_key, second.airflow_dsn)
    assert (first.airflow_fernet_key, first.spark_connect_token) == (
        second.airflow_fernet_key,
        second.spark_connect_token,
    )


def test_the_velocity_store_keeps_the_documents_key_that_named_it_and_has_its_own_from_the_start_otherwise(
    tmp_path: Path,
) -> None:
    first = ensure_local_env(bare(var=tmp_path))
    assert first.velocity_key.get_secret_value()
    assert first.velocity_key != first.document_key
    old = {"ACUDE_DOCUMENT_KEY": "d" * 32}
    assert local_values(bare(), old)["velocity_key"] == "d" * 32
    later = local_values(bare(), {"ACUDE_DOCUMENT_KEY": "e" * 32, "ACUDE_VELOCITY_KEY": "d" * 32})
    assert (later["document_key"], later["velocity_key"]) == ("e" * 32, "d" * 32)


def test_two_platforms_draw_different_secrets(tmp_path: Path) -> None:
    one, other = ensure_local_env(bare(var=tmp_path / "1")), ensure_local_env(bare(var=tmp_path / "2"))

    assert one.airflow_password != other.airflow_password


def test_endpoints_follow_the_ports() -> None:
    values = local_values(bare(s3_port=1111, postgres_port=2222, spark_connect_port=3333, kafka_login_port=4444), {})

    assert values["s3_endpoint"] == "http://127.0.0.1:1111"
    assert values["warehouse_dsn"].endswith("@127.0.0.1:2222/warehouse")
    assert values["spark_remote"].startswith("sc://localhost:3333/;token=")
    assert values["kafka_bootstrap"] == "127.0.0.1:4444"


def test_a_moved_port_stays_moved(tmp_path: Path) -> None:
    ensure_local_env(bare(var=tmp_path, kafka_login_port=1234))
    later = Settings(_env_file=tmp_path / "local.env")  # type: ignore[call-arg]

    assert (later.kafka_login_port, later.kafka_bootstrap) == (1234, "127.0.0.1:1234")
    assert later.glue_port == Settings.model_fields["glue_port"].default


def test_a_shell_that_sources_the_file_reads_what_acude_reads(tmp_path: Path) -> None:
    ensure_local_env(bare(var=tmp_path, local_tls=True))
    path = tmp_path / "local.env"
    path.write_text(path.read_text() + 'ACUDE_RISK_OWN_TOPICS=["pix"]\n')
    ensure_local_env(bare(var=tmp_path, local_tls=True))
    # Null bytes between: a value may hold anything else.
    sourced = subprocess.run(
        ["bash", "-c", f"set -a; . {path}; env -0"], env={}, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    found = dict(line.split("=", 1) for line in sourced if line.startswith("ACUDE_"))

    assert found == dotenv_values(path)
    assert (found["ACUDE_RISK_OWN_TOPICS"], found["ACUDE_RISK_DSN"].count("sslrootcert")) == ('["pix"]', 1)


def test_a_line_that_somebody_added_stays(tmp_path: Path) -> None:
    ensure_local_env(bare(var=tmp_path))
    path = tmp_path / "local.env"
    path.write_text(path.read_text() + "ACUDE_DOCUMENT_KEY_ID=k2\nACUDE_TRAFFIC_RATE=5\n")
    ensure_local_env(bare(var=tmp_path))
    later = Settings(_env_file=path)  # type: ignore[call-arg]

    assert (later.document_key_id, later.traffic_rate) == ("k2", 5)


def test_a_port_whose_setting_has_another_name_now_stops_nothing_and_goes(tmp_path: Path) -> None:
    ensure_local_env(bare(var=tmp_path))
    path = tmp_path / "local.env"
    path.write_text(path.read_text() + "ACUDE_RISK_DOOR_PORT=9999\n")
    before = Settings(_env_file=path)  # type: ignore[call-arg]

    assert before.risk_api_metrics_port == Settings.model_fields["risk_api_metrics_port"].default
    ensure_local_env(bare(var=tmp_path))
    assert "RISK_DOOR_PORT" not in path.read_text()


def test_a_line_that_is_no_setting_is_said_with_what_to_do(tmp_path: Path) -> None:
    ensure_local_env(bare(var=tmp_path))
    path = tmp_path / "local.env"
    path.write_text(path.read_text() + "ACUDE_TRAFIC_RATE=5\n")
    before = path.read_text()

    with pytest.raises(PlatformError, match=r"local\.env .* ACUDE_TRAFIC_RATE") as caught:
        ensure_local_env(bare(var=tmp_path))
    assert "`acude up`" in caught.value.next_step
    assert path.read_text() == before


def test_the_line_of_tls_from_before_it_was_three_settings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "local.env").write_text("ACUDE_TLS=true\nACUDE_TLS_AUTHORITY=/a.pem\n")
    with pytest.raises(PlatformError, match="name no setting: ACUDE_TLS\\."):
        ensure_local_env(bare(var=tmp_path))


def test_clients_of_the_local_servers_are_told_whether_they_speak_tls(tmp_path: Path) -> None:
    def told(config: Settings) -> tuple[bool, bool, bool]:
        return config.local_tls, config.kafka_tls, config.spark_encryption

    on = ensure_local_env(bare(var=tmp_path, local_tls=True))
    assert told(on) == told(Settings(_env_file=tmp_path / "local.env")) == (True,) * 3  # type: ignore[call-arg]
    off = ensure_local_env(on.model_copy(update={"local_tls": False}))
    assert told(off) == told(Settings(_env_file=tmp_path / "local.env")) == (False,) * 3  # type: ignore[call-arg]


def test_a_moved_port_keeps_the_databases_password() -> None:
    before = local_values(bare(postgres_port=1000), {})
    after = local_values(bare(postgres_port=2000), {"ACUDE_SHOP_DSN": before["shop_dsn"]})

    assert after["shop_dsn"] == before["shop_dsn"].replace(":1000/", ":2000/")


def test_a_secret_that_is_set_wins_over_the_file() -> None:
    values = local_values(bare(airflow_password=SecretStr("chosen")), {"ACUDE_AIRFLOW_PASSWORD": "drawn"})

    assert values["airflow_password"] == "chosen"


def test_the_file_is_private_and_the_settings_read_it(tmp_path: Path) -> None:
    config = ensure_local_env(bare(var=tmp_path))
    path = tmp_path / "local.env"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Settings(_env_file=path).s3_access_key == config.s3_access_key  # type: ignore[call-arg]


def test_settings_do_not_show_secrets(tmp_path: Path) -> None:
    config = ensure_local_env(bare(var=tmp_path))

    assert config.spark_connect_token.get_secret_value() not in repr(config)
    assert config.airflow_dsn.get_secret_value() not in repr(config)


def cluster(known: dict[str, str], **given: object) -> dict[str, str]:
    """The lines about Spark's cluster, by field name."""
    names = ("spark_workers", "spark_master", "spark_cores")
    found = local_values(bare(**given), known)
    return {name: found[name] for name in names if name in found}


TWO_WORKERS = {
    "ACUDE_SPARK_WORKERS": "2",
    "ACUDE_SPARK_MASTER": "spark://127.0.0.1:7077",
    "ACUDE_SPARK_CORES": "2",
}


def as_read(known: dict[str, str]) -> dict[str, object]:
    """The same lines as settings have them."""
    return {
        "spark_workers": int(known["ACUDE_SPARK_WORKERS"]),
        "spark_master": known["ACUDE_SPARK_MASTER"],
        "spark_cores": int(known["ACUDE_SPARK_CORES"]),
    }


def test_a_cluster_has_as_many_cores_as_its_workers_and_its_end_leaves_nothing_of_it() -> None:
    three = {"spark_workers": "3", "spark_master": "spark://127.0.0.1:8077", "spark_cores": "3"}
    assert cluster(TWO_WORKERS, **as_read(TWO_WORKERS) | {"spark_workers": 3, "spark_master_port": 8077}) == three
    usual = {"spark_workers": "0", "spark_master": "local[*]", "spark_cores": "0"}
    assert cluster(TWO_WORKERS, **as_read(TWO_WORKERS) | {"spark_workers": 0}) == usual


def test_no_cluster_is_started_beside_a_master_of_the_users_own() -> None:
    cases: list[tuple[dict[str, str], dict[str, object]]] = [
        ({}, {"spark_workers": 2}),
        (TWO_WORKERS, as_read(TWO_WORKERS)),
    ]
    for known, given in cases:
        with pytest.raises(PlatformError, match="ACUDE_SPARK_MASTER names a Spark of your own"):
            cluster(known, **given | {"spark_master": "yarn"})
    assert cluster({}, spark_master="yarn") == {}
    ended = cluster(TWO_WORKERS, **as_read(TWO_WORKERS) | {"spark_workers": 0, "spark_master": "yarn"})
    assert ended["spark_master"] == "yarn"


def test_how_many_cores_a_driver_takes_is_the_users_to_say() -> None:
    assert cluster({}, spark_workers=4, spark_cores=3)["spark_cores"] == "3"
    four = TWO_WORKERS | {"ACUDE_SPARK_CORES": "4"}
    assert cluster(four, **as_read(four))["spark_cores"] == "4"


@pytest.mark.parametrize(
    ("line", "on"),
    [
        ("", False),
        ("ACUDE_LOCAL_TLS=\n", False),
        ("ACUDE_LOCAL_TLS=false\n", False),
        ("ACUDE_LOCAL_TLS=true\n", True),
        ("ACUDE_LOCAL_TLS=1\n", True),
    ],
)
def test_a_start_with_tls_is_known_by_the_lines_value(tmp_path: Path, line: str, *, on: bool) -> None:
    (tmp_path / "local.env").write_text(line)
    assert has_tls(bare(var=tmp_path)) is on
