"""docker-compose.yml and the Dockerfile as the tests read them."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parent.parent
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8")

Service = dict[str, Any]


def compose() -> dict[str, Any]:
    """Return the whole file, with anchors and merges resolved."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


def services() -> dict[str, Service]:
    """Return the services by name."""
    found: dict[str, Service] = compose()["services"]
    return found


def image_environment() -> dict[str, str]:
    """Return the variables that the image sets in its final stage."""
    final = DOCKERFILE.rsplit("\nFROM ", 1)[1].replace("\\\n", " ")
    found: dict[str, str] = {}
    for line in re.findall(r"^ENV (.*)$", final, re.MULTILINE):
        found.update(re.findall(r"(\w+)=(\S+)", line))
    return found
