"""Answers rows with the networks of models, in the web process: `core` needs NumPy alone."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.errors import CoreError
from core.export import from_bytes
from core.forward_pass import ForwardPass
from core.network import Network
from service.api.attachments import whole
from service.errors import ModelDamaged

CACHE_BYTES: Final = 256_000_000
AT_ONCE: Final = 2
"""So many predictions are computed at the same time; each takes memory for its layers, and the others wait."""


class Predictor:
    """Keeps networks that were used lately, by the SHA-256 of their files and up to `cache_bytes` of parameters."""

    def __init__(self, cache_bytes: int = CACHE_BYTES) -> None:
        self._cache_bytes = cache_bytes
        self._networks: OrderedDict[str, Network] = OrderedDict()
        self._lock = threading.Lock()
        self._computing = threading.BoundedSemaphore(AT_ONCE)

    def network(self, sha256: str, read: Callable[[], bytes | None]) -> Network:
        """Return the network of a file; `read` gets the file where it is not known. Raises ModelDamaged."""
        with self._lock:
            network = self._networks.get(sha256)
            if network is not None:
                self._networks.move_to_end(sha256)
                return network
        try:
            network = from_bytes(whole(read(), sha256))
        except CoreError:
            raise ModelDamaged("the stored file is no network that this release can read") from None
        with self._lock:
            self._networks[sha256] = network
            while self.cached_bytes > self._cache_bytes:
                self._networks.popitem(last=False)
        return network

    @property
    def cached_bytes(self) -> int:
        """The bytes of all parameters that are kept."""
        return sum(network.parameters.nbytes for network in self._networks.values())

    def answer(
        self, network: Network, rows: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32] | None]:
        """Return what the network predicts for raw rows, and its probabilities: None for regression."""
        with self._computing, np.errstate(all="ignore"):
            predictions = network.predict(rows)
            if network.task == "regression":
                return predictions, None
            return predictions, network.predict_probabilities(rows)

    def pass_through(self, network: Network, rows: npt.NDArray[np.float32]) -> ForwardPass:
        """Return what each layer of the network puts out for a few raw rows."""
        with self._computing:
            return network.forward_pass(rows)
