"""Where templates, static files and letters lie, in a checkout or an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def folder(name: str) -> Path:
    """Return the folder `templates`, `static` or `letters`, in a checkout or an installed wheel."""
    installed = _PACKAGE / "assets" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
