"""A CPF, a CNPJ and a card number that nobody else has, in the forms in which they may come."""

import random
import string
from dataclasses import dataclass

from acude.simulator.payments.documents import cnpj, cpf


@dataclass(frozen=True)
class Canary:
    """Numbers that nobody else has."""

    cpf: str
    cnpj: str
    card: str

    @classmethod
    def drawn(cls) -> "Canary":
        rng = random.SystemRandom()
        card = "4" + "".join(rng.choices(string.digits, k=14))
        doubled = [int(d) * (2 if n % 2 == 0 else 1) for n, d in enumerate(card)]
        check = -sum(d - 9 if d > 9 else d for d in doubled) % 10
        return cls(cpf(rng.randrange(10**8, 10**9)), cnpj(random.Random(rng.random()), letters=False), f"{card}{check}")  # noqa: S311

    @property
    def written(self) -> dict[str, str]:
        """The numbers as people write them, by name."""
        a, b, c, card = self.cpf, self.cnpj, self.cpf, self.card
        return {
            "cpf": self.cpf,
            "cpf with dots": f"{a[:3]}.{a[3:6]}.{a[6:9]}-{c[9:]}",
            "cpf with a dash": f"{a[:9]}-{a[9:]}",
            "cpf with a dot and a dash": f"{a[:3]}.{a[3:9]}-{a[9:]}",
            "cnpj": self.cnpj,
            "cnpj with dots": f"{b[:2]}.{b[2:5]}.{b[5:8]}/{b[8:12]}-{b[12:]}",
            "card": self.card,
            "card with spaces": " ".join(card[n : n + 4] for n in range(0, 16, 4)),
            "card with dashes": "-".join(card[n : n + 4] for n in range(0, 16, 4)),
            "card with dots": ".".join(card[n : n + 4] for n in range(0, 16, 4)),
        }

    @property
    def documents_in_ids(self) -> list[str]:
        """A CPF or CNPJ as an id, or as a part of one."""
        form = self.written
        dotted, dashed = form["cpf with dots"], form["cpf with a dash"]
        return [
            self.cpf, dotted, self.cnpj, f"u{self.cpf}", f"cpf_{dotted}", f"{self.cpf}@Exemplo.com",
            f"loja{self.cnpj}x", dashed, form["cpf with a dot and a dash"], f"cpf{self.cpf}",
        ]  # fmt: skip

    @property
    def cards_in_ids(self) -> list[str]:
        """A card number as an id, or as a part of one."""
        dashes, dots = self.written["card with dashes"], self.written["card with dots"]
        return [self.card, dashes, dots, f"tok_{self.card}", f"pedido{self.card}", f"p-{dots}", f"{dashes}.1"]

    def found_in(self, text: str | bytes) -> list[str]:
        """Which of the forms are in a text."""
        content = text.encode() if isinstance(text, str) else text
        return [name for name, number in self.written.items() if number.encode() in content]
