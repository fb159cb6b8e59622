"""`make bench-press`: our press beside what one could use instead, in one run on one machine.

Each way prints letters of invented people in a process of its own, of which the processor time, the
time on the clock and the largest process are taken. Then as many at once as the machine has cores.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chart import bars
from benchmarks.peers import WAYS
from benchmarks.record import when_and_where, write_section

_ROOT = Path(__file__).parents[1]
_CHART = _ROOT / "docs" / "pictures" / "press.svg"
_OURS, _PLAIN, _CHUNKS, _CHROMIUM = (
    "our press",
    "WeasyPrint, one document per letter",
    "WeasyPrint, 200 letters in one document",
    "Chromium print-to-PDF",
)
_FEWER = {_PLAIN: 20, _CHUNKS: 4}
"""Of the slow ways one letter in so many is enough to know their pace."""
_SHARES = (0.0, 0.3, 1.0)
_PROMISED = {0.0: 40.0, 0.3: 30.0, 1.0: 15.0}
_PROMISED_OF_CHROMIUM = 2.5
_MISSING = 69
_GROWTH = (1_000, 10_000, 35_000, 350_000)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one way took."""

    letters: int
    cpu: float
    """Seconds of one core."""
    wall: float
    peak_mb: float
    bytes: int

    @property
    def per_core(self) -> float:
        """Of one process alone. Helpers that a way leaves to others (Chromium) are in no account:
        there the clock says more than the processor time.
        """
        return self.letters / max(self.cpu, self.wall)

    @property
    def rate(self) -> float:
        return self.letters / self.wall


def read(way: str, count: int, own: float, processes: int = 1) -> Reading | None:
    """Print `count` letters in each of so many processes at once; None: it is not installed."""
    with tempfile.TemporaryDirectory(prefix="bench-press-") as name:
        begin = time.perf_counter()
        started = []
        for number in range(processes):
            out = Path(name) / str(number)
            out.mkdir()
            order = [way, str(count), str(own), str(number + 1), str(out)]
            started.append(
                subprocess.Popen([sys.executable, "-m", "benchmarks.peers", *order], cwd=_ROOT)
            )
        ended = [os.wait4(process.pid, 0) for process in started]
        wall = time.perf_counter() - begin
        for process, (_, status, _usage) in zip(started, ended, strict=True):
            process.returncode = os.waitstatus_to_exitcode(status)
        if any(process.returncode == _MISSING for process in started):
            return None
        if any(process.returncode for process in started):
            raise RuntimeError(f"{way} failed")
        size = sum(path.stat().st_size for path in Path(name).rglob("*.pdf"))
    cpu = sum(usage.ru_utime + usage.ru_stime for _, _, usage in ended)
    peak = max(usage.ru_maxrss for _, _, usage in ended) / 1024
    return Reading(count * processes, cpu, wall, peak, size)


