"""Fetch the NHS.UK frontend and keep the little of it that we serve: `python -m ui.vendor`.

Run by a developer when the version below is raised; needs npm. What it writes to static/vendor/ is committed, so
nobody else needs Node. The NHS logo and the Frutiger typeface are reserved for NHS services: neither is kept.
"""

import hashlib
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

VERSION = "10.6.1"
SHA256 = "1af037bcb75237c4208809d3ac9a06522ccf61b2268221268ead3985bceb060b"
INSIDE = "package/dist/nhsuk/"
TO = Path(__file__).resolve().parent.parent / "static" / "vendor" / "nhsuk-frontend"


def our_css(css: str) -> str:
    """The stylesheet without remote fonts, with addresses relative to itself and no source map."""
    css = re.sub(r"@font-face\s*{[^}]*}", "", css)
    css = re.sub(r"[\"']?Frutiger W01[\"']?,\s*", "", css)
    css = css.replace("url(/assets/images/", "url(images/")
    return _without_source_map(css)


def _without_source_map(text: str) -> str:
    return re.sub(r"\s*(/\*|//)# sourceMappingURL=[^\s*]+( \*/)?\s*$", "\n", text)


def images_named(css: str) -> list[str]:
    """The file names of the images the stylesheet asks for."""
    return sorted(set(re.findall(r"url\(images/([\w.-]+)\)", css)))


def fetch(into: Path) -> Path:
    """The package from the npm registry, checked against SHA256. Raises ValueError if it is another one."""
    subprocess.run(["npm", "pack", f"nhsuk-frontend@{VERSION}"], cwd=into, check=True, capture_output=True)  # noqa: S603, S607
    package = into / f"nhsuk-frontend-{VERSION}.tgz"
    if hashlib.sha256(package.read_bytes()).hexdigest() != SHA256:
        raise ValueError(f"nhsuk-frontend {VERSION} is not the package that was reviewed")
    return package


def main() -> None:
    (TO / "images").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fetch(Path(folder))) as package:

        def read(name: str) -> str:
            member = package.extractfile(INSIDE + name)
            assert member is not None
            return member.read().decode()

        css = our_css(read("nhsuk-frontend.min.css"))
        (TO / "nhsuk-frontend.min.css").write_text(css)
        (TO / "nhsuk-frontend.min.js").write_text(_without_source_map(read("nhsuk-frontend.min.js")))
        for image in images_named(css):
            (TO / "images" / image).write_text(read(f"assets/images/{image}"))


if __name__ == "__main__":
    main()
