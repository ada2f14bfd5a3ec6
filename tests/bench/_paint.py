"""From a key or a click to the next paint, in a browser slowed down to a quarter (Interaction to Next Paint).

Where the act leads to another page, its first paint counts, with all that the server took.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, Final

from playwright.sync_api import CDPSession, Page, sync_playwright

from launcher import browser
from tests.bench._serving import GP, PASSWORD, Web

SLOWDOWN: Final = 4
LIMIT_MS: Final = 200
_WATCH: Final = """
window.paints = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (entry.interactionId) window.paints.push(entry.duration);
}).observe({type: "event", durationThreshold: 16, buffered: true});
const acted = Number(sessionStorage.getItem("acted") || 0);
if (acted) new PerformanceObserver((list) => {
  for (const entry of list.getEntriesByName("first-contentful-paint"))
    window.paints.push(performance.timeOrigin + entry.startTime - acted);
}).observe({type: "paint", buffered: true});
const act = (event) => sessionStorage.setItem("acted", performance.timeOrigin + event.timeStamp);
for (const kind of ["click", "keydown"]) addEventListener(kind, act, {capture: true});
"""
Act = Callable[[Page], Any]


def _open_a_row(page: Page) -> None:
    page.locator("details.says > summary").first.click()


def _filter_the_timeline(page: Page) -> None:
    page.locator("#timeline .filters a").nth(3).click(no_wait_after=True)


def _key_in_search(page: Page) -> None:
    page.locator("#timeline input[type=search]").press_sequentially("met", delay=120)


ACTS: Final[dict[str, tuple[str, Act]]] = {
    "opening a row": ("/patients/{patient}/", _open_a_row),
    "a keystroke in search": ("/patients/{patient}/timeline/", _key_in_search),
    "filtering the timeline": ("/patients/{patient}/timeline/", _filter_the_timeline),
}


def measure(web: Web) -> bool:
    """Prints the slowest of several tries of each act on the longest record; whether all are quick enough."""
    kept = True
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser.find(dict(os.environ)), args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page(base_url=web.url, viewport={"width": 1280, "height": 900})
        page.add_init_script(_WATCH)
        _sign_in(page)
        slow = page.context.new_cdp_session(page)
        for words, (address, act) in ACTS.items():
            longest = max(_once(page, slow, address.format(patient=web.store.longest), act) for _ in range(5))
            sys.stdout.write(f"{words:24} next paint within {longest:4.0f} ms at {SLOWDOWN}x slowdown\n")
            kept &= longest <= LIMIT_MS
        chromium.close()
    return kept


def _sign_in(page: Page) -> None:
    page.goto("/sign-in/")
    page.get_by_label("E-mail address").fill(GP)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def _once(page: Page, slow: CDPSession, address: str, act: Act) -> float:
    """The longest interaction of one try, in milliseconds; one frame (16) when none was long enough to count."""
    page.evaluate("sessionStorage.clear()")
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.evaluate("window.paints.length = 0")
    slow.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    try:
        act(page)
        page.wait_for_timeout(600)
        page.wait_for_load_state("load")  # of the page it led to, where it led to one
        return float(page.evaluate("Math.max(16, ...(window.paints || []))"))
    finally:
        slow.send("Emulation.setCPUThrottlingRate", {"rate": 1})
