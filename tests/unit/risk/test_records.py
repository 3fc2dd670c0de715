"""A payment's compact record."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acude.risk.payment import RECORD, Payment, record, values
from tests.unit.risk.pasts import payment


@given(
    st.builds(
        payment,
        valor=st.decimals("0.01", "99999999.99", places=2).map(str),
        operacao=st.sampled_from(["pagamento", "estorno"]),
        latitude=st.none() | st.floats(-90, 90),
        longitude=st.none() | st.floats(-180, 180),
        id_terminal=st.none() | st.text("abc1", min_size=1),
    )
)
def test_a_record_has_the_bytes_and_values_that_numpy_reads(one: Payment) -> None:
    packed = record(one)
    (row,) = np.frombuffer(packed, RECORD)
    assert values(packed) == pytest.approx({name: row[name].item() for name in RECORD.names or ()}, nan_ok=True, rel=0)
    assert np.array(tuple(values(packed).values()), RECORD).tobytes() == packed
