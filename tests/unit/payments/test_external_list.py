"""The external list's answers: a document is the same however the list writes it."""

from functools import partial
from unittest import mock

import httpx
import pytest

from acude.payments.blacklist import Blacklist
from acude.settings import Settings


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("52998224725", "529.982.247-25"),
        ("11222333000181", "11.222.333/0001-81"),
        ("12ABC34501DE35", "12abc34501de35"),
        ("12ABC34501DE35", "12.ABC.345/01DE-35"),
    ],
)
def test_a_document_is_listed_however_the_list_writes_it(asked: str, answered: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"listados": [answered]}))
    with mock.patch.object(httpx, "AsyncClient", partial(httpx.AsyncClient, transport=transport)):
        external = Blacklist(Settings(blacklist_url="http://lista/consulta"))
    try:
        assert external.ask([asked, "11144477735"], 1) == {asked: True, "11144477735": False}
    finally:
        external.close()
