"""What stands on paper for all letters of a bundle, and the file that shows a letter among them.

Needs no database and no instance, and believes nothing of what it reads. Pure.

Each letter has a code: the SHA-256 of a file with a random key and the words that were printed.
Bundle, number and code of each letter are the entries of a hash tree. The check code, which stands
on the papers, is a hash of the bundle's name, the number of letters and the head of that tree.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from campaign.bundles.letter_codes import hash_tree

FORMAT = "urgent-action-letter-proof/1"
MOST_BYTES = 20_000
"""Of the file of a proof: one of ten million letters has less than 3,000."""
MOST_TEXT_BYTES = 1_000_000
_STATEMENT = "urgent-action-letters/1"
_HASH = re.compile(r"[0-9a-f]{64}")
_BUNDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_NUMBER = re.compile(r"[0-9]{5,9}")
_MOST_LETTERS = 10**9
_MOST_HASHES = 40


class UnreadableProof(Exception):
    """The file is no proof of a letter; the message says why, as a sentence."""


@dataclass(frozen=True, slots=True)
class Proof:
    """That a letter is one of so many of a bundle. It names nobody."""

    bundle: str
    """Name of its folder, which stands on the delivery sheet."""
    number: str
    letters: int
    """How many there are."""
    index: int
    """Its place among them, from 0."""
    words: str
    """The letter's code."""
    path: tuple[str, ...]
    check_code: str

    @property
    def place(self) -> str:
        return "the only letter" if self.letters == 1 else f"one of the {self.letters} letters"

    def to_json(self) -> bytes:
        about = (
            f"This file shows that letter {self.number} is {self.place} of {self.bundle}. It names "
            "no one. Compare check_code with the one on the page of the "
            "case, the cover letter or the delivery sheet. To check the file: campaign prove FILE"
        )
        facts = {"format": FORMAT, "about": about, **asdict(self)}
        return f"{json.dumps(facts, indent=1)}\n".encode()

    @property
    def holds(self) -> bool:
        """Whether its own check code follows from what it says."""
        path = [bytes.fromhex(beside) for beside in self.path]
        leaf = hash_letter(self.bundle, self.number, bytes.fromhex(self.words))
        head = hash_tree.follow_path(leaf, self.index, self.letters, path)
        if head is None:
            return False
        own = make_check_code(self.bundle, self.letters, head)
        return hmac.compare_digest(own, self.check_code)


def make_text_file(key: bytes, text: str) -> bytes:
    """The file whose SHA-256 is the letter's code; without the key nobody guesses the words."""
    return f"{key.hex()}\n\n{text}\n".encode()


def hash_words(text_file: bytes) -> bytes:
    return hashlib.sha256(text_file).digest()


def hash_letter(bundle: str, number: str, words: bytes) -> bytes:
    return hash_tree.hash_entry(f"{bundle}\n{number}\n{words.hex()}".encode())


def make_check_code(bundle: str, letters: int, head: bytes) -> str:
    statement = f"{_STATEMENT}\n{bundle}\n{letters}\n{head.hex()}"
    return hashlib.sha256(statement.encode()).hexdigest()


def read_code(text: str) -> str:
    """Return a check code as it was copied from paper or a page; "" where it is none."""
    code = re.sub(r"[\s\u200e\u200f\u2066-\u2069]", "", text).lower()
    return code if _HASH.fullmatch(code) else ""


def is_text_of(proof: Proof, text_file: bytes) -> bool:
    """Whether a file holds the words of the letter; an editor may have changed its line ends."""
    own = bytes.fromhex(proof.words)
    kept = (text_file, text_file.replace(b"\r\n", b"\n"))
    return any(hmac.compare_digest(hash_words(text), own) for text in kept)


def read_proof(data: bytes) -> Proof:
    """Raises UnreadableProof."""
    if len(data) > MOST_BYTES:
        raise UnreadableProof("The file is too large for a proof of a letter.")
    try:
        facts = json.loads(data.decode())
    except (ValueError, RecursionError) as problem:
        raise UnreadableProof(
            "The file is not a proof of a letter. Download it again from the page of your letter."
        ) from problem
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise UnreadableProof(f"The file is not a proof of the format {FORMAT}.")
    for name, is_good in _CHECKS.items():
        if not is_good(facts.get(name)):
            raise UnreadableProof(f"The proof is damaged: “{name}” is missing or wrong.")
    values = {name: facts[name] for name in _CHECKS}
    return Proof(**{**values, "path": tuple(values["path"])})


def _is_like(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST_LETTERS


def _is_path(value: object) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and len(value) <= _MOST_HASHES
        and all(_is_like(_HASH, beside) for beside in value)
    )


_CHECKS: dict[str, Any] = {
    "bundle": lambda value: _is_like(_BUNDLE, value),
    "number": lambda value: _is_like(_NUMBER, value),
    "letters": _is_count,
    "index": _is_count,
    "words": lambda value: _is_like(_HASH, value),
    "path": _is_path,
    "check_code": lambda value: _is_like(_HASH, value),
}
