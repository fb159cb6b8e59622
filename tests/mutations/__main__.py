"""Take each protection out in a copy of the tree, and demand that its tests fail."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.mutations import Mutation, load_mutations

ROOT = Path(__file__).parents[2]
NOT_TRIED = "pytest has not tried them"
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", "node_modules", "instance", "__pycache__", ".mypy_cache", ".ruff_cache"
)


def run_tests(tree: Path, tests: Iterable[str], engine: str) -> set[str]:
    """Run them in that tree; return those that fail, or `NOT_TRIED` where pytest itself does."""
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[engine]
    options = ["-q", "-rf", "--tb=no", "-o", "timeout=120", "-k", f"not {other}"]
    # Whatever a test starts finds the program of that tree too.
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 1}:
        return {NOT_TRIED}
    return set(re.findall(r"^FAILED ([\w/.]+::\w+)", done.stdout, re.MULTILINE))


def find_survivors(tree: Path, mutation: Mutation) -> set[str]:
    """Return the tests that do not fail with the protection taken out."""
    path = tree / mutation.file
    text = path.read_text("utf-8")
    path.write_text(text.replace(mutation.old, mutation.new), "utf-8")
    try:
        return set(mutation.tests) - run_tests(tree, mutation.tests, mutation.engine)
    finally:
        path.write_text(text, "utf-8")


def try_all(tree: Path, mutations: Sequence[Mutation]) -> int:
    """Say of each whether its tests fail; return how many are not missed."""
    for engine in ("sqlite", "postgresql"):
        tests = {test for each in mutations if each.engine == engine for test in each.tests}
        if tests and (failed := run_tests(tree, sorted(tests), engine)):
            print("Fail as they are:", *sorted(failed), sep="\n    ")
            return len(mutations)
    count = 0
    for mutation in mutations:
        begun = time.monotonic()
        survivors = find_survivors(tree, mutation)
        seconds = time.monotonic() - begun
        verdict = "NOT MISSED" if survivors else "missed"
        print(f"{mutation.line:3} {verdict:10} {seconds:4.0f} s  {mutation.name}", flush=True)
        for test in sorted(survivors):
            print(f"    {test}", flush=True)
        count += bool(survivors)
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", nargs="*", type=int, help="lines of the threat model; else all")
    lines = parser.parse_args().lines
    mutations = [each for each in load_mutations() if not lines or each.line in lines]
    with tempfile.TemporaryDirectory(prefix="campaign-mutations-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=_LEFT_OUT)
        count = try_all(tree, mutations)
    print(f"{len(mutations) - count} of {len(mutations)} protections are missed by their tests.")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
