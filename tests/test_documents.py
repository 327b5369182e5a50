"""What the documents say is run or compared, so that they cannot drift."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from service.settings import Settings
from tests.service.cli.commands import environment, serving

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


def test_the_readme_shows_its_two_commands_first() -> None:
    assert COMMANDS[:2] == ["make demo", "make test"]


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_no_document_holds_a_gap_to_be_filled() -> None:
    texts = [README, *(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))]

    assert [text for text in texts if re.search(r"@@|TODO|TBD", text)] == []


def test_every_make_task_that_a_document_names_exists() -> None:
    texts = [README, *(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))]
    named = {task for text in texts for task in re.findall(r"`make ([a-z-]+)`", text)}
    tasks = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert named
    assert named <= tasks


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

    documented = set(re.findall(r"^\| `CAMBRIAN_([A-Z_]+)`", text, re.MULTILINE))

    assert documented == {name.upper() for name in Settings.model_fields}


def test_make_help_lists_every_task() -> None:
    answer = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)

    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony is not None
    assert re.findall(r"^  make (\S+)", answer.stdout, re.MULTILINE) == phony[1].split()


@pytest.mark.slow
def test_the_commands_of_the_readme_do_what_it_says(tmp_path: Path) -> None:
    env = environment(tmp_path, CAMBRIAN_EVALUATOR="ray") | {"PATH": os.environ["PATH"]}
    # `make test` is what runs this; a dry run shows that it could be followed.
    assert subprocess.run(["make", "-n", "test"], cwd=ROOT, env=env, capture_output=True, check=False).returncode == 0
    # The environment is there already: `-o` keeps make from installing it again under the running tests.
    demo = subprocess.run(
        ["make", "-o", ".venv/.demo", "demo"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )

    assert demo.returncode == 0, demo.stderr
    assert "better than logistic regression" in " ".join(demo.stdout.split())
    others = [command for command in COMMANDS if not command.startswith("make ")]
    assert len(others) == 7
    with serving(env | {"CAMBRIAN_EVALUATOR": "serial"}) as service:
        for command in others:
            local = command.replace("http://127.0.0.1:8642", service.url)
            answer = subprocess.run(
                shlex.split(local),
                cwd=ROOT,
                env=env | {"CAMBRIAN_URL": service.url},
                capture_output=True,
                text=True,
                check=False,
            )
            assert answer.returncode == 0, f"{command}: {answer.stderr}"
            assert "problem" not in answer.stdout, answer.stdout
    # The table that one of them writes where it is typed.
    (ROOT / "beans.csv").unlink()
