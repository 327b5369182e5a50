"""Where the service runs: read from the environment once, at the composition roots, and passed on from there."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.data.limits import MAX_FILE_BYTES
from service.secret_file import read_secret

_HOST_NAME: Final = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE
)

_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+")

SECRETS: Final = ("database_url",)
"""Settings that may hold a secret; each can be read from the file that `CAMBRIAN_..._FILE` names instead."""


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
    # It may hold a password, and the text of an object ends in logs.
    database_url: Annotated[
        str, Field(repr=False, description="sqlite:///FILE or postgresql://...; empty: SQLite in data_dir")
    ] = ""
    database_url_file: Annotated[
        Path | None, Field(description="File that holds database_url, in the place of the variable")
    ] = None
    host: Annotated[
        str, Field(description="Address to listen on; any but a loopback one asks everybody for a token")
    ] = "127.0.0.1"
    allowed_hosts: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(description="Names that requests may call the service by, besides loopback and the bound address"),
    ] = ()
    require_token: Annotated[bool, Field(description="Ask for a token on the loopback address too")] = False
    requests_per_minute: Annotated[
        int, Field(ge=6, le=1_000_000, description="Requests of one token, or of one address without one")
    ] = 600
    audit_days: Annotated[int, Field(ge=1, le=36_500, description="Days for which the audit log is kept")] = 90
    port: Annotated[int, Field(ge=0, le=65_535, description="Port to listen on; 0 takes a free one")] = 8642
    root_path: Annotated[
        str, Field(description="Path below which a proxy shows the service, such as /cambrian; empty: none")
    ] = ""
    evaluator: Annotated[Literal["ray", "serial"], Field(description="How candidates are trained")] = "ray"
    ray_address: Annotated[
        str | None, Field(description="Address of a Ray cluster to join; unset: one is started on this machine")
    ] = None
    ray_token_path: Annotated[
        Path | None, Field(description="File with the token of the cluster to join; unset: where Ray looks for it")
    ] = None
    ray_own_node: Annotated[
        bool, Field(description="Whether the runner joins the cluster by a node of its own, which trains nothing")
    ] = False
    workers: Annotated[
        int | None, Field(ge=1, le=10_000, description="Candidates trained at once; unset: one per processor core")
    ] = None
    max_upload_bytes: Annotated[
        int, Field(ge=1, le=MAX_FILE_BYTES, description="The largest file that may be uploaded as a data set")
    ] = MAX_FILE_BYTES
    max_queued_jobs: Annotated[
        int, Field(ge=1, le=1_000_000, description="Jobs of one owner that may wait for a runner at once")
    ] = 1000
    max_running_jobs: Annotated[
        int | None, Field(ge=1, le=10_000, description="Jobs of one owner that may run at once; unset: any number")
    ] = None
    retention_days: Annotated[
        int | None, Field(ge=1, le=36_500, description="Days after their end at which jobs are removed; unset: never")
    ] = None
    retention_archived_days: Annotated[
        int | None, Field(ge=1, le=36_500, description="The same for jobs in the archive; unset: never")
    ] = None
    examination_seconds: Annotated[
        int,
        Field(
            ge=0, le=3_600, description="Seconds that training a candidate again may take by its prediction; 0: none"
        ),
    ] = 60
    webhooks: Annotated[bool, Field(description="Whether jobs may have webhooks: the service then calls addresses")] = (
        False
    )
    webhook_hosts: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(description="host or host:port, separated by commas, that webhooks may call though they are not public"),
    ] = ()
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(description="What the log shows")] = "info"
    log_format: Annotated[
        Literal["auto", "text", "json"], Field(description="Lines for people or for programs; auto: text on a terminal")
    ] = "auto"

    @field_validator("host")
    @classmethod
    def _address_or_name(cls, host: str) -> str:
        if not _is_host(host):
            raise ValueError("must be an IP address or the name of a machine, such as 127.0.0.1 or 0.0.0.0")
        return host

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _separated_by_commas(cls, names: str | tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name.strip() for name in names.split(",")) if isinstance(names, str) else names

    @field_validator("allowed_hosts")
    @classmethod
    def _names_alone(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_is_host(name) for name in names):
            raise ValueError("must be names or IP addresses, separated by commas, without ports: a.example,10.0.0.7")
        return names

    @field_validator("root_path")
    @classmethod
    def _path_alone(cls, path: str) -> str:
        if path and _PATH.fullmatch(path) is None:
            raise ValueError("must be a path that begins with / and does not end with one, such as /cambrian")
        return path

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if url and not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return url

    @field_validator("webhook_hosts", mode="before")
    @classmethod
    def _separated(cls, hosts: object) -> object:
        return (
            tuple(host.strip().lower() for host in hosts.split(",") if host.strip())
            if isinstance(hosts, str)
            else hosts
        )

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        # Server and runner may be started in different folders and must mean the same one.
        return folder.expanduser().absolute()

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        for name in SECRETS:
            file = given.get(f"{name}_file")
            if file is None:
                continue
            if given.get(name):
                raise ValueError(f"give CAMBRIAN_{name.upper()} or CAMBRIAN_{name.upper()}_FILE, not both")
            given = given | {name: read_secret(Path(file))}
        return given

    @model_validator(mode="after")
    def _database_in_data_dir(self) -> Self:
        if not self.database_url:
            # The model is frozen for its users; this is still its construction.
            object.__setattr__(self, "database_url", f"sqlite:///{self.data_dir / 'cambrian.db'}")
        return self


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return _HOST_NAME.fullmatch(text) is not None
    return True
