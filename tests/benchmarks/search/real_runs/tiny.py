"""A task that takes a moment: three blobs, two epochs."""

from benchmarks.search.real_runs.task import Task
from core.training import TrainingConfig
from tests.evolution.builders import blobs

TASK = Task(blobs(test=True), TrainingConfig(epochs=2, batch_size=32))
