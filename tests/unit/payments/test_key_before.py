"""How long the velocity store's former key is needed is said in one number: as long as payments are stored."""

from acude.payments.velocity_store import stored_for
from acude.production import _keys
from acude.settings import PROJECT, Settings

DAYS = f"{stored_for().days} days"


def test_what_an_operator_reads_is_how_long_payments_are_stored() -> None:
    described = Settings.model_fields["velocity_key_before"].description or ""
    one = Settings(_env_file=None, document_key="k" * 32, velocity_key="k" * 32)  # type: ignore[call-arg,arg-type]
    (advice,) = (said for said in _keys(one) if "velocity_key_before".upper() in said)
    operations = (PROJECT / "docs" / "operations.md").read_text()
    (row,) = (line for line in operations.splitlines() if "`ACUDE_VELOCITY_KEY_BEFORE`, the new one" in line)
    assert [DAYS in text for text in (described, advice, row)] == [True] * 3
