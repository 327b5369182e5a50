"""A plan as a person reads it: the space, its ends, the phases, and the time."""

from collections.abc import Mapping
from typing import Any

from service.cli.output import table


def plan_lines(plan: Mapping[str, Any]) -> list[str]:
    """Return the lines that tell what a job would come to."""
    rows = [
        (phase["phase"], f"{phase['trainings']:,}", f"{phase['epochs']:,}", *(_flops(phase[of]) for of in COSTS))
        for phase in plan["phases"]
    ]
    rows.append(("together", f"{plan['trainings']:,}", "", *(_flops(plan[of]) for of in COSTS)))
    return [
        plan["space"]["description"],
        f"smallest: {_network(plan['smallest'])}",
        f"largest:  {_network(plan['largest'])}; the limit is {plan['limits']['parameters']:,} parameters",
        "",
        *table(("PHASE", "TRAININGS", "EPOCHS", "FLOPS", "AT MOST"), rows),
        "",
        _time(plan["time"]),
    ]


COSTS = ("flops", "most_flops")


def _network(network: Mapping[str, Any]) -> str:
    return (
        f"{network['description']}, {network['parameters']:,} parameters, "
        f"{_bytes(network['training_bytes'])} of memory to train"
    )


def _time(time: Mapping[str, Any]) -> str:
    if time["seconds"] is None:
        return f"time: {time['explanation']}"
    return f"time: about {_duration(time['seconds'])}, {time['explanation']}"


def _flops(count: float) -> str:
    return f"{count:.1e}"


def _bytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
