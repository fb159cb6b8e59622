"""Notes of a release are the section of its version."""

from pathlib import Path
from runpy import run_path

import pytest

read_notes = run_path(str(Path(__file__).parents[3] / ".ci/release.py"))["read_notes"]
CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\n- new\n\n## 1.1.0 - 2026-02-01\n\n- b\n\n## 1.0.0 - x\n\n- a\n"
)


def test_notes_are_those_of_the_version() -> None:
    assert read_notes(CHANGELOG, "1.1.0") == "- b\n"
    assert read_notes(CHANGELOG, "1.0.0") == "- a\n"


def test_a_version_without_notes_is_no_release() -> None:
    with pytest.raises(LookupError, match=r"no section 1\.2\.0"):
        read_notes(CHANGELOG, "1.2.0")
