"""The form of a new job, used as a person uses it."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from service.store.database import Database
from tests.browser.pages import Watched
from tests.service.api.access_tokens import bearer, make_token
from tests.service.api.serving import Running, serving, submit
from tests.service.cli.commands import CAMBRIAN

pytestmark = pytest.mark.slow

HOSTILE = """it's "$HOME" `id` $(id) \\n \\ <b>&amp; ! % é 🌱 -- '; exit 1"""

Visit = Callable[[str, str], Watched]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("new"), webhooks=True) as running:
        yield running


def settled(page: Page) -> None:
    """Wait until the plan is that of what stands in the form."""
    expect(page.locator(".card")).to_have_attribute("aria-busy", "false")


def spec_of(page: Page) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(page.locator("#json").inner_text())
    return spec


def submitted(page: Page, served: Running, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Submit the form, land on the job's page, and return the job."""
    page.get_by_role("button", name="Submit the job").click()
    page.wait_for_url(re.compile(r"/jobs/[^/]+$"))
    job: dict[str, Any] = served.client.get(
        urlsplit(page.url).path.replace("/jobs/", "/v1/jobs/"), headers=headers
    ).json()
    return job


def run(command: str, served: Running, **variables: str) -> str:
    """Run a command as a person would who copied it into a terminal, and return what it printed."""
    environment = {
        **os.environ,
        "PATH": f"{CAMBRIAN.parent}:{os.environ['PATH']}",
        "NO_PROXY": "127.0.0.1",
        **variables,
    }
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=environment, cwd=served.folder, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr

    return done.stdout


def test_the_form_and_both_its_commands_submit_the_same_job(visit: Visit, served: Running) -> None:
    watched = visit(served.url, "/new?dataset=iris")
    page = watched.page
    page.get_by_label("Name", exact=True).fill(HOSTILE)
    page.get_by_label("Networks to train").fill("7")
    page.get_by_label("Objective").select_option(label="a good score and few parameters")
    page.get_by_label("Seed", exact=True).fill("9007199254740993")
    page.get_by_label("GELU").check()
    page.get_by_text("Advanced").click()
    page.get_by_label("Stop when more is not worth it").check()
    page.get_by_label("Stop when more is not worth it").uncheck()
    page.get_by_label("Search the training recipe as well").check()
    page.get_by_label("Batch sizes").fill("8, 16")
    page.get_by_label("Labels").fill(f"thesis\n{HOSTILE[:20]}\n")
    page.get_by_label("Notes").fill("two\nlines with 'quotes'")
    settled(page)
    expect(page.locator("#plan")).to_contain_text("Largest network")
    asked = spec_of(page)

    by_curl = json.loads(run(page.locator("#curl").inner_text(), served))
    by_command = served.client.get(f"/v1/jobs/{run(page.locator('#command').inner_text(), served).strip()}").json()
    by_form = submitted(page, served)

    assert asked == {
        "dataset": "iris",
        "name": HOSTILE,
        "objectives": ["score", "parameters"],
        "budget": {"evaluations": 7},
        "space": {"activations": ["relu", "tanh", "gelu"], "recipe": {"batch_sizes": [8, 16]}},
        "seed": 9007199254740993,
        "labels": ["thesis", HOSTILE[:20]],
        "notes": "two\nlines with 'quotes'",
    }
    assert by_form["spec"] == by_curl["spec"] == by_command["spec"]
    assert by_form["name"] == by_curl["name"] == by_command["name"] == HOSTILE
    assert by_form["labels"] == by_curl["labels"] == sorted(asked["labels"])
    assert by_form["notes"] == by_command["notes"] == asked["notes"]
    assert by_form["seed"] == 9007199254740993


