"""The list of a job's candidates: filters, order and place stand in the address, so that a list can be sent on.

The filters are those of `GET /v1/jobs/{id}/candidates`. A field of a form that was left empty comes as empty text and
means nothing; what cannot be read is said beside its field, and the list is shown without that filter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from service.api.access import READ
from service.api.candidates import MOST_LAYERS, MOST_PARAMETERS
from service.api.context import CallerOf, DatabaseOf
from service.api.query import JobId
from service.dashboard.family_tree import operator_words
from service.dashboard.templating import templates
from service.store.candidate_list import CandidateFilter, CandidateSort, operators_of
from service.store.entities import CANDIDATE_STATUSES, PHASES, Phase
from service.store.insights import Insights

PAGE_SIZE: Final = 50
SORTS: Final[Mapping[CandidateSort, str]] = {
    "number": "by number",
    "fitness": "best score first",
    "parameters": "fewest parameters first",
}
PHASE_TABS: Final[Mapping[Phase, str]] = {
    "search": "Search",
    "baseline": "Random search",
    "finalists": "Finalists",
    "final": "Verdict",
}
LONGEST_OPERATOR: Final = 200
_LARGEST_NUMBER: Final = 10**18
_FIELDS: Final = ("status", "layers", "operator", "min_parameters", "max_parameters")

Word = TypeVar("Word", bound=str)

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])


@dataclass(frozen=True, slots=True)
class Wish:
    """What an address asks for; `given` are the fields as they were written, `faults` what is wrong with which."""

    phase: Phase = "search"
    sort: CandidateSort = "number"
    wanted: CandidateFilter = field(default_factory=CandidateFilter)
    after: int | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def filtered(self) -> bool:
        """Whether the list leaves something out."""
        return self.wanted != CandidateFilter()

    def query(self, **changes: Any) -> str:
        """Return the query string of the same list with some fields changed; None takes one away."""
        known = {"phase": self.phase, "sort": self.sort, **self.given, **changes}
        plain = {"phase": "search", "sort": "number"}
        fields = {name: str(value) for name, value in known.items() if value not in {None, "", plain.get(name)}}
        return f"?{urlencode(fields)}" if fields else ""


def read_wish(query: Mapping[str, str]) -> Wish:
    """Read the fields of an address; unknown ones are left alone, because mail programs add their own."""
    given = {name: text[:LONGEST_OPERATOR] for name in _FIELDS if (text := query.get(name, "").strip())}
    faults: dict[str, str] = {}

    def one_of(name: str, known: Sequence[Word]) -> Word | None:
        text = query.get(name, "")
        found = next((word for word in known if word == text), None)
        if text and found is None:
            faults[name] = f"must be one of {', '.join(known)}"
        return found

    def whole(name: str, most: int) -> int | None:
        text = query.get(name, "").strip()
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 20 and int(text) <= most):
            faults[name] = f"must be a whole number from 0 to {most:,}"
            return None
        return int(text)

    operator = query.get("operator", "").strip()
    if len(operator) > LONGEST_OPERATOR:
        faults["operator"] = f"must be at most {LONGEST_OPERATOR} characters"
        operator = ""
    wanted = CandidateFilter(
        status=one_of("status", CANDIDATE_STATUSES),
        layers=whole("layers", MOST_LAYERS),
        operator=operator or None,
        min_parameters=whole("min_parameters", MOST_PARAMETERS),
        max_parameters=whole("max_parameters", MOST_PARAMETERS),
    )
    phase, sort = one_of("phase", PHASES) or "search", one_of("sort", tuple(SORTS)) or "number"
    return Wish(phase, sort, wanted, whole("after", _LARGEST_NUMBER), given, faults)


@router.get("/jobs/{job_id}/candidates")
def show_candidates(job_id: JobId, request: Request, caller: CallerOf, database: DatabaseOf) -> HTMLResponse:
    """Show a page of the candidates of one phase."""
    wish = read_wish(request.query_params)
    with database.read() as session:
        insights = Insights(session, caller.owner)
        summary = insights.summary(job_id)
        page = insights.candidates(
            job_id, wish.phase, page_size=PAGE_SIZE, after=wish.after, sort=wish.sort, wanted=wish.wanted
        )
        operators = operators_of(session, job_id, wish.phase)
    context = {
        "summary": summary,
        "job": summary.job,
        "wish": wish,
        "page": page,
        "operators": operators,
        "operator_words": operator_words,
        "phases": [(phase, PHASE_TABS[phase], summary.progress(phase)) for phase in PHASES],
        "sorts": SORTS,
        "statuses": CANDIDATE_STATUSES,
    }
    return templates.TemplateResponse(request, "candidates.html", context)
