"""What the service has done and does, in the text forms that Prometheus and its like read."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Request
from prometheus_client.exposition import choose_encoder
from starlette.responses import Response

from service.api.access import READ
from service.api.problems import responses
from service.errors import Unprocessable
from service.metrics.registry import Metrics

router = APIRouter(tags=["health"], dependencies=[READ])

_TEXT: Final = {"schema": {"type": "string"}}


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Read the metrics",
    description=(
        "Prometheus' text format, or OpenMetrics where `Accept` asks for it. What comes from the database is at most a "
        "second old. docs/operation.md lists all names."
    ),
    response_class=Response,
    responses={
        200: {
            "description": "The metrics",
            "content": {"text/plain": _TEXT, "application/openmetrics-text": _TEXT},
        },
        **responses(Unprocessable),
    },
)
def get_metrics(request: Request, accept: Annotated[str, Header(include_in_schema=False)] = "*/*") -> Response:
    """Answer with all metrics, also while the database is away."""
    metrics: Metrics = request.app.state.metrics
    encode, media_type = choose_encoder(accept)
    return Response(encode(metrics.registry), headers={"Content-Type": media_type, "Cache-Control": "no-store"})
