"""Measure, print a table, and say for each figure whether it is what was promised."""

import argparse
import os
import platform
import shutil
import sys
from pathlib import Path

from benchmarks import crowd, letters, pages, painting


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--letters", type=int, default=2000, help="size of the bundle")
    parser.add_argument("--crowd", type=int, default=1_000_000, help="signatures of a great action")
    chosen = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    folder, environment = letters.new_instance()
    with folder:
        out = Path(folder.name)
        letters.synthesise(environment, 1000)
        seen = painting.measure(environment, _SEEN)
        shutil.copytree(out / "instance", out / "crowded")
        many = crowd.grow(out / "crowded" / "campaign.sqlite", chosen.crowd)
        crowded = {**environment, "CAMPAIGN_INSTANCE": str(out / "crowded")}
        http = pages.measure(environment, crowded, out)
    folder, environment = letters.new_instance()
    with folder:
        out = Path(folder.name)
        plain = letters.one_by_one(environment)
        core = letters.bundle(environment, chosen.letters, out, processes=1)
        whole = letters.bundle(environment, chosen.letters, out, processes=os.cpu_count() or 1)
    peak = max(core.peak_mb, whole.peak_mb)
    rows = [
        ("letter, one document each", f"{plain:.1f} letters/s on one core", "", True),
        (
            f"bundle of {core.letters} letters",
            f"{core.rate:.0f} letters/s on one core",
            f"{core.rate / plain:.1f}x (5x at least)",
            core.rate / plain >= 5,
        ),
        (
            f"bundle of {whole.letters} letters",
            f"{whole.rate:.0f} letters/s on all cores",
            f"{whole.rate / plain:.1f}x",
            True,
        ),
        ("  largest process", f"{peak:.0f} MB", "(400 MB at most)", peak <= 400),
        (
            "POST sign",
            f"{http.sign.ours:.0f}/s, bare {http.sign.bare:.0f}/s",
            f"{http.sign.ratio:.2f}x (0.3x at least)",
            http.sign.ratio >= 0.3,
        ),
        (
            "GET case page",
            f"{http.get.ours:.0f}/s, bare {http.get.bare:.0f}/s",
            f"{http.get.ratio:.2f}x (0.6x at least)",
            http.get.ratio >= 0.6,
        ),
        (
            "live preview",
            f"{http.live_ms:.0f} ms, nobody else there",
            "(50 ms at most)",
            http.live_ms <= 50,
        ),
        *_painted(seen),
        *_with_crowd("POST sign", many, http.sign, 0.3),
        *_with_crowd("GET case page", many, http.get, 0.6),
        ("  largest web process", f"{http.peak_mb:.0f} MB", "", True),
    ]
    for name, figure, promise, kept in rows:
        print(f"{name:<28} {figure:<44} {promise:<24} {'' if kept else 'NOT MET'}".rstrip())
    return 0 if all(row[3] for row in rows) else 1


_SEEN = ("/en/actions/ua-58-20", "/ar/actions/ua-58-20")


def _painted(seen: list[painting.Painting]) -> list[tuple[str, str, str, bool]]:
    if not seen:
        return [("first view, slow 4G", "no Chromium here: not measured", "", True)]
    return [
        (
            f"first view {view.path[1:3]}, slow 4G",
            f"largest paint {view.milliseconds:.0f} ms, {view.kilobytes:.1f} KB",
            "(1000 ms, 60 KB at most)",
            view.milliseconds <= 1000 and view.kilobytes <= 60,
        )
        for view in seen
    ]


def _with_crowd(
    name: str, size: int, comparison: pages.Comparison, least: float
) -> list[tuple[str, str, str, bool]]:
    return [
        (
            f"  with {size:,} signatures",
            f"{name} {comparison.many:.0f}/s, {comparison.slower:+.0%} slower",
            f"{comparison.many_ratio:.2f}x ({least}x at least, 10% slower at most)",
            comparison.many_ratio >= least and comparison.slower <= 0.1,
        )
    ]


if __name__ == "__main__":
    sys.exit(main())
