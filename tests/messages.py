"""What code and templates say, and how it is translated."""

import subprocess
import sys
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
LOCALES = ["fr", "es", "ar"]


@cache
def gather_messages() -> Catalog:
    """Gather every message as `make translations` does."""
    with TemporaryDirectory() as folder:
        target = Path(folder) / "campaign.pot"
        command = ["-q", "extract", "-F", ".ci/babel.cfg", "-k", "_l", "-k", "lazy_gettext"]
        subprocess.run(
            [sys.executable, "-m", "babel.messages.frontend", *command, "-o", str(target), "."],
            cwd=ROOT,
            check=True,
        )
        return read_po(BytesIO(target.read_bytes()))


@cache
def catalog(locale: str) -> Catalog:
    path = ROOT / f"campaign/translations/{locale}/LC_MESSAGES/messages.po"
    return read_po(BytesIO(path.read_bytes()), locale=locale)


def strings(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value or "")]
