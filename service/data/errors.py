"""What can go wrong when a data set is read."""


class DatasetUnavailable(Exception):
    """A data set that cannot be read on this machine; the message says why and what to do."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"data set {name} cannot be read: {reason}")
