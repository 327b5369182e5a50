"""How the processes of the service log: one line an event to stderr, with its time in UTC."""

import logging
import time

FORMAT = "%(asctime)sZ %(levelname)s %(name)s: %(message)s"
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"

CHATTY = ("alembic.runtime.migration", "httpx", "uvicorn.error")
"""Loggers of libraries whose "info" is about themselves."""


def configure_logging(level: str) -> None:
    """Set up logging for this process; `level` is a setting's word, such as "info"."""
    formatter = logging.Formatter(FORMAT, TIME_FORMAT)
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if level == "info":
        for name in CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
