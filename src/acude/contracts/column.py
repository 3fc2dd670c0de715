"""The columns of a topic or table, and fields that depend on another field's value."""

import re
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

TYPE = re.compile(
    r"string|int|bigint|double|boolean|date|timestamp|binary|decimal\(\d{1,2},\d{1,2}\)"
    r"|array<string>|array<struct<chave:string,valor:binary>>"
)


class Column(BaseModel):
    """One column or field.

    `type` is a Spark SQL type name (`decimal(18,4)`, `timestamp` is UTC with microseconds); `minimum`, `maximum`,
    `values` and `pattern` bound the value; `format` is `ip` for an internet address; `classification` is `pessoal` for
    personal data, `documento` for a CPF or CNPJ, which has a token in its place from silver on.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    type: str
    description: str
    required: bool = False
    primary_key: bool = False
    partition: bool = False
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    min_length: int | None = None
    max_length: int | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None
    format: Literal["ip"] | None = None
    classification: str = "publico"

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        if not TYPE.fullmatch(value):
            raise ValueError(
                f"physicalType {value!r} is not one that every engine here can store; known: {TYPE.pattern}"
            )
        return value

    @property
    def decimal(self) -> tuple[int, int] | None:
        """Precision and scale of a decimal column, else None."""
        found = re.fullmatch(r"decimal\((\d+),(\d+)\)", self.type)
        return (int(found[1]), int(found[2])) if found else None

    @property
    def longest(self) -> int | None:
        """Characters of the longest text that the contract allows, None where it names no limit."""
        return self.max_length or max(map(len, self.values), default=None)


class Variants(BaseModel):
    """Fields that depend on the value of field `by`.

    `required` and `optional` name fields by that value; a field that stands there is refused with all other values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str
    required: tuple[tuple[str, tuple[str, ...]], ...] = ()
    optional: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @field_validator("required", "optional", mode="before")
    @classmethod
    def _pairs(cls, value: dict[str, list[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The file's mapping as something that can be hashed."""
        return tuple((kind, tuple(names)) for kind, names in value.items())

    def needing(self, name: str) -> list[str]:
        """Values of `by` with which the field must be there."""
        return [value for value, names in self.required if name in names]

    def allowing(self, name: str) -> list[str]:
        """Values of `by` with which the field may be there."""
        return [value for value, names in (*self.required, *self.optional) if name in names]

    @property
    def names(self) -> list[str]:
        """The fields that depend on `by`, each once."""
        return list(dict.fromkeys(name for _, names in (*self.required, *self.optional) for name in names))
