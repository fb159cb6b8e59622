"""`docs/performance.md`: each measurement writes its own section and leaves the others."""

import os
import platform
from pathlib import Path

from campaign.core import clock

_PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
_TITLE = "# How fast it is\n"


def write_section(heading: str, lines: list[str]) -> None:
    """Put the section in the place of the one with its heading, or at the end."""
    kept = _PAGE.read_text(encoding="utf-8") if _PAGE.exists() else _TITLE
    _PAGE.write_text(replaced(kept, heading, lines), encoding="utf-8")


def replaced(page: str, heading: str, lines: list[str]) -> str:
    """The page with that section new."""
    title, *sections = page.split("\n## ")
    written = "\n".join([heading, "", *lines]) + "\n"
    names = [section.split("\n", 1)[0] for section in sections]
    if heading in names:
        sections[names.index(heading)] = written
    else:
        sections.append(written)
    return "\n## ".join(
        [title.rstrip("\n") + "\n", *(section.rstrip("\n") + "\n" for section in sections)]
    )


def when_and_where(command: str) -> str:
    """What a figure is worth nothing without: the command, the day, the machine."""
    return (
        f"Measured by `{command}` on {clock.today('UTC'):%-d %B %Y}: Python "
        f"{platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, "
        f"{platform.system()}."
    )
