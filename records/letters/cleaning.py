"""What others wrote, made safe to show: words, headings, lists and tables stay; scripts, styles, forms, images, links
do not. nh3 (ammonia) parses as a browser does and keeps only what is named here; nothing is repaired by hand.
"""

import re
from typing import Final

import nh3
from markupsafe import Markup, escape

TAGS: Final = {
    *("p", "br", "div", "span", "b", "strong", "i", "em", "u", "sub", "sup", "hr", "pre", "blockquote"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd"),
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption"),
}
_WITH_CONTENT: Final = {"script", "style", "title", "head", "template", "noscript", "iframe", "object", "svg", "math"}


def clean(html: str, below: int = 1) -> Markup:
    """HTML of others without anything that acts or fetches; its headings follow one of level `below` without a gap."""
    kept = nh3.clean(
        html,
        tags=TAGS,
        attributes={"*": set(), "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}},
        clean_content_tags=_WITH_CONTENT,
        strip_comments=True,
    )
    return Markup(_in_order(kept, below))  # noqa: S704 nh3 has just cleaned it


def _in_order(html: str, below: int) -> str:
    """Headings moved below the page's own, none more than one level deeper than the one before."""
    before = below

    def lower(mark: re.Match[str]) -> str:
        nonlocal before
        if mark[1] == "":
            before = min(int(mark[2]) + below, before + 1, 6)
        return f"<{mark[1]}h{before}>"

    return re.sub(r"<(/?)h([1-6])>", lower, html)


def plain(text: str) -> Markup:
    """Text of others with its line breaks."""
    return Markup("<br>").join(escape(line) for line in text.splitlines())
