import gzip
from collections import Counter
from pathlib import Path

import pytest

from acude.contracts import dimension
from tests import retail


def test_every_product_has_a_known_category() -> None:
    assert {product.categoria for product in dimension.load().values()} <= set(dimension.known_categories())


def test_the_simulated_products_have_a_text_and_a_price() -> None:
    simulated = [product for product in dimension.load().values() if product.preco is not None]
    assert [product.id_produto for product in simulated] == [f"p{number}" for number in range(1, 201)]
    assert all(product.descricao and product.preco > 0 for product in simulated if product.preco is not None)
    assert len({product.descricao for product in simulated}) == 200


def test_the_lookup_has_one_row_a_product() -> None:
    lookup = dimension.categories()
    assert lookup.column_names == ["id_produto", "categoria"]
    assert max(Counter(lookup["id_produto"].to_pylist()).values()) == 1


def test_the_file_stays_small() -> None:
    assert dimension.path().stat().st_size < 150_000


@pytest.mark.parametrize(
    ("code", "description", "category"),
    [
        ("22086", "PAPER CHAIN KIT 50'S CHRISTMAS", "natal"),
        ("85123A", "WHITE HANGING HEART T-LIGHT HOLDER", "iluminacao"),
        ("71053", "WHITE METAL LANTERN", "iluminacao"),
        ("85099B", "JUMBO BAG RED RETROSPOT", "bolsas"),
        ("POST", "POSTAGE", "servicos"),
        ("m", "Manual", "servicos"),
        ("AMAZONFEE", "AMAZON FEE", "servicos"),
        ("99999", "WHOLLY UNHEARD OF", "outros"),
    ],
)
def test_the_first_rule_with_a_word_of_the_description_decides(code: str, description: str, category: str) -> None:
    assert dimension.category_of(code, description) == category


def test_a_product_is_named_by_its_most_frequent_description_in_capitals(tmp_path: Path) -> None:
    lines = "StockCode,Description\n1,RED MUG\n1,RED MUG\n1,CHRISTMAS MUG\n1,damaged\n1,damaged\n1,damaged\n2,\n"
    (tmp_path / "2010-12-01.csv.gz").write_bytes(gzip.compress(lines.encode()))
    assert dimension.derive(tmp_path) == [dimension.Product("1", "cozinha")]


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(dimension.DimensionError, match="Online Retail"):
        dimension.derive(tmp_path)


def test_a_category_that_nobody_knows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / "produtos.csv"
    wrong.write_text("id_produto,descricao,categoria,preco\n1,,cosinha,\n")
    monkeypatch.setattr(dimension, "path", lambda: wrong)
    monkeypatch.setattr(dimension, "known_categories", lambda: ("cozinha", "outros"))
    dimension.load.cache_clear()
    with pytest.raises(dimension.DimensionError, match="cosinha"):
        dimension.load()
    dimension.load.cache_clear()


@pytest.mark.retail
@retail.needed
def test_the_file_is_what_the_rules_derive_from_the_real_files() -> None:
    kept = [product for product in dimension.load().values() if product.preco is None]
    assert dimension.derive(retail.FILES) == kept
