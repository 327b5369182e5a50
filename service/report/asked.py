"""What a job was asked to do, in words: from the stored spec, which may be of any release."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.metrics import MetricName
from evolution.metric_words import words_of
from service.report.wording import count, plain

_STRATEGIES: Final = {
    "evolution": "evolution guided by a model of the scores",
    "nsga2": "evolution by NSGA-II",
    "regularized": "regularized evolution",
    "random": "random search",
}
_COSTS: Final = {
    "parameters": "few parameters",
    "inference_flops": "few operations per answer",
    "training_flops": "few operations of training",
}


def asked(spec: Mapping[str, Any], metric: MetricName) -> tuple[tuple[str, str], ...]:
    """Return what was asked for as names with values; what a spec of another release does not say is left out."""
    groups = (_goal(spec, metric), _space(_part(spec, "space")), _training(spec), _ends(spec), _final(spec))
    return tuple((name, value) for group in groups for name, value in group)


def _goal(spec: Mapping[str, Any], metric: MetricName) -> Iterator[tuple[str, str]]:
    if "strategy" in spec:
        yield "Strategy", _STRATEGIES.get(spec["strategy"], plain(spec["strategy"]))
    costs = [_COSTS.get(one, plain(one)) for one in spec.get("objectives") or () if one != "score"]
    yield "Looked for", " and ".join([f"high {words_of(metric).name} on the validation rows", *costs])
    if "seed" in spec:
        yield "Seed", str(spec["seed"])


def _space(space: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not space:
        return
    yield "Hidden layers", _range(space, "layers")
    yield "Neurons per layer", _range(space, "units")
    if space.get("activations"):
        yield "Activations", ", ".join(map(plain, space["activations"]))
    if space.get("max_blocks"):
        yield "Convolution blocks", f"up to {count(space['max_blocks'])} of {_range(space, 'channels')} channels"
    if any(space.get("dropout") or ()):
        yield "Dropout", ", ".join(map(str, space["dropout"]))
    if space.get("max_parameters"):
        yield "Parameters", f"at most {count(space['max_parameters'])}"
    if space.get("max_inference_flops"):
        yield "Operations per answer", f"at most {count(space['max_inference_flops'])}"
    if space.get("recipe"):
        yield "Recipe", "learning rate, batch size, optimizer and weight decay were searched too"


def _training(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    training = _part(spec, "training")
    if training:
        parts = [
            f"{count(training['epochs'])} epochs" if "epochs" in training else "",
            f"batches of {count(training['batch_size'])}" if "batch_size" in training else "",
            plain(training.get("optimizer", "")),
            f"learning rate {training['learning_rate']:g}" if "learning_rate" in training else "",
            plain(training.get("schedule", "")).replace("_", " "),
            f"weight decay {training['weight_decay']:g}" if training.get("weight_decay") else "",
        ]
        yield "Each training", ", ".join(part for part in parts if part)
    if spec.get("replicates", 1) > 1:
        yield "Trainings per candidate", count(spec["replicates"])


def _ends(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    budget = _part(spec, "budget")
    parts = [f"{count(budget[unit])} {unit}" for unit in ("evaluations", "epochs") if budget.get(unit)]
    if budget.get("max_seconds"):
        parts.append(f"at most {count(budget['max_seconds'])} seconds")
    if parts:
        yield "Budget", ", ".join(parts)
    if spec.get("stopping"):
        yield "Early end", "once more was not worth it"
    if "parallelism" in spec:
        yield "Virtual workers", count(spec["parallelism"])


def _final(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    final, verdict = _part(spec, "final"), _part(spec, "verdict")
    if "finalists" in final and "seeds" in final:
        yield "Finalists", f"{count(final['finalists'])} of each search, on {count(final['seeds'])} fresh seeds each"
    if "seeds" in verdict:
        yield "Seeds of the verdict", count(verdict["seeds"])


def _part(spec: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = spec.get(name)
    return part if isinstance(part, dict) else {}


def _range(space: Mapping[str, Any], what: str) -> str:
    least, most = space.get(f"min_{what}"), space.get(f"max_{what}")
    return count(least) if least == most else f"{count(least)} to {count(most)}"
