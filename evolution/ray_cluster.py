"""Where Ray runs, as a plain value that can be made without loading Ray."""

import re
from dataclasses import dataclass
from pathlib import Path

from evolution.errors import EvaluatorUnavailable


@dataclass(frozen=True, slots=True)
class RayCluster:
    """A local cluster of our own (`address` None), or one to join.

    `cpus` is how many candidates are trained at once: the size of a local cluster (None: all cores), a limit on a
    joined one (None: all it has). The token, or the file that holds it, is what the cluster asks of everyone who
    connects; a local cluster makes its own where none is given, and for a joined one Ray looks in its documented
    places. With `own_node` a node without processors is started beside the driver, which joins the cluster through it:
    for a driver on a machine that is not a node. `directory` keeps Ray's logs; without it they are deleted at the end.
    It must be short: Ray's socket names are limited to 107 bytes.
    """

    address: str | None = None
    cpus: int | None = None
    token: str | None = None
    token_path: Path | None = None
    directory: Path | None = None
    own_node: bool = False

    def __post_init__(self) -> None:
        if self.address is not None and not re.fullmatch(r"[^/:]+:[0-9]+", self.address):
            raise EvaluatorUnavailable(f"Ray's address must be host:port, got {self.address!r}")
        if self.own_node and self.address is None:
            raise EvaluatorUnavailable("a node of the driver's own needs the address of a cluster to join")
        if self.cpus is not None and self.cpus < 1:
            raise EvaluatorUnavailable(f"cpus must be 1 or more, got {self.cpus}")
        if self.token is not None and self.token_path is not None:
            raise EvaluatorUnavailable("give Ray's token or the path of a file that holds it, not both")
        if self.token is not None and len(self.token) < 32:
            raise EvaluatorUnavailable("Ray's token must have 32 characters or more: `openssl rand -hex 32` makes one")
        if self.directory is not None and len(str(self.directory.absolute())) > 20:
            raise EvaluatorUnavailable(
                f"directory {self.directory} is too long for the names of Ray's sockets: at most 20 characters"
            )

    def __repr__(self) -> str:
        # A token must not reach a log by way of a traceback.
        return f"RayCluster(address={self.address!r}, cpus={self.cpus!r})"
