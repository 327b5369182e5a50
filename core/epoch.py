"""One epoch of a learning curve."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch showed: mean losses (train: as the steps met the rows), and the task's score, to be large.

    The score is accuracy, from 0 to 1, and the losses are in nats. For regression it is R2, and the losses are of the
    targets as they are trained on.
    """

    train_loss: float
    validation_loss: float
    validation_score: float
