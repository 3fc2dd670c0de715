"""The layouts of a sales file, known by their header."""

from dataclasses import dataclass

import pyarrow as pa

FIELDS = ("id_pedido", "id_produto", "descricao", "quantidade", "data", "preco", "id_usuario", "regiao", "moeda")
"""Our own layout, and the names under which both layouts' values go on."""

TEXTS = ("id_pedido", "id_produto", "descricao", "id_usuario", "regiao")
"""Those that may hold any text."""

RETAIL = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
"""Online Retail's layout: our fields in the same order, without the currency."""

LINES = pa.schema([("linha", pa.int64()), ("leiaute", pa.string()), *((name, pa.string()) for name in FIELDS)])
"""Line number, `online_retail` or `acude`, and the fields as they stand in the file."""


@dataclass(frozen=True)
class Layout:
    """The header of a file, one of the two."""

    header: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the column `leiaute` says."""
        return "online_retail" if self.header == RETAIL else "acude"

    def lines(self, numbers: pa.Array, columns: list[pa.Array]) -> pa.Table:
        """`LINES` of these fields, which stand in the header's order."""
        if self.header == RETAIL:
            columns = [*columns, pa.repeat("GBP", len(numbers))]
        return pa.table([numbers, pa.repeat(self.name, len(numbers)), *columns], schema=LINES)