def test_a_job_of_flags_is_a_command_of_flags(visit: Visit, served: Running) -> None:
    page = visit(served.url, "/new?dataset=wine").page
    page.get_by_label("Name", exact=True).fill("it's $HOME")
    page.get_by_label("Networks to train").fill("9")
    page.locator("#strategy").select_option('"random"')
    settled(page)
    command = page.locator("#command").inner_text()

    assert command == (
        f"cambrian submit wine --name='it'\\''s $HOME' --strategy=random --evaluations=9 --url {served.url}"
    )

    job = served.client.get(f"/v1/jobs/{run(command, served).strip()}").json()
    assert (job["name"], job["spec"]["strategy"], job["spec"]["budget"]["evaluations"]) == ("it's $HOME", "random", 9)


def test_the_commands_name_the_address_and_the_token_where_they_must(
    visit: Visit, served: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sqlite_url: str
) -> None:
    monkeypatch.setattr("service.dashboard.new.DEFAULT_URL", served.url)

    assert visit(served.url, "/new?dataset=iris").page.locator("#command").inner_text() == "cambrian submit iris"

    database = Database(sqlite_url)
    _, token = make_token(database, "ada")
    with serving(tmp_path, database, require_token=True, root_path="/below") as guarded:
        watched = visit(guarded.url, "/below/new?dataset=iris")
        page = watched.page
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        watched.forgive("401")
        settled(page)
        command = page.locator("#curl").inner_text()
        job = json.loads(run(command, guarded, CAMBRIAN_TOKEN=token))

        assert f"curl --fail-with-body -X POST {guarded.url}/below/v1/jobs" in command
        assert token not in page.content()
        assert submitted(page, guarded, bearer(token))["spec"] == job["spec"]
        assert page.url.startswith(f"{guarded.url}/below/jobs/")
        # Before the service goes, which the page would ask in vain.
        page.goto("about:blank")
    database.close()


def test_what_nobody_sees_is_escaped_and_refused_beside_its_field(visit: Visit, served: Running) -> None:
    watched = visit(served.url, "/new?dataset=iris")
    page = watched.page
    page.get_by_label("Name", exact=True).fill("a\u202eb")
    expect(page.locator("#name-error")).to_contain_text("Must be text of 1 to 200 characters")
    watched.forgive("422")

    for shown in ("#json", "#curl", "#command"):
        assert "a\\u202eb" in page.locator(shown).inner_text()


def test_refused_fields_are_marked_and_the_summary_leads_to_them(visit: Visit, served: Running) -> None:
    watched = visit(served.url, "/new?dataset=iris")
    page = watched.page
    page.get_by_label("Hidden layers at least").fill("5")
    low, high = page.locator("#space-min_layers"), page.locator("#space-max_layers")
    expect(low).to_have_attribute("aria-invalid", "true")
    expect(high).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#space-min_layers-error")).to_have_text("Must be at most max_layers, which is 3")
    expect(page.locator("#time")).to_have_text("There is no plan as long as fields are wrong.")
    page.get_by_text("Advanced").click()
    page.locator("#training-learning_rate").fill("11")
    page.get_by_text("Advanced").click()
    page.get_by_role("button", name="Submit the job").click()
    refusal = page.locator("#refusal")
    expect(refusal).to_be_focused()
    expect(refusal).to_contain_text("Learning rate: must be a number above 0 and at most 10")
    watched.forgive("422")
    watched.check_axe()

    refusal.get_by_role("link", name="Learning rate").click()
    expect(page.locator("#training-learning_rate")).to_be_focused()
    page.locator("#training-learning_rate").fill("0.02")
    expect(low).to_have_attribute("aria-invalid", "true")
    low.fill("1")
    expect(low).not_to_have_attribute("aria-invalid", "true")
    expect(refusal).to_be_hidden()
    expect(page.locator(".error:visible")).to_have_count(0)
    # Two refused plans and one refused job, and what was refused between two keys.
    watched.forgive("422")


