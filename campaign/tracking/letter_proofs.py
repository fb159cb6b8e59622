"""Proofs that a writer's letters are among those that were delivered."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from campaign.bundles.letter_codes.proof_file import Proof
from campaign.bundles.letter_codes.stored_codes import find_proof, find_text_file
from campaign.core.errors import NotFound
from campaign.core.text.desk_texts import group_code
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.printing.printed_content import LetterContext
from campaign.tracking.letter_trips import trips_of


@dataclass(frozen=True, slots=True)
class LetterProof:
    letter_id: str
    """Public id of the letter."""
    proof: Proof
    text_file: bytes | None
    """The words that were printed; None where they would be written otherwise now."""
    on_cover_letter: bool
    """Whether the check code went with the letter on paper: in an envelope it does not."""

    @property
    def check_code(self) -> str:
        return group_code(self.proof.check_code)


def list_proofs(
    session: Session, signature: Signature, composed: Iterable[LetterContext]
) -> list[LetterProof]:
    """List the proofs of letters that are out of our hands: until then their check code may change.

    `composed` are the signature's letters, as they were signed.
    """
    if signature.shown_state is not SignatureState.CONFIRMED:
        return []
    proofs = []
    by_key = {letter.key: letter for letter in composed}
    for letter, in_envelope in _list_gone(session, signature):
        proof = find_proof(session, letter)
        if proof is not None:
            text = find_text_file(session, letter, by_key[letter.public_id], proof)
            proofs.append(LetterProof(letter.public_id, proof, text, not in_envelope))
    return proofs


def get_proof(
    session: Session, signature: Signature, composed: Iterable[LetterContext], letter_id: str
) -> LetterProof:
    """Raises NotFound."""
    for proof in list_proofs(session, signature, composed):
        if proof.letter_id == letter_id:
            return proof
    raise NotFound("letter-proof")


def _list_gone(session: Session, signature: Signature) -> list[tuple[Letter, bool]]:
    """List letters that are out of our hands, and whether each went in an envelope."""
    gone = {
        (letter.id, trip.attempt.bundle_id): trip.envelope is not None
        for trip in trips_of(session, signature.letters)
        if trip.is_gone
        for letter in trip.letters
    }
    keys = [(letter, (letter.id, letter.bundle_id)) for letter in signature.letters]
    return [(letter, gone[key]) for letter, key in keys if key in gone]
