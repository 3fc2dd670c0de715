"""Whether the payment API is alive, and whether it can take payments."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from acude.api.problems import ProblemError, documented


class HealthBody(BaseModel):
    """`estado` is `ok`."""

    estado: str = "ok"


def router() -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["saude"])

    @routes.get("/saude/viva", responses=documented(503))
    async def alive(request: Request) -> HealthBody:
        """The process and each of its threads are at work. Where one is not, only a new process helps."""
        if not request.app.state.metrics.alive:
            raise ProblemError(503, "Not alive", "A thread of the payment API ended or hangs; start it again.")
        return HealthBody()

    @routes.get("/saude/pronta", responses=documented(503))
    async def ready(request: Request) -> HealthBody:
        """Payments can be taken: the broker answers."""
        if not request.app.state.decisions.is_following:
            raise ProblemError(503, "Not ready", "The broker does not answer.", headers={"Retry-After": "1"})
        return HealthBody()

    return routes
