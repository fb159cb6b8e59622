"""`make bench-bundle`: a great bundle and one ten times as great, from command to verified ZIP."""

import argparse
import os
import sys
from pathlib import Path

from benchmarks import letters
from benchmarks.record import when_and_where, write_section

_SMALL, _LARGE = 35_000, 350_000
_MOST_SECONDS = 90.0
_MOST_TIMES = 11.0
_MOST_MB = 400.0


def measure(count: int) -> letters.BundleRun:
    """A bundle of so many letters in an instance of its own: 30 % own words, three languages."""
    folder, environment = letters.new_instance()
    with folder:
        run = letters.bundle(environment, count, Path(folder.name), processes=os.cpu_count() or 1)
    print(f"{run.letters:,} letters: {run.seconds:.0f} s, {run.peak_mb:.0f} MB", flush=True)
    return run


def verdicts(small: letters.BundleRun, large: letters.BundleRun) -> list[tuple[str, bool]]:
    """Each promise, with what was measured and whether it holds."""
    times, peak = large.seconds / small.seconds, max(small.peak_mb, large.peak_mb)
    return [
        (
            f"{small.letters:,} letters: {small.seconds:.0f} s ({_MOST_SECONDS:.0f} s at most)",
            small.seconds < _MOST_SECONDS,
        ),
        (
            f"{large.letters:,} letters: {times:.1f} times as long ({_MOST_TIMES:.0f} at most)",
            times <= _MOST_TIMES,
        ),
        (f"largest process: {peak:.0f} MB ({_MOST_MB:.0f} MB at most)", peak <= _MOST_MB),
    ]


def section(small: letters.BundleRun, large: letters.BundleRun) -> list[str]:
    """What `docs/performance.md` says of whole bundles."""
    return [
        (
            f"{when_and_where('make bench-bundle')} `campaign bundle`, then `campaign verify`: "
            "letters in three languages, three in ten with own words, with lists, cover letter "
            "and ZIP, files encrypted at rest, on SQLite."
        ),
        "",
        "| letters | seconds | letters/s | largest process |",
        "|---:|---:|---:|---:|",
        *(
            f"| {run.letters:,} | {run.seconds:.0f} | {run.rate:.0f} | {run.peak_mb:.0f} MB |"
            for run in (small, large)
        ),
        "",
        *(
            f"- {text}: {'holds' if good else '**does not hold**'}"
            for text, good in verdicts(small, large)
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-bundle", description=__doc__)
    parser.add_argument("--letters", type=int, nargs=2, default=[_SMALL, _LARGE])
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    chosen = parser.parse_args()
    small, large = (measure(count) for count in chosen.letters)
    for text, good in verdicts(small, large):
        print(f"{'ok     ' if good else 'NOT MET'} {text}")
    if chosen.write:
        write_section("Whole bundles", section(small, large))
    return 0 if all(good for _, good in verdicts(small, large)) else 1


if __name__ == "__main__":
    sys.exit(main())
