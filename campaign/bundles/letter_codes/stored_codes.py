"""What a bundle keeps of its letters, so that each can be shown to be among them.

A volume keeps number and code of each letter that it printed. The key of a code is made of a secret
of the bundle, sealed, and a salt in the letter's row: who is erased has none, and then nobody can
tell any more whose the code was, or try out names on it.
"""

import hmac
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.bundles.changes import prints
from campaign.bundles.letter_codes import hash_tree
from campaign.bundles.letter_codes.proof_file import (
    Proof,
    hash_letter,
    hash_words,
    is_text_of,
    make_check_code,
    make_text_file,
)
from campaign.models.bundle import Bundle, BundlePrint, Volume
from campaign.models.signature import Letter
from campaign.printing.printed_content import LetterContext, Translation
from campaign.signing.letter.compose import number_of

_ENTRY = struct.Struct(f">I{hash_tree.HASH_BYTES}s")
"""Number and code of a letter."""


def make_key(secret: str, salt: bytes) -> bytes:
    return hmac.digest(bytes.fromhex(secret), salt, "sha256")


def pack_codes(letters: Iterable[LetterContext], secret: str, salts: Mapping[str, bytes]) -> bytes:
    """Return number and code of each of these printed letters, in their order."""
    return b"".join(
        _ENTRY.pack(int(letter.number or 0), hash_words(_text_file(letter, secret, salts)))
        for letter in letters
    )


def _text_file(letter: LetterContext, secret: str, salts: Mapping[str, bytes]) -> bytes:
    return make_text_file(make_key(secret, salts[letter.key]), text_of(letter))


@dataclass(frozen=True, slots=True)
class LetterTree:
    """The tree over the letters of a print."""

    bundle: str
    letters: int
    blocks: tuple[bytes, ...]
    """The head of each block of entries."""

    @property
    def head(self) -> bytes:
        return hash_tree.fold_hashes(self.blocks)

    @property
    def check_code(self) -> str:
        return make_check_code(self.bundle, self.letters, self.head)

    @property
    def kept(self) -> bytes:
        return b"".join(self.blocks)


def build_tree(session: Session, bundle: Bundle) -> LetterTree | None:
    """Build the tree of what is printed now; None of a bundle from before there were codes."""
    if bundle.letter_secret is None:
        return None
    count, name = 0, file_names.zip_name(bundle)

    def hashes() -> Iterator[bytes]:
        nonlocal count
        for number, words in iter_codes(session, bundle.id):
            count += 1
            yield hash_letter(name, number, words)

    blocks = tuple(hash_tree.fold_blocks(hashes()))
    return LetterTree(name, count, blocks) if count else None


def list_uncoded(session: Session, bundle: Bundle) -> set[int]:
    """List volumes that lack codes: a process of an earlier version has printed them meanwhile."""
    if bundle.letter_secret is None:
        return set()
    lacks = select(Volume.id).where(
        Volume.bundle_id == bundle.id, Volume.sha256.is_not(None), Volume.letter_codes.is_(None)
    )
    return set(session.scalars(lacks))


def iter_codes(session: Session, bundle_id: int) -> Iterator[tuple[str, bytes]]:
    """Yield number and code of each printed letter, a volume at a time."""
    ids = session.scalars(
        select(Volume.id).where(Volume.bundle_id == bundle_id).order_by(Volume.sequence)
    ).all()
    for volume_id in ids:
        yield from _codes_of(session, volume_id)


def _codes_of(session: Session, volume_id: int) -> Iterator[tuple[str, bytes]]:
    yield from unpack_codes(
        session.scalar(select(Volume.letter_codes).where(Volume.id == volume_id))
    )


def unpack_codes(codes: bytes | None) -> Iterator[tuple[str, bytes]]:
    for number, words in _ENTRY.iter_unpack(codes or b""):
        yield number_of(number), words


def _codes_on_paper(session: Session, span: "_Span") -> list[tuple[str, bytes]]:
    """List the codes of the letters of a volume as it went out, in order."""
    return sorted([*_codes_of(session, span.volume_id), *span.went])


@dataclass(frozen=True, slots=True)
class _Span:
    """The places that a volume's letters have among those of the bundle."""

    volume_id: int
    first: int
    end: int
    went: tuple[tuple[str, bytes], ...]
    """Of letters that the volume was made again without, while it was on its way with them."""


