from hypothesis import given
from hypothesis import strategies as st

from acude.payments.trace_ids import drawn, of_place, of_traceparent, traceparent

ID = "0af7651916cd43dd8448eb211c80319c"


def test_a_trace_id_goes_there_and_back() -> None:
    trace = drawn()
    assert of_traceparent(traceparent(trace)) == trace


def test_what_is_no_traceparent_has_no_trace_id() -> None:
    for header in (
        None,
        "",
        ID,
        f"00-{ID}-b7ad6b7169203331",
        f"ff-{ID}-b7ad6b7169203331-01",
        f"00-{ID}-0000000000000000-01",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{ID.upper()}-b7ad6b7169203331-01",
        f"00-{ID}-b7ad6b7169203331-01-more",
        f"00-{ID}-b7ad6b7169203331-01\n",
    ):
        assert of_traceparent(header) is None, header


def test_a_later_version_may_have_more() -> None:
    assert of_traceparent(f"01-{ID}-b7ad6b7169203331-01-more") == ID


def test_an_id_of_another_form_is_not_passed_on() -> None:
    assert traceparent("order-17") is None


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    found = of_traceparent(text)
    assert found is None or len(found) == 32


def test_a_place_has_one_trace_id_and_another_place_another() -> None:
    assert of_place("transacoes/1/2", 5) == of_place("transacoes/1/2", 5)
    assert len({of_place(place, ms) for place in ("transacoes/1/2", "transacoes/12/2") for ms in (5, 6)}) == 4
