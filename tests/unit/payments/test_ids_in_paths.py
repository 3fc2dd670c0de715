"""A payment's id is a part of the API's paths: what clients leave out of a path is no id."""

from datetime import UTC, datetime

import httpx
import orjson
import pytest

from acude.contracts.decoder import Decoder
from acude.contracts.fields import Refused
from acude.contracts.model import table
from tests.unit.payments.test_refused_attempts import PAYMENT


def decoded(name: str) -> str:
    now = datetime.now(UTC)
    payment = PAYMENT | {"id_transacao": name, "timestamp": now.isoformat()}
    return str(Decoder(table("topics.transacoes")).one(orjson.dumps(payment), now)["id_transacao"])


@pytest.mark.parametrize("name", [".", "..", ".a", "", "a/b", "a" * 65])
def test_a_name_that_no_path_holds_is_no_id(name: str) -> None:
    with pytest.raises(Refused, match="id_transacao"):
        decoded(name)


@pytest.mark.parametrize("name", ["a", "a.", "-", "_", "+.", "a..b", "A:1@b+c-d_e.f", "a" * 64])
def test_any_other_name_is_found_under_its_path(name: str) -> None:
    assert decoded(name) == name
    assert httpx.URL("http://x/transacoes/").join(f"/transacoes/{name}").path == f"/transacoes/{name}"
