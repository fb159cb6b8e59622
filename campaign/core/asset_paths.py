"""Where the files lie that are not code: templates, static files, what is printed.

In a checkout they are folders of the top level; in an installed wheel the build has put them
below the package (see `tool.hatch.build` in pyproject.toml).
"""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def folder(name: str) -> Path:
    """Return the folder `templates`, `static` or `letters`, in a checkout or an installed wheel."""
    installed = _PACKAGE / "assets" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
