"""Asking the networks as a person does: with mouse, finger and keys, with a form, with a picture."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from core.architecture import Architecture, Dense, Layer
from core.layers import Convolution, Flatten, MaxPooling
from core.network import Network
from service.access.caller import LOCAL_OWNER
from service.data.category_input import CategoryInput
from service.data.encoder import Encoder
from service.data.number_input import NumberInput
from service.data.picture_input import PictureInput
from service.data.text_input import TextInput
from service.store.database import Database
from tests.browser.pages import Watched
from tests.service.api.serving import serving
from tests.service.models import finished
from tests.service.runner.jobs import execute, settings_for, submit

pytestmark = pytest.mark.slow

Point = tuple[float, float]

ONE: Sequence[Point] = ((0.5, 0.15), (0.5, 0.85))
ZERO: Sequence[Point] = tuple(
    (0.5 + 0.2 * math.sin(math.tau * step / 16), 0.5 - 0.33 * math.cos(math.tau * step / 16)) for step in range(17)
)
HOSTILE = "<script>\u202eword</script>" + "x" * 150


@dataclass(frozen=True)
class Place:
    url: str
    digits: str
    table: str
    pictures: str
    queued: str


def built(shape: tuple[int, ...], *layers: Layer, outputs: int = 3) -> Network:
    network = Network(Architecture(shape, layers, outputs))
    network.initialize(np.random.default_rng(0))
    return network


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server with a job on digits that was really run, and jobs on other data with networks that nobody trained."""
    folder = tmp_path_factory.mktemp("try")
    url = f"sqlite:///{folder}/cambrian.db"
    database = Database(url)
    table = Encoder(
        (
            NumberInput("length", "number", 2.5, False, 0.0, 1.0, -1e6, 1e6),
            CategoryInput(HOSTILE, ("clay", HOSTILE), "clay", False),
            TextInput("words", ("good", "bad"), ()),
        )
    )
    pictures = built((8, 8), Convolution(5, 3, "relu", 1, 1), MaxPooling(2, 2), Flatten(), Dense(40, "tanh"))
    with serving(folder, database) as running:
        digits = submit(
            database,
            dataset="digits-16x16",
            budget={"evaluations": 4},
            space={"max_layers": 1, "min_units": 32, "max_units": 64},
            training={"epochs": 5},
        )
        job = execute(database, settings_for(url, folder), digits)

        assert job.status == "succeeded", job.error

        yield Place(
            running.url,
            digits,
            finished(database, built((5,), Dense(2000, "tanh")), owner=LOCAL_OWNER, encoder=table).job_id,
            finished(database, pictures, owner=LOCAL_OWNER, encoder=Encoder((PictureInput("image", 8),))).job_id,
            submit(database),
        )
    database.close()


def points(page: Page, shape: Sequence[Point]) -> list[Point]:
    box = page.locator("#canvas").bounding_box()
    assert box is not None
    return [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in shape]


def draw(page: Page, shape: Sequence[Point]) -> None:
    first, *others = points(page, shape)
    page.mouse.move(*first)
    page.mouse.down()
    for point in others:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def card(page: Page, role: str) -> Locator:
    return page.locator(f"[data-role={role}]")


def test_a_drawn_digit_is_answered_by_three_networks(visit: Callable[[str, str], Watched], place: Place) -> None:
    watched = visit(place.url, f"/jobs/{place.digits}/try")
    page = watched.page
    expect(page.locator("#sentence")).to_have_text("Nothing drawn yet.")
    draw(page, ONE)
    winner = card(page, "winner")

    expect(winner.locator(".said")).to_have_text("1")
    for role in ("runner_up", "linear"):
        expect(card(page, role).locator(".chances li")).to_have_count(10)
    expect(winner.locator(".chances .best .number")).to_contain_text("%")
    expect(page.locator("#sentence")).to_contain_text("1")
    # The hidden layer is lit: dark neurons and bright ones, in the winner's and in nobody's without hidden layers.
    lit = [float(each.get_attribute("fill-opacity") or 0) for each in winner.locator(".lamp").all()]
    assert max(lit) == 1
    assert min(lit) < 0.1
    expect(card(page, "linear").locator(".lamp")).to_have_count(0)
    # What the networks see is no drawing any more, but 16 x 16 pixels.
    seen = page.locator("#seen")
    assert seen.evaluate("canvas => [canvas.width, canvas.height]") == [16, 16]
    watched.check_axe()

    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#sentence")).to_have_text("Nothing drawn yet.")
    expect(winner.locator(".said")).to_have_text("-")
    expect(winner.locator(".lamp")).to_have_count(0)

    draw(page, ZERO)
    expect(winner.locator(".said")).to_have_text("0")
    page.get_by_role("button", name="Undo").click()
    expect(winner.locator(".said")).to_have_text("-")


def test_a_digit_can_be_drawn_by_keys(visit: Callable[[str, str], Watched], place: Place) -> None:
    page = visit(place.url, f"/jobs/{place.digits}/try").page
    canvas = page.locator("#canvas")
    page.keyboard.press("Tab")
    canvas.focus()
    for _ in range(10):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    expect(page.locator("#spoken")).to_have_text("Pen down, column 15, row 5 of 28")
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")

    expect(page.locator("#spoken")).to_contain_text("Pen up")
    expect(page.locator("#cursor")).to_be_visible()
    expect(card(page, "winner").locator(".said")).to_have_text("1")

    page.keyboard.press("Backspace")
    expect(page.locator("#sentence")).to_have_text("Nothing drawn yet.")


