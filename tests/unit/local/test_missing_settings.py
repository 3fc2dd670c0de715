"""A setting that is missing is said in a sentence, with what to do."""

from collections.abc import Callable
from typing import Any

import pytest

from acude.athena.__main__ import build
from acude.contracts.documents import tokens_of
from acude.errors import AcudeError
from acude.lake.session import batch_session
from acude.payments.audit_log import chain_keys
from acude.payments.velocity_store import connect_velocity_store
from acude.settings import Settings


@pytest.mark.parametrize(
    ("start", "missing"),
    [
        (tokens_of, {"document_key": ""}),
        (chain_keys, {"audit_keys": ""}),
        (connect_velocity_store, {"valkey_url": ""}),
        (
            connect_velocity_store,
            {"valkey_url": "redis://127.0.0.1:1/0", "velocity_key": ""},
        ),
        (batch_session, {"spark_remote": None}),
        (build, {"s3_access_key": None}),
    ],
)
def test_a_setting_that_is_missing_is_said_with_what_to_do(
    start: Callable[[Settings], object], missing: dict[str, Any]
) -> None:
    with pytest.raises(AcudeError) as caught:
        start(Settings(**missing))
    assert "acude up" in caught.value.next_step
