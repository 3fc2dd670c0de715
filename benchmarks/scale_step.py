"""One step of a day, as its Airflow task calls it: python -m benchmarks.scale_step STEP DAY."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from acude.orchestration.checks import reconciled
from jobs.batch import carga_redshift, marts, vendas


class Step(StrEnum):
    """The day's steps whose work grows with its lines."""

    REFINAR = "refinar"
    PREPARAR = "preparar"
    AUDITAR = "auditar"
    PUBLICAR = "publicar"
    CARREGAR = "carregar"
    CONCILIAR = "conciliar"


def run_step(step: Step, day: date) -> None:
    """Runs the step."""
    calls: dict[Step, Any] = {
        Step.REFINAR: vendas.run,
        Step.PREPARAR: marts.stage_all,
        Step.AUDITAR: marts.audit_all,
        Step.PUBLICAR: marts.publish_all,
        Step.CARREGAR: lambda day, run_id: carga_redshift.load_day(day, run_id=run_id),
        Step.CONCILIAR: lambda day, _: reconciled(day, day),
    }
    calls[step](day, f"escala-{day}")


def main(step: Step, day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"])]) -> None:
    """Runs one step of a day."""
    run_step(step, day.date())


if __name__ == "__main__":
    typer.run(main)
