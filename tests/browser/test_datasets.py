"""Data sets brought, looked at and deleted in a browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.pages import Watched
from tests.service.api.serving import Running, serving, submit
from tests.service.data.tables import flowers

pytestmark = pytest.mark.slow

Visit = Callable[[str, str], Watched]

LEAKY = "patient,dose,code,ill\n" + "".join(
    f"{place},{place * 7 % 31},{'ab'[place % 2]},{'yn'[place % 2]}\n" for place in range(120)
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("datasets"), max_upload_bytes=1_000_000) as running:
        yield running


def file_of(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def upload(page: Page) -> None:
    page.get_by_role("button", name="Upload", exact=True).click()


def test_a_file_becomes_a_data_set_and_the_data_set_a_job(visit: Visit, served: Running, tmp_path: Path) -> None:
    watched = visit(served.url, "/datasets")
    page = watched.page
    watched.check_axe()
    page.locator("#file").set_input_files(file_of(tmp_path, "Ill Patients (2024).csv", LEAKY))
    expect(page.get_by_label("Name of the data set")).to_have_value("ill-patients-2024")
    page.get_by_text("Options").click()

    assert [one.get_attribute("value") for one in page.locator("#columns option").all()] == [
        "patient",
        "dose",
        "code",
        "ill",
    ]

    page.get_by_label("Column to predict").fill("ill")
    page.get_by_label("Columns to leave out").fill("dose\n")
    watched.check_axe()
    upload(page)
    page.wait_for_url(re.compile(r"/datasets/ill-patients-2024$"))
    expect(page.locator(".finding.serious").first).to_contain_text("'code' alone predicts the class")
    expect(page.locator(".finding.warning").first).to_be_visible()
    watched.check_axe()

    known = served.client.get("/v1/datasets/ill-patients-2024").json()
    assert known["target"] == "ill"
    assert known["options"]["ignored_columns"] == ["dose"]
    assert known["title"] == "Ill Patients (2024).csv"

    page.get_by_role("link", name="New job with this data").click()
    expect(page.locator("#preview")).to_contain_text("'code' alone predicts the class")
    page.get_by_role("button", name="Submit the job").click()
    page.wait_for_url(re.compile(r"/jobs/[^/]+$"))
    job = served.client.get(f"/v1/jobs/{page.url.rpartition('/')[2]}").json()
    assert job["dataset"] == "ill-patients-2024"
    assert job["dataset_fingerprint"] in (None, known["fingerprint"])

    page.goto(f"{served.url}/datasets/ill-patients-2024")
    expect(page.get_by_role("link", name=job["name"])).to_be_visible()


def test_a_file_may_be_dropped_and_one_with_a_wrong_option_is_refused_beside_it(visit: Visit, served: Running) -> None:
    watched = visit(served.url, "/datasets")
    page = watched.page
    dropped = page.evaluate_handle(
        """text => {
            const all = new DataTransfer();
            all.items.add(new File([text], "dropped.csv"));
            return all;
        }""",
        flowers().decode(),
    )
    page.locator("#drop").dispatch_event("drop", {"dataTransfer": dropped})
    expect(page.get_by_label("Name of the data set")).to_have_value("dropped")
    page.get_by_text("Options").click()
    page.get_by_label("Column to predict").fill("petal")
    page.get_by_text("Options").click()
    upload(page)
    expect(page.locator("#target-error")).to_contain_text("petal")
    expect(page.locator("#target")).to_be_focused()
    expect(page.locator("#target")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#refusal")).to_contain_text("petal")
    watched.forgive("422")
    watched.check_axe()

    page.get_by_label("Column to predict").fill("flower")
    upload(page)
    page.wait_for_url(re.compile(r"/datasets/dropped$"))
    # What is there already is not uploaded again, and another file does not replace it.
    page.goto(f"{served.url}/datasets")
    page.locator("#file").set_input_files({"name": "dropped.csv", "mimeType": "", "buffer": LEAKY.encode()})
    upload(page)
    expect(page.locator("#name-error")).to_contain_text("another data set of this name")
    watched.forgive("409")


def test_what_cannot_be_taken_is_said_in_a_sentence(visit: Visit, served: Running) -> None:
    watched = visit(served.url, "/datasets")
    page = watched.page
    file = page.locator("#file")
    file.set_input_files({"name": "big.csv", "mimeType": "text/csv", "buffer": b"a,b\n" + b"1,2\n" * 300_000})
    expect(page.locator("#file-error")).to_have_text("The file has 1.2 MB; the limit is 1.0 MB")

    file.set_input_files({"name": "table.xlsx", "mimeType": "", "buffer": b"PK\x03\x04 no table at all"})
    expect(page.get_by_label("Name of the data set")).to_have_value("table")
    upload(page)
    expect(page.locator("#refusal")).not_to_be_empty()
    expect(page.locator("#refusal")).to_be_focused()
    page.get_by_label("Name of the data set").fill("Not A Name")
    upload(page)
    expect(page.locator("#name-error")).to_contain_text("lower-case letters")
    page.get_by_label("Name of the data set").fill("iris")
    upload(page)
    expect(page.locator("#name-error")).to_contain_text("a built-in data set")
    # Each of them is an answer that Chromium reports.
    for status in ("409", "415", "422"):
        watched.forgive(status)


def test_deleting_asks_first_and_says_why_it_may_not_be(visit: Visit, served: Running) -> None:
    for name in ("unused", "used"):
        kind = {"Content-Type": "text/csv"}
        served.client.put(f"/v1/datasets/{name}", content=flowers(), headers=kind).raise_for_status()
    submit(served.client, dataset="used")
    watched = visit(served.url, "/datasets")
    page = watched.page

    page.get_by_role("button", name="Delete unused").click()
    expect(page.locator("#confirm-name")).to_have_text("unused")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    watched.check_axe()
    page.keyboard.press("Escape")
    expect(page.locator("#confirm")).to_be_hidden()
    assert served.client.get("/v1/datasets/unused").status_code == 200

    page.get_by_role("button", name="Delete used", exact=True).click()
    page.locator("#confirm-delete").click()
    expect(page.locator("#trouble")).to_contain_text("The data set is needed by job")
    watched.forgive("409")

    page.goto(f"{served.url}/datasets/unused")
    page.get_by_role("button", name="Delete").click()
    page.locator("#confirm-delete").click()
    page.wait_for_url(f"{served.url}/datasets")
    expect(page.get_by_role("button", name="Delete unused")).to_have_count(0)
    assert served.client.get("/v1/datasets/unused").status_code == 404


def test_hostile_names_and_wide_tables_leave_the_pages_whole(visit: Visit, served: Running) -> None:
    names = [f"<script>alert({place})</script>" + "W" * 150 for place in range(12)]
    long = "\u202e" + "x" * 9_000
    rows = "".join(
        f"{long}{row % 5},{','.join(str(row * place % 17) for place in range(11))},{row % 2}\n" for row in range(60)
    )
    content = f"{','.join(names)},class\n{rows}".encode()
    answer = served.client.put(
        "/v1/datasets/wide",
        content=content,
        params={"title": "<img src=x onerror=alert(1)>" + "W" * 150},
        headers={"Content-Type": "text/csv"},
    )

    assert answer.status_code == 201, answer.text

    for path in ("/datasets/wide", "/new?dataset=wide"):
        watched = visit(served.url, path)
        expect(watched.page.get_by_text("W" * 20).first).to_be_attached()
        watched.page.wait_for_load_state("networkidle")
        watched.check_axe()


def test_an_upload_can_be_stopped_and_one_that_breaks_off_is_told(visit: Visit, served: Running) -> None:
    watched = visit(served.url, "/datasets")
    page = watched.page
    held: list[Route] = []
    page.route("**/v1/datasets/*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no built-in
    page.locator("#file").set_input_files({"name": "slow.csv", "mimeType": "", "buffer": flowers()})
    upload(page)
    expect(page.get_by_role("progressbar", name="Sent")).to_be_visible()
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#refusal")).to_have_text("The upload was stopped; nothing was kept.")
    expect(page.locator("#sending")).to_be_hidden()

    page.unroute("**/v1/datasets/*")
    page.route("**/v1/datasets/*", lambda route: route.abort())
    upload(page)
    expect(page.locator("#refusal")).to_contain_text("The upload broke off")
    watched.forgive("ERR_FAILED")

    page.unroute("**/v1/datasets/*")
    upload(page)
    page.wait_for_url(re.compile(r"/datasets/slow$"))
