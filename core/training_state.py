"""A training between two epochs, as a value: stored, sent or kept, it goes on as if it had never stopped."""

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from core.architecture import Architecture
from core.archive import ArchiveReader, Vector, write_archive
from core.epoch import Epoch
from core.errors import InvalidTrainingState
from core.json_fields import check_format, check_int, json_object
from core.training_config import MAX_EPOCHS, TrainingConfig

FORMAT = 1
MAX_MOMENTS = 2
MAX_SEED = 2**128 - 1


@dataclass(frozen=True, slots=True, eq=False)
class TrainingState:
    """All that the next epoch depends on, and the best so far. Arrays are flat float32 vectors, not to be changed.

    `moments` are the optimizer's vectors, `steps` how many steps it took. `best_epoch` counts from 1. `fingerprint`
    names the dataset. Random streams need no state: each is made of the seed and the epoch's number.
    """

    architecture: Architecture
    config: TrainingConfig
    seed: int
    fingerprint: str
    curve: tuple[Epoch, ...]
    best_epoch: int
    steps: int
    parameters: Vector
    best_parameters: Vector
    moments: tuple[Vector, ...]

    @property
    def epochs(self) -> int:
        """Epochs that were run."""
        return len(self.curve)

    def to_bytes(self) -> bytes:
        """Return the state as an archive of vectors; the same state gives the same bytes."""
        header = {
            "format": FORMAT,
            "architecture": self.architecture.to_json(),
            "config": self.config.to_json(),
            # As text, because JSON numbers beyond 2^53 lose digits in other readers.
            "seed": str(self.seed),
            "fingerprint": self.fingerprint,
            "curve": [[e.train_loss, e.validation_loss, e.validation_score] for e in self.curve],
            "best_epoch": self.best_epoch,
            "steps": self.steps,
            "moments": len(self.moments),
        }
        vectors = {"parameters": self.parameters, "best_parameters": self.best_parameters}
        vectors |= {f"moment_{index}": moment for index, moment in enumerate(self.moments)}
        return write_archive(header, vectors)

    @classmethod
    def from_bytes(cls, content: bytes) -> "TrainingState":
        """Read what `to_bytes` returned; anything else raises InvalidTrainingState."""
        return cls.read(io.BytesIO(content))

    @classmethod
    def read(cls, file: IO[bytes]) -> "TrainingState":
        """Read `to_bytes`'s content from a seekable binary file object; raises InvalidTrainingState."""
        reader = ArchiveReader(what="training state", error=InvalidTrainingState, max_members=3 + MAX_MOMENTS)
        header, vectors = reader.read(file, _lengths)
        for name in ("parameters", "best_parameters"):
            if not np.isfinite(vectors[name]).all():
                raise InvalidTrainingState(f"training state: {name}.npy holds NaN or infinite values")
        return cls(
            architecture=Architecture.from_json(header["architecture"]),
            config=TrainingConfig.from_json(header["config"]),
            seed=int(header["seed"]),
            fingerprint=header["fingerprint"],
            curve=tuple(Epoch(*numbers) for numbers in header["curve"]),
            best_epoch=header["best_epoch"],
            steps=header["steps"],
            parameters=vectors["parameters"],
            best_parameters=vectors["best_parameters"],
            moments=tuple(vectors[f"moment_{index}"] for index in range(header["moments"])),
        )


def _lengths(header: Mapping[str, Any]) -> dict[str, int]:
    """Check the header and return the length of each vector."""
    error = InvalidTrainingState
    fields = json_object(
        header,
        what="training state",
        keys=(
            "format",
            "architecture",
            "config",
            "seed",
            "fingerprint",
            "curve",
            "best_epoch",
            "steps",
            "moments",
        ),
        error=error,
    )
    check_format(fields, what="training state", known=FORMAT, error=error)
    architecture = Architecture.from_json(fields["architecture"])
    config = TrainingConfig.from_json(fields["config"])
    seed = fields["seed"]
    if not isinstance(seed, str) or not (seed.isascii() and seed.isdecimal()) or len(seed) > 39 or int(seed) > MAX_SEED:
        raise error(f"training state: seed must be a number in decimal digits, got {seed!r}"[:300])
    if not isinstance(fields["fingerprint"], str):
        raise error("training state: fingerprint must be text")
    curve = fields["curve"]
    if not isinstance(curve, list) or len(curve) > config.epochs:
        raise error(f"training state: curve must be an array of at most {config.epochs} epochs")
    for index, numbers in enumerate(curve):
        if (
            not isinstance(numbers, list)
            or len(numbers) != 3
            or not all(type(number) is float and math.isfinite(number) for number in numbers)
        ):
            raise error(f"training state: curve[{index}] must be three finite numbers")
    check_int(fields["best_epoch"], what="best_epoch", low=min(1, len(curve)), high=len(curve), error=error)
    check_int(fields["steps"], what="steps", low=0, high=MAX_EPOCHS * 2**40, error=error)
    check_int(fields["moments"], what="moments", low=0, high=MAX_MOMENTS, error=error)
    names = ["parameters", "best_parameters", *(f"moment_{index}" for index in range(fields["moments"]))]
    return dict.fromkeys(names, architecture.parameter_count)
