"""Versions with known holes are found by the file that the tree keeps."""

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

CI = Path(__file__).parents[3] / ".ci"


@pytest.fixture(scope="module")
def advisories() -> ModuleType:
    spec = spec_from_file_location("advisories", CI / "advisories.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("version", "open_"),
    [("0.9", False), ("1.0", True), ("1.9.9", True), ("2.0", False), ("3.1", True), ("10.0", True)],
)
def test_a_version_is_open_from_its_hole_to_its_mending(
    advisories: ModuleType, version: str, open_: bool
) -> None:
    advisory = {"spans": [["1.0", "2.0"], ["3.1", ""]], "versions": []}
    assert advisories.is_affected(advisory, version) is open_


def test_an_old_version_is_named_with_its_hole(advisories: ModuleType) -> None:
    kept = json.loads((CI / "advisories.json").read_text("utf-8"))["packages"]
    pins = advisories.read_pins("Pillow==9.0.0 \\\n    --hash=sha256:x\nidna==99 ; python\n")
    assert pins == {"pillow": "9.0.0", "idna": "99"}
    holes = list(advisories.find_holes(pins, kept))
    assert any("CVE-2023-44271" in sentence for sentence in holes)
    assert all(sentence.startswith("pillow 9.0.0: PYSEC-") for sentence in holes)
