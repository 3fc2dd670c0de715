"""``acude query``."""

from typing import Annotated

import typer

from acude.commands.output import Json, err, out, print_json, print_table

app = typer.Typer(add_completion=False)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One statement in Athena's SQL.")],
    *,
    database: Annotated[str, typer.Option("--database", "-d", help="Database for table names without one.")] = "gold",
    as_json: Json = False,
) -> None:
    """Ask Athena, as an analyst's own client would.

    With [bold]--json[/bold] the answer is a list of objects; decimals and times are text, with every digit.
    Exit code 1 where Athena refuses the query, with its reason.

    Examples:
      acude query "SHOW TABLES IN gold"
      acude query "SELECT regiao, sum(receita) FROM gold.vendas_por_regiao GROUP BY regiao" --json
    """
    from acude.athena.client import run_query  # noqa: PLC0415 - imports boto3, which --help does without

    with err.status("Athena is working"):
        answer = run_query(sql, database=database)
    if as_json:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
        return
    print_table(answer.columns, [["" if value is None else str(value) for value in row] for row in answer.rows])
    out.print(f"{len(answer.rows)} rows", style="dim")
