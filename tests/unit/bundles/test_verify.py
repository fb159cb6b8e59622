"""A bundle's ZIP is whole, or the check says which file is not."""

import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from campaign.bundles import file_names
from campaign.bundles.documents.packets import file_facts, write_manifest
from campaign.bundles.documents.signatures_csv import write_csv, write_xlsx
from campaign.bundles.documents.verify import verify_copy
from campaign.bundles.letter_codes import hash_tree
from campaign.bundles.letter_codes.proof_file import hash_letter, make_check_code
from campaign.commands.print_bundle import verify
from tests.unit.bundles.test_signature_spreadsheets import FROZEN, row

FOLDER = "UA-1-26_embassy-1_001"
Change = Callable[[dict[str, bytes]], None]


def pdf(path: Path, pages: int) -> None:
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page(page_size=(200 + len(path.name), 300))
        document.save(path)


def letter(number: str, signature: str, volume: int, first_page: int, pages: int) -> dict[str, Any]:
    place = {"volume": volume, "first_page": first_page, "pages": pages}
    return {"number": number, "signature": signature, "target": "governor", **place}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a whole bundle: three letters on four pages, one set aside."""
    out = tmp_path_factory.mktemp("bundle")
    pages = {
        file_names.COVER: 1,
        "letters-001.pdf": 3,
        "letters-002.pdf": 1,
        file_names.SIGNATURES_PDF: 1,
        file_names.LABELS: 1,
    }
    for name, count in pages.items():
        pdf(out / name, count)
    rows = [row(number=number) for number in ("00001", "00003", "00004")]
    write_csv(rows, FROZEN, out / file_names.SIGNATURES_CSV)
    write_xlsx(rows, FROZEN, datetime(2026, 5, 4, tzinfo=UTC), out / file_names.SIGNATURES_XLSX)
    (out / file_names.README).write_text("<!doctype html>")
    facts = {"folder": FOLDER, "frozen": 4, "printed": 3, "set_aside": 1, "volumes": 2}
    write_manifest(
        out / file_names.MANIFEST,
        facts,
        {
            "files": [file_facts(path).entry() for path in sorted(out.iterdir())],
            "volumes": [
                {"volume": 1, "file": "letters-001.pdf", "letters": 2, "pages": 3},
                {"volume": 2, "file": "letters-002.pdf", "letters": 1, "pages": 1},
            ],
            "letters": [
                letter("00001", "sig-a", 1, 1, 2),
                letter("00003", "sig-b", 1, 3, 1),
                letter("00004", "sig-c", 2, 1, 1),
            ],
            "set_aside": [{"number": "00002", "reason": "missing-glyph"}],
            "on_paper": [],
            "taken_out": [],
        },
    )
    return {path.name: path.read_bytes() for path in out.iterdir()}


def pack(path: Path, files: dict[str, bytes], folder: str = FOLDER, method: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(f"{folder}/{name}" if folder else name, data)
    return path


def problems(tmp_path: Path, parts: dict[str, bytes], change: Change) -> list[str]:
    files = dict(parts)
    change(files)
    return [str(finding) for finding in verify_copy(pack(tmp_path / "bundle.zip", files)).findings]


def edit(change: Callable[[dict[str, Any]], None]) -> Change:
    def run(files: dict[str, bytes]) -> None:
        manifest = json.loads(files[file_names.MANIFEST])
        change(manifest)
        files[file_names.MANIFEST] = json.dumps(manifest).encode()

    return run


def test_a_whole_bundle_holds(tmp_path: Path, parts: dict[str, bytes]) -> None:
    result = verify_copy(pack(tmp_path / "bundle.zip", parts))
    assert result.findings == []
    assert (result.letters, result.set_aside, result.volumes, result.pages) == (3, 1, 2, 4)
    assert result.folder == FOLDER


def test_the_manifest_has_an_entry_a_line(parts: dict[str, bytes]) -> None:
    text = parts[file_names.MANIFEST].decode()
    assert '\n{"number": "00003", "signature": "sig-b", "target": "governor", "volume": 1,' in text
    assert json.loads(text)["volumes"][0]["file"] == "letters-001.pdf"


def test_each_missing_file_is_named(tmp_path: Path, parts: dict[str, bytes]) -> None:
    for name in parts:
        findings = problems(tmp_path, parts, lambda files, name=name: files.pop(name) and None)
        assert f"{name}: is missing." in findings


def test_each_damaged_file_is_named(tmp_path: Path, parts: dict[str, bytes]) -> None:
    for name in sorted(set(parts) - {file_names.MANIFEST}):

        def damage(files: dict[str, bytes], name: str = name) -> None:
            data = bytearray(files[name])
            data[len(data) // 2] ^= 1
            files[name] = bytes(data)

        findings = problems(tmp_path, parts, damage)
        assert [finding.split(":")[0] for finding in findings] == [name]


def test_a_file_too_many_is_named(tmp_path: Path, parts: dict[str, bytes]) -> None:
    findings = problems(tmp_path, parts, lambda files: files.update({"more.txt": b"x"}))
    assert findings == ["more.txt: is not in the manifest."]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda m: m["letters"].pop(), "does not have each number from 1 to 4 exactly once"),
        (lambda m: m["letters"].append(m["letters"][0]), "does not have each number"),
        (lambda m: m["letters"][0].update(pages=1), "has pages with no letter"),
        (lambda m: m["letters"][2].update(volume=1), "has 3 letters. The manifest says 2"),
        (lambda m: m["letters"][2].update(volume=9), "a volume that is missing"),
        (lambda m: m["letters"][0].update(number="00009"), "does not have each number"),
        (lambda m: m["bundle"].update(printed=4), "has wrong totals of letters"),
        (lambda m: m["bundle"].update(folder="other"), "belongs to the folder"),
        (lambda m: m["volumes"][0].update(pages=4), "has different pages as a file"),
        (lambda m: m["files"].pop(0), "does not name"),
        (lambda m: m.update(format="x"), "is not of the format"),
        (lambda m: m.pop("letters"), "is not complete"),
        (lambda m: m.update(files=3), "is not complete"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_found(
    tmp_path: Path, parts: dict[str, bytes], change: Any, expected: str
) -> None:
    assert any(expected in finding for finding in problems(tmp_path, parts, edit(change)))


def test_lists_with_other_rows_are_found(tmp_path: Path, parts: dict[str, bytes]) -> None:
    def shorten(files: dict[str, bytes]) -> None:
        lines = files[file_names.SIGNATURES_CSV].splitlines(keepends=True)
        files[file_names.SIGNATURES_CSV] = b"".join(lines[:-1])
        path = tmp_path / file_names.SIGNATURES_XLSX
        write_xlsx([row(number="00001")], FROZEN, datetime(2026, 5, 4, tzinfo=UTC), path)
        files[file_names.SIGNATURES_XLSX] = path.read_bytes()
        manifest = json.loads(files[file_names.MANIFEST])
        for entry in manifest["files"]:
            if entry["name"] in {file_names.SIGNATURES_CSV, file_names.SIGNATURES_XLSX}:
                (tmp_path / entry["name"]).write_bytes(files[entry["name"]])
                fresh = file_facts(tmp_path / entry["name"])
                entry.update(bytes=fresh.bytes, sha256=fresh.sha256)
        files[file_names.MANIFEST] = json.dumps(manifest).encode()

    assert problems(tmp_path, parts, shorten) == [
        "signatures.csv: does not have a row for each of the 3 letters.",
        "signatures.xlsx: does not have a row for each of the 3 letters.",
    ]


@pytest.mark.parametrize("name", ["../evil.pdf", "/etc/passwd", "a/b/c.pdf", "a\\..\\b.pdf", "x/"])
def test_names_that_lead_elsewhere_are_refused(
    tmp_path: Path, parts: dict[str, bytes], name: str
) -> None:
    path = pack(tmp_path / "bundle.zip", parts)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"x")
    assert len(verify_copy(path).findings) == 1


def test_a_bomb_is_refused_unread(tmp_path: Path, parts: dict[str, bytes]) -> None:
    bomb = {**parts, "letters-001.pdf": bytes(10_000_000)}
    path = pack(tmp_path / "bundle.zip", bomb, method=zipfile.ZIP_DEFLATED)
    findings = [str(finding) for finding in verify_copy(path).findings]
    assert findings == [
        f"{FOLDER}/letters-001.pdf: is packed more tightly than any file of a bundle."
    ]


def unpack(path: Path, files: dict[str, bytes]) -> Path:
    folder = path / FOLDER
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_a_folder_that_was_zipped_again_holds(tmp_path: Path, parts: dict[str, bytes]) -> None:
    path = pack(tmp_path / "again.zip", parts, method=zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(path, "a") as archive:
        archive.mkdir(FOLDER)
        archive.writestr(f"__MACOSX/{FOLDER}/._letters-001.pdf", b"x")
        archive.writestr(f"{FOLDER}/.DS_Store", b"x")
    result = verify_copy(path)
    assert result.findings == []
    assert result.zipped_again
    assert not verify_copy(pack(tmp_path / "ours.zip", parts)).zipped_again


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_files_that_were_zipped_again_without_their_folder_hold(
    tmp_path: Path, parts: dict[str, bytes], method: int
) -> None:
    path = pack(tmp_path / "flat.zip", parts, folder="", method=method)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._letters-001.pdf", b"x")
        archive.writestr(".DS_Store", b"x")
    result = verify_copy(path)
    assert (result.findings, result.folder, result.zipped_again) == ([], FOLDER, True)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{FOLDER}/letters-009.pdf", b"x")
    assert [str(finding) for finding in verify_copy(path).findings] == [
        f"{FOLDER}/letters-009.pdf: lies in a folder of its own."
    ]


def test_a_folder_holds_under_another_name_which_is_told(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    folder = unpack(tmp_path, parts)
    assert verify_copy(folder).renamed_from == ""
    result = verify_copy(folder.rename(tmp_path / f"{FOLDER} (1)"))
    assert (result.findings, result.renamed_from) == ([], FOLDER)


def test_an_unpacked_folder_holds_or_its_faults_are_named(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    folder = unpack(tmp_path, parts)
    (folder / ".DS_Store").write_bytes(b"x")
    assert verify_copy(folder).findings == []
    (folder / "letters-002.pdf").unlink()
    (folder / "note.txt").symlink_to("/etc/passwd")
    assert [str(finding) for finding in verify_copy(folder).findings] == [
        "note.txt: is nothing that a bundle holds."
    ]
    (folder / "note.txt").unlink()
    assert [str(finding) for finding in verify_copy(folder).findings] == [
        "letters-002.pdf: is missing."
    ]


def test_the_outer_folder_that_windows_makes_holds(tmp_path: Path, parts: dict[str, bytes]) -> None:
    outer = tmp_path / "Downloads" / f"{FOLDER} (1)"
    outer.mkdir(parents=True)
    folder = unpack(outer, parts)
    (outer / "desktop.ini").write_bytes(b"x")
    result = verify_copy(outer)
    assert (result.findings, result.folder, result.renamed_from) == ([], FOLDER, "")
    (outer / "other").mkdir()
    assert "is nothing that a bundle holds" in str(verify_copy(outer).findings[0])
    (outer / "other").rmdir()
    (outer / "desktop.ini").unlink()
    folder.rename(tmp_path / FOLDER)
    folder.symlink_to(tmp_path / FOLDER)
    assert "is nothing that a bundle holds" in str(verify_copy(outer).findings[0])


def test_the_command_says_what_to_do_with_a_damaged_copy(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    folder = unpack(tmp_path, parts)
    checked = CliRunner().invoke(verify, [str(folder)])
    assert (checked.exit_code, checked.stderr) == (0, "")
    (folder / "letters-001.pdf").write_bytes(b"x")
    (tmp_path / "cut.zip").write_bytes(b"PK")
    for copy in (folder, tmp_path / "cut.zip"):
        checked = CliRunner().invoke(verify, [str(copy)])
        assert checked.exit_code == 1
        assert checked.stderr.endswith("Download the bundle again, and check that copy.\n")


def test_volumes_that_were_mixed_up_are_named(tmp_path: Path, parts: dict[str, bytes]) -> None:
    first, second = parts["letters-001.pdf"], parts["letters-002.pdf"]

    def swap(files: dict[str, bytes]) -> None:
        files["letters-001.pdf"], files["letters-002.pdf"] = second, first

    assert problems(tmp_path, parts, swap) == [
        "letters-001.pdf: is in fact letters-002.pdf. The two files were swapped.",
        "letters-002.pdf: is in fact letters-001.pdf. The two files were swapped.",
    ]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_zip_that_was_cut_off_is_found(
    tmp_path: Path, parts: dict[str, bytes], share: float
) -> None:
    data = pack(tmp_path / "whole.zip", parts).read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(data[: int(len(data) * share)])
    assert not verify_copy(cut).ok


@given(st.data())
def test_any_changed_byte_of_a_file_is_found(
    tmp_path: Path, parts: dict[str, bytes], data: st.DataObject
) -> None:
    path = pack(tmp_path / "bundle.zip", parts)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(f"{FOLDER}/letters-001.pdf")
    start = info.header_offset + 30 + len(info.filename)
    at = data.draw(st.integers(start, start + info.file_size - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    assert {finding.file for finding in verify_copy(path).findings} == {"letters-001.pdf"}


def test_names_are_made_of_letters_and_digits_only() -> None:
    assert file_names.folder_name("UA 58/20", "ua-58-20", "mexico-ottawa", 1) == (
        "UA-58-20_mexico-ottawa_001"
    )
    assert file_names.folder_name("../..", "ua-x", "m", 12) == "ua-x_m_012"
    assert file_names.folder_name("АС 5/20 ⁄", "ua-x", "m", 1234) == "5-20_m_1234"


def numbers_from(first: int) -> Change:
    def change(manifest: dict[str, Any]) -> None:
        manifest["bundle"]["first_number"] = first

    return edit(change)


def test_numbers_may_go_on_and_are_then_checked_from_the_first(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    assert problems(tmp_path, parts, numbers_from(1)) == []
    findings = problems(tmp_path, parts, numbers_from(38))
    assert "manifest.json: does not have each number from 38 to 41 exactly once." in findings


def test_a_manifest_that_claims_a_billion_letters_is_refused_at_once(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["bundle"]["frozen"] = 10**12

    findings = problems(tmp_path, parts, edit(change))
    assert any("does not have each number" in finding for finding in findings)


def test_for_both_sides_each_letter_begins_on_a_fresh_sheet(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    def both_sides(manifest: dict[str, Any]) -> None:
        manifest["bundle"]["duplex"] = True

    def on_a_back(manifest: dict[str, Any]) -> None:
        both_sides(manifest)
        manifest["letters"][0]["pages"], manifest["letters"][1] = (
            1,
            {**manifest["letters"][1], "first_page": 2, "pages": 2},
        )

    assert problems(tmp_path, parts, edit(both_sides)) == []
    findings = problems(tmp_path, parts, edit(on_a_back))
    assert findings == ["letters-001.pdf: has a letter that does not begin on a new sheet."]


def test_letters_stand_in_the_order_of_their_numbers_beyond_five_figures(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["bundle"]["first_number"] = 99_998
        for entry in (*manifest["letters"], *manifest["set_aside"]):
            entry["number"] = f"{int(entry['number']) + 99_997:05d}"

    findings = problems(tmp_path, parts, edit(change))
    assert not any("in order" in finding or "each number" in finding for finding in findings)


def with_codes(files: dict[str, bytes]) -> None:
    """As bundles are since their letters have codes."""
    codes = [(number, sha256(number.encode()).digest()) for number in ("00001", "00003", "00004")]
    lines = "".join(f"{number} {words.hex()}\n" for number, words in codes).encode()
    head = hash_tree.fold_hashes(hash_letter(FOLDER, *code) for code in codes)
    files[file_names.CODES] = lines

    def change(manifest: dict[str, Any]) -> None:
        manifest["bundle"]["check_code"] = make_check_code(FOLDER, 3, head)
        digest = sha256(lines).hexdigest()
        entry = {"name": file_names.CODES, "bytes": len(lines), "sha256": digest}
        manifest["files"].append(entry)

    edit(change)(files)


def recode(lines: bytes) -> Change:
    """Another list of codes, which the manifest names as it is."""

    def run(files: dict[str, bytes]) -> None:
        with_codes(files)
        files[file_names.CODES] = lines

        def change(manifest: dict[str, Any]) -> None:
            manifest["files"][-1] |= {"bytes": len(lines), "sha256": sha256(lines).hexdigest()}

        edit(change)(files)

    return run


def test_the_check_code_follows_from_the_letters_codes(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    assert problems(tmp_path, parts, with_codes) == []
    result = verify_copy(tmp_path / "bundle.zip")
    assert len(result.check_code) == 64


def test_codes_of_other_letters_or_words_are_found(tmp_path: Path, parts: dict[str, bytes]) -> None:
    files = dict(parts)
    with_codes(files)
    lines = files[file_names.CODES]
    few = ["codes.txt: does not have a line for each of the 3 letters."]
    assert problems(tmp_path, parts, recode(lines[:70])) == few
    assert problems(tmp_path, parts, recode(lines + lines[-71:])) == few
    assert problems(tmp_path, parts, recode(lines.replace(b"00003", b"00002"))) == few
    assert problems(tmp_path, parts, recode(b"\xff" * 5000)) == few
    other = lines.replace(lines[6:14], b"00000000", 1)
    wrong = ["codes.txt: does not give the check code in the manifest."]
    assert problems(tmp_path, parts, recode(other)) == wrong


def test_a_check_code_whose_letters_codes_were_left_out_is_found(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    def leave_out(files: dict[str, bytes]) -> None:
        with_codes(files)
        del files[file_names.CODES]
        edit(lambda manifest: manifest["files"].pop())(files)

    assert problems(tmp_path, parts, leave_out) == ["manifest.json: does not name codes.txt."]
