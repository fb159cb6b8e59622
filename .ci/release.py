# ruff: noqa: INP001, T201, S603, S607 — started by its path; says what it made; runs git and build
"""Make a release into dist/: wheel and source, checksums, an SBOM, notes. `make release`.

The version stands in pyproject.toml, its notes in CHANGELOG.md. The wheel and the source are built
twice, and a release whose bytes differ is none.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
SBOM_MAKER = "cyclonedx-bom==7.3.0"


def read_notes(changelog: str, version: str) -> str:
    """Return what the changelog says of a version. Raises LookupError."""
    match = re.search(
        rf"^## {re.escape(version)} - .*?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    if match is None:
        raise LookupError(f"CHANGELOG.md has no section {version}: move what is under Unreleased.")
    return match[1].strip() + "\n"


def build(out: Path) -> None:
    when = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"SOURCE_DATE_EPOCH": when},
    )


def list_parts() -> None:
    """Write the SBOM (CycloneDX): every package that requirements.lock pins."""
    subprocess.run(
        [
            Path(sys.executable).with_name("uv"), "tool", "run", "--quiet", "--from", SBOM_MAKER,
            "cyclonedx-py", "requirements", "requirements.lock",
            "--pyproject", "pyproject.toml", "--mc-type", "application", "--output-reproducible",
            "--of", "JSON", "-o", DIST / "sbom.cdx.json",
        ],
        cwd=ROOT,
        check=True,
    )  # fmt: skip


def main() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    notes = read_notes((ROOT / "CHANGELOG.md").read_text("utf-8"), version)
    shutil.rmtree(DIST, ignore_errors=True)
    build(DIST)
    with TemporaryDirectory() as folder:
        build(Path(folder))
        for file in DIST.iterdir():
            if file.read_bytes() != (Path(folder) / file.name).read_bytes():
                sys.exit(f"{file.name} has other bytes each time it is built.")
    list_parts()
    (DIST / "notes.md").write_text(notes, encoding="utf-8")
    sums = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}"
        for file in sorted(DIST.iterdir())
    ]
    (DIST / "SHA256SUMS").write_text("\n".join(sums) + "\n", encoding="utf-8")
    print("\n".join(sums))


if __name__ == "__main__":
    main()
