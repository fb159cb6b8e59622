"""A letter is shown to be among others: the tree, the proof's file, the list of codes."""

import io
import json
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from campaign.bundles.letter_codes import hash_tree
from campaign.bundles.letter_codes.code_list import read_check_code, write_codes
from campaign.bundles.letter_codes.proof_file import (
    MOST_BYTES,
    Proof,
    UnreadableProof,
    hash_letter,
    hash_words,
    is_text_of,
    make_check_code,
    make_text_file,
    read_code,
    read_proof,
)
from campaign.commands.prove import prove
from campaign.core.text.desk_texts import group_code

ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""And their heads: the vectors of the Certificate Transparency reference code."""
HEADS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
PATHS = {
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
}
BUNDLE = "UA-1-26_embassy-1_001"


@pytest.mark.parametrize("size", HEADS)
def test_the_head_of_a_tree_is_that_of_the_standard(size: int) -> None:
    hashes = [hash_tree.hash_entry(entry) for entry in ENTRIES[:size]]
    assert hash_tree.fold_hashes(hashes).hex() == HEADS[size]


@pytest.mark.parametrize(("index", "size"), PATHS)
def test_a_path_is_that_of_the_standard(index: int, size: int) -> None:
    hashes = [hash_tree.hash_entry(entry) for entry in ENTRIES[:size]]
    path = hash_tree.list_path(hashes, index)
    assert tuple(beside.hex() for beside in path) == PATHS[index, size]


@cache
def leaves(size: int) -> list[bytes]:
    return [hash_tree.hash_entry(f"{at}".encode()) for at in range(size)]


def path_over_blocks(size: int, index: int) -> list[bytes]:
    """As it is made of a bundle: within a block, then over the heads of blocks."""
    block, first = index // hash_tree.BLOCK, index // hash_tree.BLOCK * hash_tree.BLOCK
    inside = hash_tree.list_path(leaves(size)[first : first + hash_tree.BLOCK], index - first)
    return [*inside, *hash_tree.list_path(list(hash_tree.fold_blocks(leaves(size))), block)]


@given(st.data())
def test_of_every_size_every_entry_leads_to_the_head_and_to_no_other(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 1600))
    index = data.draw(st.integers(0, size - 1))
    head = hash_tree.fold_hashes(leaves(size))
    path = hash_tree.list_path(leaves(size), index)
    assert path_over_blocks(size, index) == path
    assert hash_tree.follow_path(leaves(size)[index], index, size, path) == head
    other = data.draw(st.integers(0, size + 1).filter(lambda place: place != index))
    assert hash_tree.follow_path(leaves(size)[index], other, size, path) != head
    assert hash_tree.follow_path(leaves(size + 1)[size], index, size, path) != head
    assert hash_tree.follow_path(leaves(size)[index], index, 4 * size, path) is None
    if path:
        assert hash_tree.follow_path(leaves(size)[index], index, size, path[:-1]) != head
    assert hash_tree.follow_path(leaves(size)[index], index, size, [*path, head]) is None


def make_proof(size: int = 5, index: int = 2) -> Proof:
    words = [sha256(f"{at}".encode()).digest() for at in range(size)]
    hashes = [hash_letter(BUNDLE, f"{at + 1:05d}", code) for at, code in enumerate(words)]
    path = hash_tree.list_path(hashes, index)
    return Proof(
        bundle=BUNDLE,
        number=f"{index + 1:05d}",
        letters=size,
        index=index,
        words=words[index].hex(),
        path=tuple(beside.hex() for beside in path),
        check_code=make_check_code(BUNDLE, size, hash_tree.fold_hashes(hashes)),
    )


def test_a_proof_comes_back_from_its_file_and_holds() -> None:
    proof = make_proof()
    assert read_proof(proof.to_json()) == proof
    assert proof.holds


@pytest.mark.parametrize(
    "change",
    [
        {"letters": 6},
        {"letters": 4},
        {"index": 3},
        {"number": "00004"},
        {"bundle": "UA-1-26_embassy-1_002"},
        {"words": "0" * 64},
        {"check_code": "0" * 64},
        {"path": ()},
    ],
)
def test_a_proof_with_another_fact_does_not_hold(change: dict[str, object]) -> None:
    """The number of letters, too: it can neither be inflated nor shaved."""
    assert not replace(make_proof(), **change).holds  # type: ignore[arg-type]


def test_as_many_letters_fit_a_tree_of_one_shape_and_the_check_code_tells_them_apart() -> None:
    """The path to the first of five letters also fits six or seven: their number is hashed too."""
    proof = make_proof(5, 0)
    path = [bytes.fromhex(beside) for beside in proof.path]
    leaf = hash_letter(BUNDLE, proof.number, bytes.fromhex(proof.words))
    heads = {hash_tree.follow_path(leaf, 0, size, path) for size in (5, 6, 7)}
    assert len(heads) == 1
    assert not replace(proof, letters=6).holds


BAD: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"\xff\xfe",
    "a list": b"[]",
    "deep": b"[" * 9_000,
    "another format": b'{"format": "urgent-action-bundle/1"}',
    "large": b" " * (MOST_BYTES + 1),
}
WRONG = {
    "bundle": ["../etc", "", 5, "x" * 300],
    "number": ["1", "00001\n", 1, None, "٠٠٠٠١"],
    "letters": [-1, True, "5", 5.0, 10**400],
    "index": [-1, None],
    "words": ["0" * 63, "G" * 64, None],
    "path": [None, "0" * 64, [1], ["0"], ["0" * 64] * 41],
    "check_code": ["", 0, "0" * 65],
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_proof_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(UnreadableProof, match=r"proof.*\."):
        read_proof(BAD[name])


@pytest.mark.parametrize("name", WRONG)
def test_a_proof_with_a_damaged_fact_names_it(name: str) -> None:
    facts = json.loads(make_proof().to_json())
    for value in WRONG[name]:
        with pytest.raises(UnreadableProof, match=f"“{name}”|not a proof"):
            read_proof(json.dumps({**facts, name: value}).encode())
    del facts[name]
    with pytest.raises(UnreadableProof, match=f"“{name}”"):
        read_proof(json.dumps(facts).encode())


def test_the_words_of_a_letter_fit_its_code_alone_and_whatever_an_editor_does_to_lines() -> None:
    text = make_text_file(bytes(32), "Dear Sir\n\nAna")
    proof = replace(make_proof(), words=hash_words(text).hex())
    assert is_text_of(proof, text)
    assert is_text_of(proof, text.replace(b"\n", b"\r\n"))
    assert not is_text_of(proof, text.replace(b"Ana", b"Eva"))
    assert not is_text_of(proof, make_text_file(bytes(31) + b"\1", "Dear Sir\n\nAna"))


def test_a_code_is_read_as_it_was_copied() -> None:
    code = make_proof().check_code
    assert read_code(f" \u2066{group_code(code).upper()}\u2069\n") == code
    assert read_code(code[:-1]) == ""
    assert read_code("g" * 64) == ""


def test_the_list_of_codes_gives_the_check_code_of_these_letters_alone(tmp_path: Path) -> None:
    codes = [(f"{at + 1:05d}", sha256(f"{at}".encode()).digest()) for at in range(5)]
    write_codes(codes, tmp_path / "codes.txt")
    data, numbers = (tmp_path / "codes.txt").read_bytes(), [number for number, _words in codes]

    def read(lines: bytes, numbers: list[str] = numbers) -> str:
        return read_check_code(io.BytesIO(lines), BUNDLE, numbers)

    assert read(data) == make_proof().check_code
    first, *others = data.splitlines(keepends=True)
    for changed in (b"".join(others), data + first, first + data, b"x" * 1000, data[:-1], b""):
        assert read(changed) == ""
    assert read(data, [*numbers, "00006"]) == ""
    assert read(data.replace(b"00005", b"00006")) == ""


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(prove, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_the_command_says_what_a_proof_shows_and_what_it_does_not(tmp_path: Path) -> None:
    text = tmp_path / "letter.txt"
    text.write_bytes(make_text_file(bytes(32), "Dear Sir"))
    words = hash_words(text.read_bytes())
    leaf = hash_letter(BUNDLE, "00001", words)
    code = make_check_code(BUNDLE, 1, leaf)
    proof = Proof(BUNDLE, "00001", 1, 0, words.hex(), (), code)
    file = tmp_path / "proof.json"
    file.write_bytes(proof.to_json())
    status, output = run(file)
    assert status == 0
    assert f"Letter 00001 is the only letter of {BUNDLE}." in output
    assert "Compare it with the check code" in output
    assert "does not show who wrote the other letters" in output
    status, output = run(file, "--code", group_code(code), "--letter", text)
    assert status == 0
    assert "The check code you gave is the same." in output
    assert "letter.txt has the words of this letter." in output
    assert run(file, "--root", "0" * 64)[0] == 1
    assert run(file, "--code", "12")[0] == 2
    text.write_text("Dear Madam")
    status, output = run(file, "--letter", text)
    assert (status, output.count("\n")) == (1, 1)
    file.write_bytes(replace(proof, letters=2).to_json())
    assert run(file)[0] == 1
    file.write_bytes(b"{}")
    status, output = run(file)
    assert (status, output.count("\n")) == (1, 1)