def find_proof(session: Session, letter: Letter) -> Proof | None:
    """Find the proof of a letter that is in the files of its bundle; None where there is none."""
    if letter.bundle_id is None or letter.volume_id is None or not letter.salt:
        return None
    bundle = session.get_one(Bundle, letter.bundle_id)
    recorded = prints.find_print(session, bundle)
    if recorded is None or recorded.check_code is None:
        return None
    spans, number = _list_spans(session, bundle), number_of(letter.sequence or 0)
    own = next(span for span in spans if span.volume_id == letter.volume_id)
    for index, (other, words) in enumerate(_codes_on_paper(session, own), own.first):
        if other == number:
            return _prove(session, bundle, recorded, spans, number, words, index)
    return None


def _list_spans(session: Session, bundle: Bundle) -> list[_Span]:
    volumes = session.execute(
        select(Volume.id, Volume.sequence, Volume.printed_letters)
        .where(Volume.bundle_id == bundle.id)
        .order_by(Volume.sequence)
    )
    spans, first = [], 0
    for volume_id, sequence, letters in volumes:
        went = tuple(
            (letter.number, bytes.fromhex(letter.code))
            for letter in bundle.taken_out.letters
            if letter.went and letter.volume == sequence
        )
        spans.append(_Span(volume_id, first, first + letters + len(went), went))
        first += letters + len(went)
    return spans


def _prove(
    session: Session,
    bundle: Bundle,
    recorded: BundlePrint,
    spans: Sequence[_Span],
    number: str,
    words: bytes,
    index: int,
) -> Proof | None:
    name, block = file_names.zip_name(bundle), index // hash_tree.BLOCK
    first = block * hash_tree.BLOCK
    end = first + hash_tree.BLOCK
    hashes = [
        hash_letter(name, other, code)
        for span in spans
        if span.first < end and span.end > first
        for place, (other, code) in enumerate(_codes_on_paper(session, span), span.first)
        if first <= place < end
    ]
    tree = session.scalar(select(BundlePrint.tree).where(BundlePrint.id == recorded.id)) or b""
    path = [
        *hash_tree.list_path(hashes, index - first),
        *hash_tree.list_path(split_blocks(tree), block),
    ]
    proof = Proof(
        bundle=name,
        number=number,
        letters=recorded.letters,
        index=index,
        words=words.hex(),
        path=tuple(beside.hex() for beside in path),
        check_code=recorded.check_code or "",
    )
    # Of codes that are damaged nothing is handed out: it would say that the letter is missing.
    return proof if proof.holds else None


def split_blocks(tree: bytes) -> list[bytes]:
    """Return the heads of blocks as a print keeps them."""
    size = hash_tree.HASH_BYTES
    return [tree[at : at + size] for at in range(0, len(tree), size)]


def find_text_file(
    session: Session, letter: Letter, composed: LetterContext, proof: Proof
) -> bytes | None:
    """Make the file with a letter's words anew; None where it is composed otherwise by now."""
    secret = session.scalar(select(Bundle.letter_secret).where(Bundle.id == letter.bundle_id))
    if secret is None or not letter.salt:
        return None
    text_file = _text_file(composed, secret, {composed.key: letter.salt})
    return text_file if is_text_of(proof, text_file) else None


def text_of(letter: LetterContext) -> str:
    """Return every word of it in its order; blank lines part what stands apart.

    Codes of letters are made of it (`bundles.letter_codes`). Whoever changes it parts the texts of
    letters that are printed from their codes.
    """
    parts = [
        "\n".join(letter.sender_lines),
        letter.place_and_date,
        "\n".join(letter.addressee_lines),
        letter.subject,
        letter.salutation,
        *letter.opening,
        *(f"– {point}" for point in letter.points),
        *letter.own_words,
        *letter.closing,
        letter.complimentary_close,
        f"{letter.signature_name}\n{letter.signature_locality}".strip(),
        "\n".join(letter.copies_to),
    ]
    if letter.translation is not None:
        parts += _parts_of_translation(letter.translation)
    return "\n\n".join(part for part in parts if part)


def _parts_of_translation(translation: Translation) -> list[str]:
    return [
        translation.mark,
        translation.subject,
        translation.salutation,
        *translation.opening,
        *(f"– {point}" for point in translation.points),
        translation.note,
        *translation.own_words,
        *translation.closing,
        translation.complimentary_close,
        f"{translation.signature_name}\n{translation.signature_locality}".strip(),
    ]
