"""The product dimension, contracts/dimensions/produtos.csv: each product's category, and how that was derived.

Rows of the simulated shop (`p1` to `p200`) are kept by hand and carry description, category and BRL price. The other
rows give real Online Retail products a category, derived from their description by the ordered rules of
categorias.yaml; see docs/dimension.md. To derive them again: `python -m acude.contracts.dimension FOLDER`.
"""

import csv
import gzip
import io
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import yaml

from acude.errors import AcudeError
from acude.settings import settings

SERVICE = "servicos"
UNKNOWN = "outros"
"""Category of every product that the dimension doesn't list."""

SERVICES = frozenset({"POST", "DOT", "D", "M", "S", "B", "C2", "CRUK", "PADS", "AMAZONFEE", "BANK CHARGES"})
"""Online Retail codes that are postage, discounts, fees and manual corrections, not goods."""

_SIMULATED = re.compile(r"p\d+")
_HEADER = ("id_produto", "descricao", "categoria", "preco")


class DimensionError(AcudeError):
    """A row of the dimension's file can't be used; the error names it and the reason."""


@dataclass(frozen=True)
class Product:
    """One row; `descricao` and `preco` (BRL) are None for products that only have a category."""

    id_produto: str
    categoria: str
    descricao: str | None = None
    preco: Decimal | None = None


def path() -> Path:
    """Where the dimension lies."""
    return settings().contracts / "dimensions" / "produtos.csv"


@lru_cache(maxsize=1)
def _rules() -> dict[str, re.Pattern[str]]:
    """The words of each category, in the order in which they are tried."""
    text = path().with_name("categorias.yaml").read_text(encoding="utf-8")
    return {name: re.compile(rf"\b(?:{'|'.join(words)})\b") for name, words in yaml.safe_load(text).items()}


def known_categories() -> tuple[str, ...]:
    """Every category that a product can have."""
    return (*_rules(), SERVICE, UNKNOWN)


@lru_cache(maxsize=1)
def load() -> dict[str, Product]:
    """All products by id.

    Raises:
        DimensionError: a category is not one of `known_categories()`, or an id stands there twice.
    """
    products: dict[str, Product] = {}
    known = known_categories()
    with path().open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            product = Product(
                row["id_produto"],
                row["categoria"],
                row["descricao"] or None,
                Decimal(row["preco"]) if row["preco"] else None,
            )
            if product.categoria not in known:
                raise DimensionError(
                    f"{path()}: {product.id_produto} has category {product.categoria!r}; known are {', '.join(known)}"
                )
            if product.id_produto in products:
                raise DimensionError(f"{path()}: {product.id_produto} stands there twice; keep one row")
            products[product.id_produto] = product
    return products


def categories() -> pa.Table:
    """The lookup for a join: `id_produto` string, `categoria` string, one row per known product."""
    products = load().values()
    return pa.table(
        {
            "id_produto": [product.id_produto for product in products],
            "categoria": [product.categoria for product in products],
        },
        schema=pa.schema([("id_produto", pa.string()), ("categoria", pa.string())]),
    )


def category_of(code: str, description: str) -> str:
    """Category of an Online Retail product.

    >>> category_of("22086", "PAPER CHAIN KIT 50'S CHRISTMAS")
    'natal'
    >>> category_of("21212", "PACK OF 72 RETROSPOT CAKE CASES")
    'cozinha'
    >>> category_of("POST", "POSTAGE")
    'servicos'
    """
    if code.upper() in SERVICES:
        return SERVICE
    text = description.upper()
    return next((name for name, words in _rules().items() if words.search(text)), UNKNOWN)


def derive(folder: Path) -> list[Product]:
    """Categories of the Online Retail products, by id, those that stay `outros` left out.

    Args:
        folder: the daily files (`*.csv.gz` or `*.csv`) with StockCode and Description columns.
    """
    descriptions: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (code, description), times in Counter(_lines(folder)).items():
        # Lower-case descriptions are stock clerks' notes ("damaged", "check"), not names.
        if description == description.upper() and description.strip():
            descriptions[code][" ".join(description.split())] += times
        else:
            descriptions[code].update(())
    found = (Product(code, category_of(code, _most_frequent(names))) for code, names in sorted(descriptions.items()))
    return [product for product in found if product.categoria != UNKNOWN]


def _most_frequent(names: Counter[str]) -> str:
    """The most frequent name; the first by alphabet among equals, so that a second derivation gives the same."""
    return min(names, key=lambda name: (-names[name], name)) if names else ""


def _lines(folder: Path) -> Iterator[tuple[str, str]]:
    files = sorted([*folder.glob("*.csv.gz"), *folder.glob("*.csv")])
    if not files:
        raise DimensionError(f"{folder} holds no *.csv.gz and no *.csv; name the folder of the Online Retail files")
    for file in files:
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        header, *rows = csv.reader(io.StringIO(content.decode("utf-8")))
        code, description = header.index("StockCode"), header.index("Description")
        yield from ((row[code], row[description]) for row in rows if row)


def write(products: Iterable[Product], target: Path) -> None:
    """Write a dimension file, in the order given."""
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEADER)
        writer.writerows((p.id_produto, p.descricao or "", p.categoria, p.preco or "") for p in products)


if __name__ == "__main__":
    simulated = [product for product in load().values() if _SIMULATED.fullmatch(product.id_produto)]
    write([*simulated, *derive(Path(sys.argv[1]))], path())
