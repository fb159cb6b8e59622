"""The example of `docs/press.md` does what the page says."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_example_prints_what_the_page_says(tmp_path: Path) -> None:
    text = (ROOT / "docs/press.md").read_text(encoding="utf-8")
    example, shown = re.search(r"```python\n(.*?)```.*?```text\n(.*?)```", text, re.DOTALL).groups()  # type: ignore[union-attr]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=tmp_path,
        # Coverage follows subprocesses by a file that is looked for where they run.
        env={key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (shown, "")
    assert (tmp_path / "letters.pdf").read_bytes().startswith(b"%PDF")
