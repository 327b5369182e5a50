"""Following a job: its events become one quiet progress line and a few milestones."""

import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import typer

from core.architecture import Architecture
from evolution.arms import RIVAL_LABELS
from service.cli.exit_code import ExitCode
from service.cli.output import ProgressLine, say
from service.cli.score_text import metric_text, score_text
from service.client import Client

PHASE_TITLES = {
    "search": "search",
    "baseline": "random search, as many epochs",
    "finalists": "the best of both, on fresh seeds",
    "final": "the networks of the verdict, on fresh seeds",
}

RECENT = 10
"""The time left is told from the pace of so many results; whoever joins late sees the earlier ones in a rush."""


def follow(client: Client, job_id: str, *, began: float | None = None, way_back: str = "cambrian watch {}") -> str:
    """Follow the job's events to the end and return its final status.

    With `began` (monotonic seconds) the milestones tell the time since then. Ctrl-C leaves the job alone and tells the
    `way_back`, a command.
    """
    watch = Watch(client.get(job_id), time.monotonic() if began is None else began)
    try:
        for event in client.events(job_id):
            watch.see(event.type, event.data)
    except KeyboardInterrupt as interrupt:
        watch.line.clear()
        say(f"the job is kept; come back with `{way_back.format(job_id)}`")
        raise typer.Exit(ExitCode.INTERRUPTED) from interrupt
    finally:
        watch.line.clear()
    return str(client.get(job_id)["status"])


class Watch:
    """What has been seen of a job so far."""

    def __init__(self, job: Mapping[str, Any], began: float) -> None:
        self.line = ProgressLine()
        self._began = began
        self._job = job
        self._take_budget(job["spec"]["budget"])
        self._spent = 0
        self._architectures: dict[tuple[str, int], str] = {}
        self._phase = "search"
        self._first = True
        self._recent: deque[float] = deque(maxlen=RECENT)

    def see(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take one event and show what it changes."""
        match kind:
            case "status" if data["status"] == "paused":
                self._milestone("paused; `cambrian resume` with the id of the job lets it go on")
            case "phase":
                self._phase = data["phase"]
            case "proposed":
                architecture = Architecture.from_json(data["architecture"])
                self._architectures[data["phase"], data["number"]] = architecture.describe()
            case "budget":
                self._take_budget(data)
            case "evaluated" | "failed":
                if data["phase"] == "search":
                    self._spent += 1 if self._unit == "evaluations" else max(data["epochs"], 1)
                if self._first and kind == "evaluated":
                    self._first = False
                    self._milestone(
                        f"first candidate: {self._architectures.get((data['phase'], data['number']), '')} "
                        f"with {score_text(self._job, data['fitness'])} validation {metric_text(self._job)}"
                    )
                self.line.show(self._progress(data["phase"], data["progress"]))
            case "rival":
                now = time.monotonic() - self._began
                self.line.show(f"what else could be used: {RIVAL_LABELS.get(data['name'], data['name'])} · {now:.0f} s")

    def _progress(self, phase: str, progress: Mapping[str, Any]) -> str:
        done = progress["evaluated"] + progress["failed"]
        parts = [f"{PHASE_TITLES[phase]}: {done}"]
        if phase == "search":
            parts[0] += f"/{self._budget}" if self._unit == "evaluations" else f" ({self._spent}/{self._budget} epochs)"
        if progress["failed"]:
            parts.append(f"{progress['failed']} failed")
        if progress["best_fitness"] is not None and phase in ("search", "baseline"):
            network = self._architectures.get((phase, progress["best_number"]), "")
            parts.append(f"best {score_text(self._job, progress['best_fitness'])} {network}")
        now = time.monotonic()
        self._recent.append(now)
        parts.append(f"{now - self._began:.0f} s")
        if phase == "search" and self._spent < self._budget and len(self._recent) == RECENT:
            pace = (now - self._recent[0]) / (RECENT - 1)
            left = (self._budget - self._spent) * done / self._spent
            parts.append(f"about {pace * left:.0f} s left in this phase")
        return " · ".join(parts)

    def _take_budget(self, budget: Mapping[str, Any]) -> None:
        self._unit = "epochs" if budget.get("evaluations") is None else "evaluations"
        self._budget: int = budget[self._unit]

    def _milestone(self, text: str) -> None:
        self.line.clear()
        say(f"{time.monotonic() - self._began:5.1f} s  {text}")
