"""A comparison of decisions as tables for a person."""

from typing import TYPE_CHECKING

from acude.commands.output import out, print_table

if TYPE_CHECKING:
    from acude.risk.comparison import Amount, Comparison


def show_comparison(found: "Comparison") -> None:
    """Prints the pairs of decisions, and what each side's errors would have cost."""
    if found.agreement is None:
        out.print("no payment was decided by both yet")
        return
    print_table(
        ("live", "candidate", "payments", "value"),
        [(viva, candidata, *_cells(amount)) for (viva, candidata), amount in found.table().items()],
    )
    out.print(
        f"\n{found.agreement:.2%} the same; {found.differing.quantas:,} decided differently, worth "
        f"{found.differing.valor:,.2f}: {found.moved(stricter=True).quantas:,} more strictly, "
        f"{found.moved(stricter=False).quantas:,} more mildly"
    )
    if found.defects:
        out.print(f"[red]the candidate failed on {found.defects:,} payments; they are reviews, or refused by a list[/]")
    known = found.known()
    if not known["fraude"].quantas:
        out.print("[yellow]no fraud among these payments is known: what it would have cost can't be said[/]")
        return
    sides = found.side("viva"), found.side("candidata")
    rows = [(_MEANING[name], *_cells(sides[0][name]), *_cells(sides[1][name])) for name in _MEANING]
    rows.append(
        ("cost: the first and the second", "", f"{found.cost('viva'):,.2f}", "", f"{found.cost('candidata'):,.2f}")
    )
    out.print()
    print_table(("", "live", "value", "candidate", "value"), rows)
    out.print(
        f"known: {known['fraude'].quantas:,} frauds, {known['honesta'].quantas:,} honest; of "
        f"{known['desconhecida'].quantas:,} nothing is known",
        style="dim",
    )


_MEANING = {
    "fraudes_aprovadas": "frauds let through",
    "honestas_negadas": "honest payments refused",
    "fraudes_negadas": "frauds refused",
    "fraudes_em_revisao": "frauds sent to review",
    "em_revisao": "all sent to review",
}


def _cells(amount: "Amount") -> tuple[str, str]:
    return f"{amount.quantas:,}", f"{amount.valor:,.2f}"
