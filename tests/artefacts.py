"""What a test keeps to be looked at: pictures of its pages, in test-results/screenshots (not in git)."""

from pathlib import Path

from playwright.sync_api import Page

FOLDER = Path(__file__).resolve().parent.parent / "test-results" / "screenshots"


def keep(page: Page, name: str) -> Path:
    """A picture of the whole page, named for what it shows and how wide the window is."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    width = page.viewport_size["width"] if page.viewport_size else 0
    path = FOLDER / f"{name}-{width}.png"
    page.screenshot(path=path, full_page=True)
    assert path.stat().st_size > 1000
    return path
