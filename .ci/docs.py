# ruff: noqa: INP001, T201, S603 — started by its path; says what is wrong; runs Zensical
"""Build the site of docs/ into build/docs/, and refuse broken links (`make docs`).

Every page is told its language, and may load nothing from other hosts.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import html

ROOT = Path(__file__).parents[1]
SITE = ROOT / "build/docs"
POLICY = (
    "default-src 'self' data:; script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; base-uri 'self'; form-action 'none'"
)
"""The theme has parts that ask other hosts for scripts; no page of ours uses them, nor could it."""


def main() -> None:
    zensical = Path(sys.executable).with_name("zensical")
    subprocess.run([zensical, "build", "--strict", "--clean"], cwd=ROOT, check=True)
    pages = {path: html.parse(path).getroot() for path in sorted(SITE.rglob("*.html"))}
    problems = [
        f"{path.relative_to(SITE)}: {problem}"
        for path, page in pages.items()
        for problem in find_problems(path, page, pages)
    ]
    if problems:
        sys.exit("\n".join(problems))
    for path in pages:
        finish(path)
    print(f"{len(pages)} pages in {SITE.relative_to(ROOT)}/")


def find_problems(
    path: Path, page: html.HtmlElement, pages: dict[Path, html.HtmlElement]
) -> Iterator[str]:
    for element, name, link, _at in page.iterlinks():
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            loads = name != "href" or (element.tag == "link" and element.get("rel") != "canonical")
            if loads and parts.scheme != "data":
                yield f"loads {link}"
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if path.name == "404.html":
            continue
        fragment = parts.fragment if target in pages else ""
        if not target.exists() or (fragment and not has_id(pages[target], fragment)):
            yield f"no {link}"


def has_id(page: html.HtmlElement, name: str) -> bool:
    return bool(page.xpath("//*[@id=$name]", name=unquote(name)))


def finish(path: Path) -> None:
    """Write the page's language and policy into it."""
    text = path.read_text(encoding="utf-8")
    language = path.suffixes[0].strip(".") if len(path.suffixes) > 1 else "en"
    text = re.sub('<html lang="[a-z]+"', f'<html lang="{language}"', text, count=1)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    path.write_text(text.replace("<head>", f"<head>{policy}", 1), encoding="utf-8")


main()
