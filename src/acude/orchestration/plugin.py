"""Airflow's plugin: serves the Data Docs beside the UI to users that are logged in."""

from airflow.api_fastapi.core_api.security import get_user
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse

PREFIX = "/data-docs"
_INDEX = "index.html"

# The pages show rejected rows: only for users that the UI knows.
app = FastAPI(title="Data Docs", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(get_user)])


@app.get("/{name:path}")
def data_docs(name: str) -> HTMLResponse:
    """A page of the Data Docs; 404 where there is none of that name."""
    from acude.publishing.data_docs import INDEX, page  # noqa: PLC0415 - every Airflow process reads its plugins

    found = page(name or INDEX)
    if found is None:
        raise HTTPException(404, f"There is no page {name!r} in the Data Docs; run the DAG qualidade or vendas_diarias")
    return HTMLResponse(found)


class AcudePlugin(AirflowPlugin):
    """Mounts the Data Docs and shows them in the navigation and on each DAG's page."""

    name = "acude"
    fastapi_apps = [{"app": app, "url_prefix": PREFIX, "name": "Data Docs"}]  # noqa: RUF012 - Airflow's own form
    external_views = [  # noqa: RUF012
        {"name": "Data Docs", "href": f"{PREFIX}/{_INDEX}", "destination": place, "url_route": f"data-docs-{place}"}
        for place in ("nav", "dag")
    ]
