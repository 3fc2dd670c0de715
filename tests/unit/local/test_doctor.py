from pathlib import Path

import pytest

from acude.local import doctor
from acude.settings import Settings


@pytest.mark.parametrize(("version", "good"), [((3, 11), True), ((3, 12), False), ((3, 10), False)])
def test_only_the_locked_python_will_do(version: tuple[int, int], *, good: bool) -> None:
    assert doctor.python_check(version).good is good


@pytest.mark.parametrize(("version", "good"), [(17, True), (25, True), (11, False), (None, False)])
def test_java_must_be_new_enough(version: int | None, *, good: bool) -> None:
    assert doctor.java_check(Path("/j/bin/java"), version).good is good


def test_no_java_says_how_to_get_one() -> None:
    check = doctor.java_check(None, None)

    assert not check.good
    assert "apt-get install openjdk-17" in check.advice


def test_a_nearly_full_disk_says_how_much_to_free() -> None:
    assert "Free 1.5 GB" in doctor.disk_check(Path("/v"), 0.5).advice
    assert doctor.disk_check(Path("/v"), 2.0).good
    assert "Free 8.0 GB" in doctor.disk_check(Path("/v"), 2.0, installed=False).advice


def test_a_foreign_port_names_its_holder_and_the_variable() -> None:
    check = doctor.ports_check([(9092, "kafka_port", "java (process 7)")])

    assert "9092 is taken by java (process 7)" in check.found
    assert "ACUDE_KAFKA_PORT" in check.advice


def test_a_missing_browser_is_no_obstacle_to_the_platform() -> None:
    check = doctor.browser_check(None)

    assert (check.good, check.needed) == (False, False)


def bound_to(bind: str, **more: str | bool) -> Settings:
    return Settings(_env_file=None, bind=bind, **more)  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize(
    ("config", "good"),
    [
        (bound_to("127.0.0.1"), True),
        (bound_to("127.0.0.2"), True),
        (bound_to("::1"), True),
        (bound_to("localhost"), True),
        (bound_to("0.0.0.0"), False),  # noqa: S104
        (bound_to("10.0.0.7"), False),
        (bound_to("shop.example"), False),
        (bound_to("0.0.0.0", kafka_username="acude"), False),  # noqa: S104
        (bound_to("0.0.0.0", kafka_open=False), True),  # noqa: S104
    ],
)
def test_kafkas_port_without_a_login_is_for_this_machine_alone(config: Settings, *, good: bool) -> None:
    check = doctor.bind_check(config)
    assert (check.good, check.needed) == (good, False)


@pytest.mark.parametrize(
    "check",
    [
        doctor.python_check((3, 9)),
        doctor.java_check(None, None),
        doctor.disk_check(Path("/"), 0),
        doctor.memory_check(1),
        doctor.jars_check(["a:b:1"]),
        doctor.ports_check([(1, "s3_port", "x")]),
        doctor.open_check(["kafka"]),
        doctor.bind_check(bound_to("0.0.0.0")),  # noqa: S104
        doctor.tool_check("git", None, "Install git."),
        doctor.browser_check(None),
        doctor.promtool_check(None),
    ],
    ids=lambda check: check.subject,
)
def test_whatever_is_missing_comes_with_advice(check: doctor.Check) -> None:
    assert not check.good
    assert check.advice
