from core.epoch import Epoch


class CoreError(ValueError):
    """What every named error of this package descends from."""


class InvalidArchitecture(CoreError):
    """An architecture, or its JSON, that describes no network that could be built."""


class InvalidTrainingConfig(CoreError):
    """A training setting, or its JSON, outside the stated limits."""


class InvalidDataset(CoreError):
    """Arrays that do not fit together, or do not fit the network they are given to."""


class InvalidNetworkFile(CoreError):
    """A file that is no exported network, or a damaged one."""


class InvalidTrainingState(CoreError):
    """A training state that is damaged, or that belongs to other data or another training."""


class NotFunctionPreserving(CoreError):
    """A growth step that could not keep what the network computes."""


class InvalidStack(CoreError):
    """Networks that cannot train in one step, or a stack without members."""


class BackendUnavailable(CoreError):
    """A backend whose package or device is not there."""


class Diverged(CoreError):
    """A training whose loss or parameters left the finite numbers.

    `epoch` counts from 1 and is the epoch in which it was found; `curve` holds the finished epochs before it.
    """

    def __init__(self, epoch: int, curve: tuple[Epoch, ...] = ()) -> None:
        # The arguments go to the base class as they are, because pickle rebuilds an exception from `args`.
        super().__init__(epoch, curve)
        self.epoch = epoch
        self.curve = curve

    def __str__(self) -> str:
        return (
            f"training diverged in epoch {self.epoch}: the loss or a parameter is not a finite number; "
            "a smaller learning rate may help"
        )