def compare(count: int, processes: int) -> list[tuple[str, float, Reading, Reading]]:
    """Every way that is there at every share of own words: alone, and on the whole machine."""
    rows = []
    for own in _SHARES:
        for way in WAYS:
            some = max(20, count // _FEWER.get(way, 1))
            alone = read(way, some, own)
            if alone is None:
                print(f"{way}: not installed", file=sys.stderr)
                continue
            whole = read(way, some, own, processes)
            assert whole is not None
            rows.append((way, own, alone, whole))
            print(
                f"{way}, {own:.0%} own words: {alone.per_core:.1f}/s per core, "
                f"{whole.rate:.1f}/s whole machine, {alone.bytes / alone.letters:.0f} bytes, "
                f"{alone.peak_mb:.0f} MB",
                flush=True,
            )
    return rows


def verdicts(rows: list[tuple[str, float, Reading, Reading]]) -> list[tuple[str, bool]]:
    """Each promise, with what was measured and whether it holds."""
    measured = {(way, own): (alone, whole) for way, own, alone, whole in rows}
    lines = []
    for own in _SHARES:
        alone, whole = measured[_OURS, own]
        promised = _PROMISED[own]
        ratio = alone.per_core / measured[_PLAIN, own][0].per_core
        text = f"per core, {ratio:.1f}x one document per letter ({promised:.0f}x at least)"
        lines.append((f"{own:.0%} own words: {text}", ratio >= promised))
        if (_CHROMIUM, own) in measured:
            ratio = whole.rate / measured[_CHROMIUM, own][1].rate
            text = f"whole machine, {ratio:.1f}x Chromium ({_PROMISED_OF_CHROMIUM}x at least)"
            lines.append((f"{own:.0%} own words: {text}", ratio >= _PROMISED_OF_CHROMIUM))
    return lines


def grow(sizes: list[int]) -> list[tuple[int, Reading]]:
    """Our press, volume after volume, as bundles grow."""
    rows = []
    for size in sizes:
        reading = read_volumes(size)
        rows.append((size, reading))
        print(f"{size} letters: {reading.rate:.0f}/s, {reading.peak_mb:.0f} MB", flush=True)
    return rows


def read_volumes(count: int) -> Reading:
    """Print `count` letters, 30 % with own words, in volumes on all cores."""
    cores = os.cpu_count() or 1
    run = read("our press, in volumes", count // cores, 0.3, cores)
    assert run is not None
    return run


def section(
    rows: list[tuple[str, float, Reading, Reading]], growth: list[tuple[int, Reading]]
) -> list[str]:
    """What `docs/performance.md` says of the press."""
    lines = [
        (
            f"{when_and_where('make bench-press')} All rows are of one run, of "
            f"{rows[0][2].letters:,} letters each "
            f"way; one document per letter, of one in {_FEWER[_PLAIN]}, 200 in one document, "
            f"of one in {_FEWER[_CHUNKS]}. A letter is one page; peers set the "
            "same text without envelope windows, checks or numbers. Per core is of one process "
            "alone, by processor time, or by the clock where a way hides its helpers (Chromium)."
        ),
        "",
        "![Letters per second and core](pictures/press.svg)",
        "",
        "| way | own words | per core | whole machine | bytes per letter | largest process |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {way} | {own:.0%} | {alone.per_core:.1f}/s | {whole.rate:.1f}/s | "
        f"{alone.bytes / alone.letters:,.0f} | {max(alone.peak_mb, whole.peak_mb):.0f} MB |"
        for way, own, alone, whole in rows
    ]
    lines += ["", "What was promised:", ""]
    lines += [
        f"- {text}: {'holds' if good else '**does not hold**'}" for text, good in verdicts(rows)
    ]
    if growth:
        lines += ["", "Growth, 30 % with own words, volumes of 500, all cores:", ""]
        lines += ["| letters | seconds | letters/s | largest process |", "|---:|---:|---:|---:|"]
        lines += [
            f"| {size:,} | {run.wall:.1f} | {run.rate:.0f} | {run.peak_mb:.0f} MB |"
            for size, run in growth
        ]
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-press", description=__doc__)
    parser.add_argument("--letters", type=int, default=4000, help="of each way")
    parser.add_argument("--growth", type=int, nargs="*", default=list(_GROWTH))
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    chosen = parser.parse_args()
    rows = compare(chosen.letters, os.cpu_count() or 1)
    growth = grow(chosen.growth)
    for text, good in verdicts(rows):
        print(f"{'ok     ' if good else 'NOT MET'} {text}")
    if chosen.write:
        write_section("The press beside other ways", section(rows, growth))
        alone = [(f"{way}", run.per_core) for way, own, run, _ in rows if own == 0.3]
        _CHART.write_text(bars(alone, "Letters per second and core, 30 % with own words"))
    return 0 if all(good for _, good in verdicts(rows)) else 1


if __name__ == "__main__":
    sys.exit(main())
