"""The report of a finished run, opened in Chromium as a reader would."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from toy_project import Finished

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
WIDTH, HEIGHT = 1280, 720
CATEGORIES = {"Tables": 5, "Numbers": 6, "Figures": 4}


@pytest.fixture(scope="module")
def window(finished: Finished) -> Iterator[Any]:
    """A window of 1,280 x 720 pixels with the report, which may ask nobody for anything."""
    if not CHROMIUM:
        pytest.skip("no Chromium on PATH (Debian's package chromium): the report is opened by nobody")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    finished.project.snakemake("--report", "report.html")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((finished.project.root / "report.html").as_uri())
        yield page
        assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
        browser.close()


def opened(window: Any, category: str) -> Iterator[tuple[str, Any]]:
    """Title and frame of each page of a category, after a click on its eye."""
    window.reload()
    window.get_by_text(category, exact=True).first.click()
    rows = window.locator("tbody tr")
    for number in range(rows.count()):
        row = rows.nth(number)
        row.locator("a").first.click()
        frame = window.frame_locator("iframe")
        frame.locator("body").wait_for()
        yield row.inner_text().strip(), frame


@pytest.mark.parametrize("category", CATEGORIES)
def test_each_eye_shows_a_page_with_its_caption(window: Any, category: str) -> None:
    """None is a download. A table has rows, or says why it has none; a caption is in sight without scrolling."""
    titles = []
    for title, frame in opened(window, category):
        titles.append(title)
        caption = frame.locator(".caption").bounding_box()
        assert caption["height"] > 10, title
        assert caption["y"] + min(caption["height"], 60) <= HEIGHT, title
        shown = frame.locator("table tr").count() + frame.locator("img, pre").count()
        assert shown or "nothing to compare" in frame.locator("body").inner_text(), title
    assert len(titles) == CATEGORIES[category]


def test_a_figure_is_no_taller_than_the_window(window: Any) -> None:
    """With its caption below, whole."""
    for title, frame in opened(window, "Figures"):
        image, caption = frame.locator("img").bounding_box(), frame.locator("figcaption").bounding_box()
        assert image["height"] > 150, title
        assert image["y"] + image["height"] <= caption["y"] + 1, title
        assert caption["y"] + caption["height"] <= HEIGHT, title


def test_the_first_page_has_a_graph_to_read(window: Any) -> None:
    """That of the text, in letters of at least 11 pixels and not cut; the arcs of Snakemake's own are not shown."""
    window.reload()
    graph = window.locator("pre", has_text="self-distilled data")
    box = graph.bounding_box()
    assert box["x"] + box["width"] <= WIDTH
    assert graph.evaluate("e => e.scrollWidth <= e.clientWidth && parseFloat(getComputedStyle(e).fontSize) >= 11")
    assert not window.locator("#app #rulegraph").is_visible()
