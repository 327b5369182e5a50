"""What the process that examines a candidate is told: everything that it needs, so that it asks no database."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from core.architecture import Architecture
from core.training import Epoch, TrainingConfig
from service.store.entities import Phase
from service.store.mapping import curve_from_json, curve_to_json

FORMAT: Final = 1
"""Part of every key: a release that examines otherwise counts on, and so finds nothing of an earlier one."""


@dataclass(frozen=True, slots=True)
class Order:
    """A candidate that was evaluated, and the data that it was trained on.

    `prepared` is the file of an uploaded data set's arrays, None for a built-in one; `fingerprint` names the data that
    the job began with. `score` and `curve` are what the first of its trainings gave and must give again. `network` is
    the file of that training's network where it was kept; nothing is then trained. `flops` is what a training takes.
    """

    owner: str
    job_id: str
    phase: Phase
    number: int
    architecture: Architecture
    training: TrainingConfig
    seed: int
    stop_after: int | None
    dataset: str
    prepared: str | None
    fingerprint: str | None
    score: float
    curve: tuple[Epoch, ...]
    flops: int
    seconds: float
    network: bytes | None = None

    @property
    def key(self) -> str:
        """The digest of all that decides what the examination finds, in hex."""
        told = replace(self, network=None).to_json()
        # Where the arrays lie says nothing of what they are, and the prediction nothing of the network.
        for name in ("owner", "prepared", "seconds"):
            del told[name]
        if self.network is not None:
            told["network"] = hashlib.sha256(self.network).hexdigest()
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    @property
    def epochs(self) -> int:
        """Epochs that a training runs."""
        return 0 if self.network is not None else len(self.curve)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "format": FORMAT,
            "owner": self.owner,
            "job_id": self.job_id,
            "phase": self.phase,
            "number": self.number,
            "architecture": self.architecture.to_json(),
            "training": self.training.to_json(),
            "seed": self.seed,
            "stop_after": self.stop_after,
            "dataset": self.dataset,
            "prepared": self.prepared,
            "fingerprint": self.fingerprint,
            "score": self.score,
            "curve": curve_to_json(self.curve),
            "flops": self.flops,
            "seconds": self.seconds,
            "network": None if self.network is None else base64.b64encode(self.network).decode("ascii"),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Order":
        """Read what `to_json` wrote."""
        network = value["network"]
        return cls(
            **{name: content for name, content in value.items() if name not in _CONVERTED},
            architecture=Architecture.from_json(value["architecture"]),
            training=TrainingConfig.from_json(value["training"]),
            curve=curve_from_json(value["curve"]),
            network=None if network is None else base64.b64decode(network),
        )


_CONVERTED: Final = frozenset({"format", "architecture", "training", "curve", "network"})
