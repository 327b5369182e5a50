"""The answers of a job: was it worth it, what structure does it take, where does the network come from, what worked.

The page itself asks for nothing that grows with the number of candidates. What takes longer than a glance, the success
of the operators, the film and the smaller budgets, is a part of its own (`answer_parts`), fetched when it is looked at.
"""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from evolution.metric_words import words_of
from evolution.verdict import Verdict
from evolution.wording import counted
from service.api.access import READ
from service.api.context import CallerOf, DatabaseOf
from service.api.query import JobId
from service.dashboard.family_tree import FamilyTree, draw_family_tree, fold, nearest, operator_words, origin_words
from service.dashboard.templating import templates
from service.store.database import Database
from service.store.insights import Insights
from service.store.lineage import ancestors
from service.store.winner import first_candidate_of

MOST_ASKED: Final = 400
"""Of larger families the page does not count how many more there are; it draws a few dozen."""

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[READ])


@router.get("/jobs/{job_id}/answers")
def show_answers(job_id: JobId, request: Request, caller: CallerOf, database: DatabaseOf) -> HTMLResponse:
    """Show the answers, or what is known so far."""
    root = request.scope.get("root_path", "")
    return templates.TemplateResponse(request, "answers.html", answers_context(job_id, caller.owner, database, root))


def answers_context(job_id: str, owner: str, database: Database, root: str) -> dict[str, Any]:
    """Return what the page shows; `root` is the path below which the service lives. Raises JobNotFound."""
    with database.read() as session:
        summary = Insights(session, owner).summary(job_id)
        verdict = None if summary.job.verdict is None else Verdict.from_json(summary.job.verdict)
        found = None if verdict is None else verdict.arm(verdict.evolved)
        number = None if found is None else first_candidate_of(session, job_id, found.architecture)
        of_verdict = number is not None
        if number is None:
            number = summary.progress("search").best_number
        family, complete = ((), True) if number is None else ancestors(session, job_id, number, most=MOST_ASKED)
    tree = nearest(fold(family), complete=complete) if family else None
    words = words_of(summary.job.metric)
    drawing = "" if tree is None else draw_family_tree(tree, words, f"{root}/jobs/{job_id}/candidates")
    return {
        "summary": summary,
        "job": summary.job,
        "verdict": verdict,
        "tree": tree,
        "tree_drawing": Markup(drawing),  # noqa: S704 - our own markup
        "family_sentence": "" if tree is None else family_sentence(tree, of_verdict=of_verdict),
        "operator_words": operator_words,
    }


def family_sentence(tree: FamilyTree, *, of_verdict: bool) -> str:
    """Say where a network comes from."""
    one = tree.ancestors[0]
    which = "The network of the verdict" if of_verdict else "The network with the best score so far"
    told = f"{which} was first candidate {one.number:,} of the search"
    before = len(tree.ancestors) - 1 + tree.older
    if not before:
        return f"{told}: {origin_words(one.operator)}, without ancestors."
    many = f"{counted(before, 'other network')}" if tree.complete else f"more than {before:,} other networks"
    verb = "is" if tree.complete and before == 1 else "are"
    return f"{told}, {origin_words(one.operator)}. Among its ancestors {verb} {many}."
