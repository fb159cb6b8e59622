# ruff: noqa: INP001, T201, S603, S607 — started by its path; says what it found; runs git
"""Hold what the lock pins against known holes, without a network.

    python .ci/advisories.py                # check, as `make check` does
    make advisories                         # take the newest advisories of the PyPA
    make advisories FROM=advisory-database  # from a checkout of that repository

`make audit` asks PyPI today, by pip-audit. `make check` does not: it would end differently without
a change of ours, and behind a mirror pip-audit finds nothing, skips all, and says that all is well.
`.ci/advisories.json` keeps those of the packages that `requirements-dev.lock` pins.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

SOURCE = "https://github.com/pypa/advisory-database"
HERE = Path(__file__).parent
KEPT = HERE / "advisories.json"
LOCK = HERE.parent / "requirements-dev.lock"
TAKEN_KNOWINGLY: dict[str, str] = {}
"""Ids of advisories that do not concern us, and why."""
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ \\;]+)", re.MULTILINE)


def read_pins(lock: str) -> dict[str, str]:
    """Return the pinned version of each package."""
    return {canonicalize_name(name): version for name, version in _PIN.findall(lock)}


def is_affected(advisory: Mapping[str, Any], version: str) -> bool:
    """Whether the advisory names that version, or a span of versions around it."""
    if version in advisory["versions"]:
        return True
    pinned = Version(version)
    return any(
        Version(begin) <= pinned and (not end or pinned < Version(end))
        for begin, end in advisory["spans"]
    )


def find_holes(
    pins: Mapping[str, str], advisories: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterator[str]:
    """Yield a sentence for each pinned version with a known hole."""
    for name, version in sorted(pins.items()):
        for advisory in advisories.get(name, ()):
            if advisory["id"] not in TAKEN_KNOWINGLY and is_affected(advisory, version):
                names = ", ".join([advisory["id"], *advisory["aliases"]])
                yield f"{name} {version}: {names}. {advisory['summary']}"


def check() -> int:
    kept = json.loads(KEPT.read_text("utf-8"))
    holes = list(find_holes(read_pins(LOCK.read_text("utf-8")), kept["packages"]))
    print(*holes, sep="\n", end="\n" if holes else "")
    if holes:
        print(f"Pinned versions have known holes (as of {kept['as_of']}). Run: make lock")
    return 1 if holes else 0


def _spans(ranges: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield from which version on, and up to which one, it is open; "" where it has no end."""
    for span in ranges:
        if span["type"] != "ECOSYSTEM":
            continue
        begin = ""
        for event in span["events"]:
            if "introduced" in event:
                begin = str(event["introduced"])
            elif "fixed" in event:
                yield begin, str(event["fixed"])
                begin = ""
        if begin and not any("last_affected" in event for event in span["events"]):
            yield begin, ""


def refresh(checkout: Path) -> None:
    """Write anew what is kept, from a checkout of the PyPA's advisories."""
    import yaml  # noqa: PLC0415 — nothing else needs it

    pins = read_pins(LOCK.read_text("utf-8"))
    packages: dict[str, list[dict[str, object]]] = {}
    for path in sorted(checkout.glob("vulns/*/*.yaml")):
        advisory = yaml.safe_load(path.read_text("utf-8"))
        if advisory.get("withdrawn"):
            continue
        for affected in advisory.get("affected", ()):
            name = canonicalize_name(affected["package"]["name"])
            if name in pins:
                spans = sorted(_spans(affected.get("ranges", ())))
                packages.setdefault(name, []).append(
                    {
                        "id": advisory["id"],
                        "aliases": sorted(advisory.get("aliases", ())),
                        "summary": " ".join(advisory["details"].split())[:160],
                        "spans": spans,
                        "versions": [] if spans else sorted(map(str, affected["versions"])),
                    }
                )
    when = subprocess.run(
        ["git", "-C", str(checkout), "log", "-1", "--format=%cs"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    kept = {"source": SOURCE, "as_of": when, "packages": packages}
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "utf-8")


def main(arguments: Sequence[str]) -> int:
    if not arguments:
        return check()
    if len(arguments) > 1:
        refresh(Path(arguments[1]))
        return 0
    with TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "-q", "--depth", "1", SOURCE, folder], check=True)
        refresh(Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
