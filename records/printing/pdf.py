"""The summary as an accessible PDF (PDF/UA-1: tagged, titled, in English), made in the request and kept nowhere.

WeasyPrint is imported when the first PDF is asked for: it needs Pango from the system, and 40 MB in the process.
"""

import logging
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from django.contrib.staticfiles import finders


class PdfUnavailable(RuntimeError):
    """No PDF can be made here: WeasyPrint or the Pango it needs is missing. Paper can still be printed."""


@lru_cache(maxsize=1)
def _weasyprint() -> ModuleType:
    try:
        import weasyprint
    except (ImportError, OSError) as missing:
        raise PdfUnavailable("the library that makes PDFs cannot be loaded") from missing
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)  # it sets WARNING itself, and quotes what it prints
    found: ModuleType = weasyprint
    return found


def available() -> bool:
    """Whether `made` can work here."""
    try:
        _weasyprint()
    except PdfUnavailable:
        return False
    return True


def made(html: str) -> bytes:
    """The HTML as PDF. Nothing is fetched from anywhere. Raises PdfUnavailable."""
    weasyprint = _weasyprint()
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=[])
    styles = weasyprint.CSS(string=_styles())
    document = weasyprint.HTML(string=html, url_fetcher=nothing)
    written: bytes = document.write_pdf(stylesheets=[styles], pdf_variant="pdf/ua-1", pdf_tags=True)
    return written


def _styles() -> str:
    found = finders.find("ui/paper.css")
    assert isinstance(found, str)
    return Path(found).read_text(encoding="utf-8")