def test_a_copied_job_is_the_same_job(visit: Visit, served: Running) -> None:
    original = submit(
        served.client,
        dataset="digits-8x8",
        name=HOSTILE,
        seed=2**63 - 1,
        budget={"epochs": 77, "max_seconds": 600},
        space={"activations": ["tanh", "relu"], "max_blocks": 1, "kernels": [5, 3], "dropout": [0.5, 0]},
        stopping={"patience": 3},
        training={"learning_rate": 1e-05, "class_weights": "balanced"},
        verdict={"rivals": False},
        limits={"memory_bytes": 10**15},
    )
    page = visit(served.url, f"/new?clone={original['id']}").page
    settled(page)
    copy = submitted(page, served)

    assert copy["id"] != original["id"]
    assert copy["spec"] == original["spec"]


def test_fields_come_and_go_with_the_data_and_with_their_switches(visit: Visit, served: Running) -> None:
    page = visit(served.url, "/new?dataset=digits-8x8").page
    page.get_by_text("Advanced").click()
    page.get_by_label("Blocks at most").fill("2")
    page.get_by_label("Label smoothing").fill("0.1")

    assert spec_of(page) == {"dataset": "digits-8x8", "training": {"label_smoothing": 0.1}, "space": {"max_blocks": 2}}
    expect(page.locator("#preview img").first).to_be_visible()

    page.get_by_label("Data set").select_option('"diabetes"')
    expect(page.locator("#preview table")).to_be_visible()
    expect(page.get_by_label("Blocks at most")).to_be_hidden()
    assert spec_of(page) == {"dataset": "diabetes"}

    page.get_by_label("Where Huber's loss turns linear").fill("1.5")
    page.get_by_label("Loss", exact=True).select_option(label="Huber's loss")
    page.get_by_label("Stop when more is not worth it").check()
    page.get_by_label("count training epochs").check()
    assert spec_of(page) == {
        "dataset": "diabetes",
        "budget": {"epochs": 512},
        "training": {"regression_loss": "huber", "huber_delta": 1.5},
        "stopping": {},
    }
    settled(page)
    page.locator("#budget-epochs").fill("")
    expect(page.locator("#budget-epochs-error")).to_have_text("Must be given")


def test_the_last_plan_counts(visit: Visit, served: Running) -> None:
    page = visit(served.url, "/new?dataset=iris").page
    settled(page)
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if not held:
            held.append(route)
            return
        route.continue_()

    page.route("**/v1/plans", hold_the_first)
    page.get_by_label("Networks to train").fill("11")
    while not held:
        page.wait_for_timeout(50)
    page.get_by_label("Networks to train").fill("12")
    settled(page)
    after = page.locator("#plan").inner_text()
    held[0].fulfill(status=200, json={"odd": True})
    page.wait_for_timeout(200)

    assert page.locator("#plan").inner_text() == after


def test_a_webhook_s_secret_is_shown_before_the_page_is_left(visit: Visit, served: Running) -> None:
    watched = visit(served.url, "/new?dataset=iris")
    page = watched.page
    page.get_by_text("Advanced").click()
    page.get_by_label("Tell another program").check()
    page.get_by_label("Address").fill("https://hooks.example.com/cambrian")
    page.get_by_label("running").check()
    settled(page)
    # With the keyboard alone.
    page.get_by_label("Address").press("Enter")
    expect(page.get_by_role("heading", name="The job is submitted")).to_be_focused()

    assert len(page.locator("#secret").inner_text()) >= 32

    watched.check_axe()
    page.get_by_role("link", name="Go to the job").click()
    page.wait_for_url(re.compile(r"/jobs/[^/]+$"))


def test_the_form_is_for_everybody(visit: Visit, served: Running) -> None:
    watched = visit(served.url, "/new?dataset=digits-8x8")
    page = watched.page
    settled(page)
    expect(page.locator("#preview img").first).to_be_visible()
    watched.check_axe()
    page.get_by_text("Advanced").click()
    for switch in page.locator("[data-switch]").all():
        switch.check()
    expect(page.locator("#webhook-url-error")).to_be_visible()
    watched.check_axe()
    page.locator("[data-copy=curl]").click()
    expect(page.locator("#copied")).not_to_be_empty()
    # The address of the webhook is missing.
    watched.forgive("422")