def test_a_digit_can_be_drawn_by_finger(visit: Callable[[str, str], Watched], place: Place) -> None:
    page = visit(place.url, f"/jobs/{place.digits}/try").page
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#canvas").scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *at: Point) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in at]})

    path = points(page, ZERO)
    touch("touchStart", path[0])
    for point in path[1:]:
        touch("touchMove", point)
    touch("touchEnd")

    expect(card(page, "winner").locator(".said")).to_have_text("0")
    # The page does not move under the finger.
    assert page.evaluate("scrollY") == before


def test_examples_say_what_they_are(visit: Callable[[str, str], Watched], place: Place) -> None:
    page = visit(place.url, f"/jobs/{place.digits}/try").page
    examples = page.get_by_role("group", name="Or take one that no network was trained on").get_by_role("button")
    expect(examples).to_have_count(10)
    draw(page, ZERO)
    examples.nth(7).click()

    expect(page.locator("#sentence")).to_contain_text("In the data it is 7.")
    expect(examples.nth(7)).to_have_attribute("aria-pressed", "true")
    # What was drawn has given way, and can be had back.
    expect(page.locator("#invitation")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(card(page, "winner").locator(".said")).to_have_text("0")
    page.get_by_role("button", name="Clear").click()
    draw(page, ONE)
    expect(page.locator("#sentence")).not_to_contain_text("In the data")
    expect(examples.nth(7)).to_have_attribute("aria-pressed", "false")


def test_a_row_of_a_table_is_filled_in(visit: Callable[[str, str], Watched], place: Place) -> None:
    watched = visit(place.url, f"/jobs/{place.table}/try")
    page = watched.page
    said = card(page, "winner").locator(".said")
    # With everything missing there is an answer already.
    expect(said).not_to_have_text("-")
    expect(page.locator(".note").last).to_contain_text("only the winner's network is kept")
    first = card(page, "winner").locator(".chances").inner_text()
    page.get_by_label("length").fill("4.5")
    page.get_by_label("words").fill("good, good and never bad")
    page.locator("select").select_option(HOSTILE)

    expect(card(page, "winner").locator(".chances")).not_to_have_text(first)
    expect(card(page, "winner").locator("figcaption")).to_have_text("1. 2000 tanh, the first 1,024 shown")
    watched.check_axe()

    page.get_by_label("length").fill("long")
    expect(page.locator(".fault", has_text="is not a number")).to_be_visible()
    expect(page.get_by_label("length")).to_have_attribute("aria-invalid", "true")
    # Chromium reports the answer of 422, and that is what was to be seen.
    watched.forgive("422")
    page.get_by_label("length").fill("5")
    expect(page.locator(".fault", has_text="is not a number")).to_have_count(0)


def test_a_picture_is_drawn_or_chosen(visit: Callable[[str, str], Watched], place: Place, tmp_path: Path) -> None:
    watched = visit(place.url, f"/jobs/{place.pictures}/try")
    page = watched.page
    draw(page, ZERO)
    winner = card(page, "winner")

    expect(winner.locator(".lamps canvas")).to_have_count(10)
    expect(winner.locator(".lamp")).to_have_count(40)
    shades = "canvas => [...canvas.getContext('2d').getImageData(0, 0, 8, 8).data].filter((_, at) => at % 4 === 0)"
    drawn = page.locator("#seen").evaluate(shades)

    page.get_by_label("dark pen on light paper").check()
    expect(winner.locator(".said")).to_have_text("-")
    page.get_by_label("A picture file").set_input_files(
        {"name": "half.png", "mimeType": "image/png", "buffer": half_black_png(tmp_path)}
    )
    expect(winner.locator(".said")).not_to_have_text("-")
    chosen = page.locator("#seen").evaluate(shades)

    # Nobody but this test reads the canvas back.
    watched.forgive("willReadFrequently")
    assert max(drawn) > 100
    assert chosen == [0, 0, 0, 0, 255, 255, 255, 255] * 8
    watched.check_axe()

    page.get_by_label("A picture file").set_input_files(
        {"name": "text.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    expect(page.locator("#trouble")).to_contain_text("no picture that the browser can read")


def half_black_png(folder: Path) -> bytes:
    """Return a picture that is black on the left and white on the right."""
    image = pytest.importorskip("PIL.Image")
    path = folder / "half.png"
    picture = np.zeros((64, 64), np.uint8)
    picture[:, 32:] = 255
    image.fromarray(picture).save(path)
    return path.read_bytes()


def test_a_job_that_waits_says_when_it_can_be_asked(visit: Callable[[str, str], Watched], place: Place) -> None:
    watched = visit(place.url, f"/jobs/{place.queued}/try")
    page = watched.page
    expect(page.locator("#waiting")).to_contain_text("once the job has ended; it is queued")
    watched.check_axe()
    cancelled = page.request.post(f"{place.url}/v1/jobs/{place.queued}/cancel", data={})

    assert cancelled.ok
    # The page hears of it by itself.
    expect(page.locator(".trouble").first).to_contain_text("the job was cancelled, so it has no network")
