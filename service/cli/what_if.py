"""`cambrian what-if`: the stored evaluations of a job replayed with a smaller budget; nothing is trained."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from service.cli.jobs import JobId, Json, Url
from service.cli.output import print_json
from service.cli.score_text import score_text
from service.client import DEFAULT_URL, Client


def what_if(
    job: JobId,
    evaluations: Annotated[int, typer.Option("--evaluations", "-n", help="The smaller budget.")],
    as_json: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Say what a smaller budget would have recommended, and what the rest of the evaluations brought."""
    with Client(url) as client:
        answer = client.what_if(job, evaluations)
    if as_json:
        print_json(answer)
    else:
        print("\n".join(what_if_lines(answer)))


def what_if_lines(answer: Mapping[str, Any]) -> list[str]:
    """Return the answer as sentences."""
    count, stored, then = answer["evaluations"], answer["stored_evaluations"], answer["recommended"]
    if then is None:
        return [f"with {count:,} evaluations every training would have failed: nothing to recommend"]
    lines = [f"with {count:,} evaluations ({answer['epochs']:,} epochs) this network would have been recommended:"]
    lines.append(f"  {_network(answer, then)}")
    best = answer["recommended_by_all"]
    if stored == count:
        return [*lines, "these are all evaluations that are stored"]
    more = f"the {stored - count:,} evaluations after that"
    if best["number"] == then["number"]:
        return [*lines, f"{more} confirmed it: {_network(answer, best)}"]
    lines += [f"{more} led to another one:", f"  {_network(answer, best)}"]
    if answer["gain"] is not None:
        brought = (
            f"{answer['gain']:.4f} of R²" if answer.get("metric") == "r2" else f"{100 * answer['gain']:.2f} points"
        )
        lines.append(
            f"by all evaluations the first one is believed to reach {score_text(answer, answer['score_by_all'])}, "
            f"so the rest brought {brought}"
        )
    return lines


def _network(answer: Mapping[str, Any], standing: Mapping[str, Any]) -> str:
    score, deviation = (score_text(answer, standing[name]) for name in ("score", "deviation"))
    return f"{standing['description']}, believed to reach {score} ± {deviation}"
