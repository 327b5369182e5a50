"""The page on which people ask the networks that a job found: with a drawing, or with a row of a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from evolution.arms import ARM_LABELS
from service.api.access import READ
from service.api.ask import AskedNetworks, Role, asked_networks, examples_of
from service.api.context import CallerOf, DatabaseOf, SettingsOf
from service.api.drawn_rows import can_be_drawn
from service.api.query import JobId
from service.dashboard.question_form import FormField, fields_of, preview_rows, stored_row
from service.dashboard.templating import templates
from service.data.built_in import BUILT_IN
from service.data.drawing import PREPARATIONS
from service.data.encoder import Encoder
from service.data.examples import Examples
from service.dataset_intake import description_of
from service.errors import CambrianError, DatasetNotFound, JobNotFinished
from service.store.entities import Job
from service.store.insights import Insights
from service.store.uploaded_dataset_repository import UploadedDatasetRepository

CANVAS_SIDE: Final = 336
PENS: Final = {"digits-16x16": 28, "digits-8x8": 38}
"""Widths of the pen, so that a digit of three quarters of the canvas has strokes as thick as those of the data."""

OTHER_PEN: Final = 24
BRIGHT: Final = 0.5

Rows = list[tuple[dict[str, Any], str | None]]
"""Rows by column, each with its target in words."""

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])


@dataclass(frozen=True, slots=True)
class AskedCard:
    """How the page presents one of the networks; `test_score` is its arm's in the verdict."""

    role: Role
    title: str
    origin: str
    description: str
    parameters: int
    test_score: float | None


@dataclass(frozen=True, slots=True)
class ExampleButton:
    """A row to ask with at a click: its words, and its values as JSON."""

    label: str
    row: Any
    answer: str | None


@dataclass(frozen=True, slots=True)
class Surface:
    """What can be drawn on: `digits` are ink that is normalized, other pictures are taken as they are.

    `size` is that of the picture that the networks see, `light` whether those of the data are light at most places.
    """

    digits: bool
    size: int
    pen: int
    light: bool
    side: int = CANVAS_SIDE


@dataclass(frozen=True, slots=True)
class Questions:
    """In which ways the networks can be asked; what is None or empty is not offered."""

    surface: Surface | None
    picture: bool
    fields: tuple[FormField, ...]
    examples: tuple[ExampleButton, ...]
    by_column: bool


@router.get("/jobs/{job_id}/try")
def show_try(
    job_id: JobId, request: Request, caller: CallerOf, database: DatabaseOf, settings: SettingsOf
) -> HTMLResponse:
    """Show the page, or why there is nothing to ask."""
    with database.read() as session:
        summary = Insights(session, caller.owner).summary(job_id)
        context: dict[str, Any] = {"summary": summary, "job": summary.job, "trouble": None}
        try:
            asked = asked_networks(session, caller.owner, job_id)
        except JobNotFinished:
            return templates.TemplateResponse(request, "try.html", context)
        except CambrianError as error:
            return templates.TemplateResponse(request, "try.html", {**context, "trouble": error.detail})
        examples = examples_of(session, settings, asked.job)
        rows = _preview(session, asked)
    verdict = asked.job.verdict or {}
    return templates.TemplateResponse(
        request,
        "try.html",
        {
            **context,
            "metric": verdict.get("metric", asked.job.metric),
            "cards": _cards(asked, verdict),
            "questions": _questions(asked, examples, rows),
        },
    )


def _cards(asked: AskedNetworks, verdict: Mapping[str, Any]) -> list[AskedCard]:
    # Verdicts of accuracies alone have no other score.
    scores = {arm["name"]: arm.get("test_score", arm.get("test_accuracy")) for arm in verdict.get("arms", ())}
    cards = []
    for role, arm, architecture, _ in asked.arms:
        label = ARM_LABELS.get(arm, arm)
        titles: dict[Role, str] = {"winner": "Winner", "runner_up": "Runner-up", "linear": label.capitalize()}
        origins: dict[Role, str] = {
            "winner": f"found by {label}",
            "runner_up": label,
            "linear": "no hidden layer",
        }
        cards.append(
            AskedCard(
                role,
                titles[role],
                origins[role],
                architecture.describe(),
                architecture.parameter_count,
                scores.get(arm),
            )
        )
    return cards


def _questions(asked: AskedNetworks, examples: Examples | None, rows: Rows) -> Questions:
    shape, encoder = asked.winner.architecture.input_shape, asked.encoder
    picture = len(shape) > 1
    by_column = encoder is not None and not picture and len(encoder.input_shape) == 1 and _is_table(encoder)
    noun = _noun(asked.job)
    buttons = tuple(
        ExampleButton(each.answer if picture else f"{noun} {place}", stored_row(each.row), each.answer)
        for place, each in enumerate(() if examples is None else examples.rows, 1)
    )
    if by_column:
        buttons = tuple(ExampleButton(f"row {place}", row, target) for place, (row, target) in enumerate(rows, 1))
    surface = None
    if can_be_drawn(asked.built_in, encoder, examples):
        digits = asked.built_in in PREPARATIONS
        light = not digits and examples is not None and bool(_mean(examples) > BRIGHT)
        surface = Surface(digits, shape[-1], PENS.get(asked.job.dataset, OTHER_PEN) if digits else OTHER_PEN, light)
    fields = () if picture else fields_of(asked.built_in, encoder, shape[0])
    return Questions(surface, picture, fields, buttons, by_column)


def _mean(examples: Examples) -> float:
    """Return how light the pictures are, from 0 to 1."""
    rows = [each.row for each in examples.rows]
    return float((np.mean(rows) - examples.low) / max(examples.high - examples.low, 1e-9)) if rows else 0.0


def _is_table(encoder: Encoder) -> bool:
    return encoder.inputs[0].kind not in {"picture", "array"}


def _preview(session: Session, asked: AskedNetworks) -> Rows:
    """Return the first rows of an uploaded table by column; none where the data set was deleted."""
    if asked.job.dataset_id is None or asked.encoder is None or not _is_table(asked.encoder):
        return []
    try:
        uploaded = UploadedDatasetRepository(session, asked.job.owner).get_by_id(asked.job.dataset_id)
    except DatasetNotFound:
        return []
    return preview_rows(description_of(uploaded), asked.encoder)


def _noun(job: Job) -> str:
    """Return what a row of the data is, in the singular."""
    built_in = BUILT_IN.get(job.dataset) if job.dataset_id is None else None
    return "row" if built_in is None else built_in.row_noun.removesuffix("s")
