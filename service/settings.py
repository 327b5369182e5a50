"""Where the service runs: read from the environment once, at the composition roots, and passed on from there."""

import os
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.data.limits import MAX_FILE_BYTES

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def default_data_dir() -> Path:
    """Return the folder for this user's data, as the XDG base directory specification places it."""
    home = os.environ.get("XDG_DATA_HOME", "")
    # The specification says that a relative path is to be ignored.
    base = Path(home) if Path(home).is_absolute() else Path.home() / ".local" / "share"
    return base / "cambrian"


class Settings(BaseSettings):
    """The environment variables `CAMBRIAN_*`; raises pydantic's ValidationError, which names the one at fault."""

    # `hide_input_in_errors`: a database address may hold a password, and error texts end in logs.
    model_config = SettingsConfigDict(
        env_prefix="CAMBRIAN_", env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    data_dir: Annotated[Path, Field(description="Folder of the database and of what the service keeps")] = Field(
        default_factory=default_data_dir
    )
    database_url: Annotated[str, Field(description="sqlite:///FILE or postgresql://...; empty: SQLite in data_dir")] = (
        ""
    )
    host: Annotated[str, Field(description="Address to listen on; only loopback ones are accepted")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535, description="Port to listen on; 0 takes a free one")] = 8642
    evaluator: Annotated[Literal["ray", "serial"], Field(description="How candidates are trained")] = "ray"
    ray_address: Annotated[
        str | None, Field(description="Address of a Ray cluster to join; unset: one is started on this machine")
    ] = None
    ray_token_path: Annotated[
        Path | None, Field(description="File with the token of the cluster to join; unset: where Ray looks for it")
    ] = None
    workers: Annotated[
        int | None, Field(ge=1, le=10_000, description="Candidates trained at once; unset: one per processor core")
    ] = None
    max_upload_bytes: Annotated[
        int, Field(ge=1, le=MAX_FILE_BYTES, description="The largest file that may be uploaded as a data set")
    ] = MAX_FILE_BYTES
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(description="What the log shows")] = "info"

    @field_validator("host")
    @classmethod
    def _loopback_only(cls, host: str) -> str:
        if host not in LOOPBACK:
            raise ValueError(
                f"must be one of {', '.join(LOOPBACK)}: the service has no access control yet, so that whoever reaches "
                "it may use it; let others in through a tunnel, for example `ssh -L 8642:127.0.0.1:8642 THIS-MACHINE`"
            )
        return host

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if url and not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return url

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        # Server and runner may be started in different folders and must mean the same one.
        return folder.expanduser().absolute()

    @model_validator(mode="after")
    def _database_in_data_dir(self) -> Self:
        if not self.database_url:
            # The model is frozen for its users; this is still its construction.
            object.__setattr__(self, "database_url", f"sqlite:///{self.data_dir / 'cambrian.db'}")
        return self
