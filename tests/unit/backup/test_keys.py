import pytest

from acude.backup_keys import Key, KeyRing, draw
from acude.errors import AcudeError
from acude.local.environment import ensure_local_env
from acude.settings import Settings

A, B, C = "a" * 32, "b" * 32, "c" * 32


def test_keys_are_read_as_they_are_written() -> None:
    ring = KeyRing.parse(f"k2:{B},k1:{A}")

    assert KeyRing.parse(ring.text()) == ring
    assert ring.newest == Key("k2", B)


@pytest.mark.parametrize("text", ["k1", "k1:short", f"chave:{A}", f"k1:{A},k1:{B}", f"{A}", f"k0:{A}"])
def test_what_can_not_be_read_is_refused_without_showing_a_key(text: str) -> None:
    with pytest.raises(AcudeError) as refused:
        KeyRing.parse(text)
    assert A not in str(refused.value)
    assert "ACUDE_BACKUP_KEYS can't be read" in refused.value.found


def test_without_a_key_there_is_no_backup() -> None:
    with pytest.raises(AcudeError, match="ACUDE_BACKUP_KEYS has no key"):
        KeyRing.parse("")


def test_a_new_key_comes_first_and_the_old_ones_stay() -> None:
    ring = KeyRing.parse(f"k2:{B},k1:{A}")
    rotated = ring.rotated()

    assert rotated.names == "k3, k2, k1"
    assert list(rotated.keys[1:]) == list(ring.keys)
    assert rotated.newest.secret not in {A, B}


def test_drawn_keys_differ_and_do_not_show() -> None:
    one, other = draw("k1"), draw("k1")

    assert one.secret != other.secret
    assert one.secret not in repr(KeyRing([one]))


def test_a_start_draws_a_key_once_and_loses_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    var = tmp_path_factory.mktemp("var")
    bare = Settings(_env_file=None).model_copy(update={"var": var})  # type: ignore[call-arg]
    first = ensure_local_env(bare)
    drawn = KeyRing.parse(first.backup_keys.get_secret_value())
    path = var / "local.env"
    path.write_text(path.read_text().replace(f"{drawn.text()}", drawn.rotated().text()))

    # One with settings from before the rotation, and one that has read nothing yet.
    for config in (first, bare):
        later = KeyRing.parse(ensure_local_env(config).backup_keys.get_secret_value())
        assert later.names == "k2, k1"
        assert later.keys[1] == drawn.newest
