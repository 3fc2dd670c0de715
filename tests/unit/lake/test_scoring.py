from acude.risk.policy import read
from acude.risk_history.scoring import ALLOWED, BLOCKED
from acude.settings import Settings


def test_what_was_listed_is_told_by_the_codes_of_the_list_signals() -> None:
    assert {signal.code for signal, _ in read(Settings().risk_policy).lists} == {BLOCKED, ALLOWED}
