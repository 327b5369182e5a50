"""Where a client finds its token: never in an argument, which every user of the machine sees in its list of processes.

The first that is there: the variable `CAMBRIAN_TOKEN`, the file that `CAMBRIAN_TOKEN_FILE` names (which is what
`cambrian --token-file` sets), and `~/.config/cambrian/token`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from service.secret_file import read_secret

TOKEN: Final = "CAMBRIAN_TOKEN"  # noqa: S105 - the name of a variable
TOKEN_FILE: Final = "CAMBRIAN_TOKEN_FILE"  # noqa: S105 - the name of a variable


def default_token_file(environment: Mapping[str, str]) -> Path:
    """Return where a user keeps a token, as the XDG base directory specification places it."""
    home = environment.get("XDG_CONFIG_HOME", "")
    base = Path(home) if Path(home).is_absolute() else Path.home() / ".config"
    return base / "cambrian" / "token"


def find_token(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the token to use; None where there is none. Raises SecretUnreadable."""
    if environment.get(TOKEN):
        return environment[TOKEN].strip()
    if environment.get(TOKEN_FILE):
        return read_secret(Path(environment[TOKEN_FILE]))
    kept = default_token_file(environment)
    return read_secret(kept) if kept.is_file() else None
