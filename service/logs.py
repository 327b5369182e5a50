"""How the processes of the service log: one line an event to stderr, as JSON for programs or as text for people.

Loggers are those of the standard library, ours and those of libraries alike. What is bound with structlog's context
variables (the id of a request, the job and lease of a runner) is in every line that is written meanwhile, and so is
what a call hands over as `extra`. Whatever could steer a terminal is escaped, and secrets are taken out of the finished
line, wherever they came from. A log that cannot be written never stops the service.
"""

import json
import logging
import os
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Final, Literal

import structlog
from structlog.contextvars import merge_contextvars
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

LogFormat = Literal["auto", "text", "json"]
Fields = MutableMapping[str, Any]

CHATTY: Final = ("alembic.runtime.migration", "httpx", "uvicorn.error")
"""Loggers of libraries whose "info" is about themselves."""

REQUESTS: Final = "service.requests"
"""The logger of the access log: a line for every request when it has been answered."""

_STDERR: Final = 2
_HIDDEN: Final = "***"
_QUOTE: Final = r"(?:b?\\?[\"'])?"
_SECRETS: Final = (
    # Our own tokens, wherever they stand.
    (re.compile(r"\bcmb_[A-Za-z0-9_-]{6,}"), f"cmb_{_HIDDEN}"),
    # The password of an address; it may hold anything but what ends it.
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@\"']*:)[^\s@\"']+(?=@)", re.IGNORECASE), rf"\1{_HIDDEN}"),
    # Headers and fields by their name, as Python and JSON write them, also JSON within JSON.
    (
        re.compile(
            rf"(\bauthorization{_QUOTE}\s*[=:,]\s*{_QUOTE}(?:(?:bearer|basic)\s+)?)[^\s\"',;\\]+", re.IGNORECASE
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"(\b(?:bearer|basic)\s+)[A-Za-z0-9+/._~=-]{8,}", re.IGNORECASE), rf"\1{_HIDDEN}"),
    (
        re.compile(rf"(\b\w*(?:password|passwd|secret){_QUOTE}\s*[=:]\s*{_QUOTE})[^\s\"',;&)\\]+", re.IGNORECASE),
        rf"\1{_HIDDEN}",
    ),
)


def configure_logging(level: str, form: LogFormat = "auto") -> None:
    """Set up logging for this process; `level` is a setting's word, such as "info".

    The form "auto" is text on a terminal and JSON everywhere else.
    """
    text = form == "text" or (form == "auto" and _is_terminal())
    handler = _Handler()
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[
                merge_contextvars,
                add_logger_name,
                add_log_level,
                ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                _without_private,
                structlog.processors.format_exc_info,
                _as_text if text else _as_json,
                _without_secrets,
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if level == "info":
        for name in CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
        if text:
            # Whoever sits before the terminal knows what they asked for; "debug" shows it.
            logging.getLogger(REQUESTS).setLevel(logging.WARNING)


def redacted(text: str) -> str:
    """Return the text without the secrets that can be told by their form."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class _Handler(logging.Handler):
    """Writes each line to stderr at once and past Python's buffers, which would keep what a full disk refused.

    A line that cannot be written is lost: no log is worth a service that stops.
    """

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(Exception):
            left = (self.format(record) + "\n").encode("utf-8", "backslashreplace")
            while left:
                left = left[os.write(_STDERR, left) :]


def _is_terminal() -> bool:
    try:
        return os.isatty(_STDERR)
    except OSError:
        return False


def _without_private(_logger: Any, _method: str, fields: Fields) -> Fields:
    """Leave out what libraries hang on a record for themselves, as Ray does."""
    return {name: value for name, value in fields.items() if not name.startswith("_")}


def _as_json(_logger: Any, _method: str, fields: Fields) -> str:
    head = {name: fields.pop(name) for name in ("timestamp", "level", "logger", "event") if name in fields}
    # ASCII: whatever could steer a terminal or break a line is a sequence of plain letters.
    return json.dumps(head | dict(fields), ensure_ascii=True, default=str)


def _as_text(_logger: Any, _method: str, fields: Fields) -> str:
    trace = fields.pop("exception", None)
    time, level, name, event = (str(fields.pop(key, "-")) for key in ("timestamp", "level", "logger", "event"))
    more = "".join(f" {key}={_escaped(str(value))}" for key, value in fields.items())
    line = f"{time[:19]}Z {level.upper()} {name}: {_escaped(event)}{more}"
    return line if trace is None else "\n".join([line, *(_escaped(part) for part in str(trace).splitlines())])


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _without_secrets(_logger: Any, _method: str, line: Any) -> str:
    return redacted(line)


def give_up_stderr() -> None:
    """Replace a stderr that cannot be written, so that nothing of it is left to fail when the process ends."""
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it stays open until the process ends
