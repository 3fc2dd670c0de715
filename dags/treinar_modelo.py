# ruff: noqa: PLC0415 - jobs are imported by the tasks that run them: reading a DAG file must cost nothing
"""Trains the fraud model on the lake, and says whether it should decide.

1. `treinar`: Spark computes each payment's inputs as they were known when it was decided, and learns from four weeks.
2. `auditar`: the model loads as the workers load it, and its figures on payments that it had not seen are good enough,
   and not worse than those of the model in force on the same payments.
3. `comparar`: the payments of the days after are decided again with it, beside what was decided, and what that costs.
4. `promover`: it decides from now on, with the policy in force. Skipped unless the form asks for it.

Every Monday it learns from the four weeks that ended a week ago: a fraud is known after seven days. By hand the form's
day is the last one to learn from. The model, its card to read (`cartao.md`), `auditoria.json` and `comparacao.json` lie
under `_controle/candidatas/<run>/` in the lake. `acude risk promote s3://…` takes that address, once somebody has
looked at it.

**When it is red**

- `treinar`: too few frauds are known of these days; take more days, or send what came to light to topic `contestacoes`.
- `auditar`: it names the figure, what was expected and what was found. What decides now goes on deciding.
- `promover`: the model decides already, or S3 did not answer; clear the task.
"""

from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, chain, dag

from acude.orchestration.dag_defaults import START, day_form, deadline, defaults, every
from acude.orchestration.runs import this_params, this_training
from acude.orchestration.steps import step

if TYPE_CHECKING:
    from jobs.batch.train_model import Training


def _training() -> "Training":
    from jobs.batch.train_model import Training

    return Training(*this_training())


@step()
def treinar() -> dict[str, Any]:
    """The model, learnt by Spark, with its card and its reference of drift."""
    from jobs.batch import train_model

    return train_model.learn(_training())


@step()
def auditar() -> dict[str, Any]:
    """The model's figures beside what they have to be."""
    from jobs.batch import train_model

    return train_model.audit(_training())


@step()
def comparar() -> dict[str, Any]:
    """What it would have decided otherwise, on payments that it has not learnt from."""
    from jobs.batch import train_model

    return train_model.compare(_training())


@step()
def promover() -> dict[str, str]:
    """It decides from now on, where the form asks for that."""
    from acude.orchestration.checks import require_asked
    from jobs.batch import train_model

    require_asked(asked=this_params()["promover"])
    training = _training()
    return train_model.promote(training, "airflow", f"treinar_modelo, {training.run_id}")


@dag(
    schedule=every("0 5 * * 1"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    params={
        **day_form(),
        "dias": Param(28, type="integer", minimum=1, title="Days", description="How many days are learnt from."),
        "promover": Param(
            False,
            type="boolean",
            title="Promote",
            description="The model decides at once where the audit finds it good.",
        ),
    },
    default_args=defaults("dados"),
    deadline=deadline(minutes=90),
    tags={"risco", "modelo", "semanal"},
    doc_md=__doc__,
)
def treinar_modelo() -> None:
    """The tasks, one after the other."""
    chain(treinar(), auditar(), comparar(), promover())


treinar_modelo()
