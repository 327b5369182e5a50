"""Which evaluator trains the candidates of a job, as the settings say."""

from typing import assert_never

from core.dataset import Dataset
from evolution.evaluation import Evaluator, SerialEvaluator
from evolution.limits import Limits
from evolution.ray_cluster import RayCluster
from service.settings import Settings


def open_evaluator(settings: Settings, dataset: Dataset, limits: Limits) -> Evaluator:
    """Return an evaluator for the data set; close it after use."""
    match settings.evaluator:
        case "serial":
            return SerialEvaluator(dataset, limits)
        case "ray":
            # Ray's file is loaded only where Ray is wanted.
            from evolution.ray_evaluator import RayEvaluator  # noqa: PLC0415 - see above

            cluster = RayCluster(
                address=settings.ray_address,
                cpus=settings.workers,
                token_path=settings.ray_token_path,
                own_node=settings.ray_own_node,
            )
            return RayEvaluator(dataset, cluster, limits)
        case unknown:
            assert_never(unknown)


def worker_count(evaluator: Evaluator) -> int | None:
    """Return how many candidates the evaluator trains at once; None while it does not know."""
    count: object = getattr(evaluator, "workers", 1)
    return count if isinstance(count, int) else None
