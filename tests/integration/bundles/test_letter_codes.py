"""The check code of a bundle's letters, and the proof of each, whatever happens to the bundle."""

import json
from hashlib import sha256
from pathlib import Path

import pypdfium2
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles.changes import cancel_bundle, prints, remake_bundle
from campaign.bundles.documents.verify import verify_copy
from campaign.bundles.letter_codes import hash_tree
from campaign.bundles.letter_codes.proof_file import Proof, is_text_of, read_proof
from campaign.bundles.letter_codes.stored_codes import build_tree, find_proof, find_text_file
from campaign.bundles.volumes import assemble
from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.core.text.desk_texts import group_code
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter, SignatureState
from campaign.privacy.anonymise import anonymise_signatures
from campaign.signing.letter.draft import signed_letters
from tests.factories import add_confirmed, make_campaign
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.bundles.test_changes import Deed, do, take_back
from tests.integration.bundles.test_print import contents, zip_of
from tests.integration.conftest import Keep

__all__ = ["do"]


@pytest.fixture
def printed(session: Session, freeze: Freeze, print_bundle: Print, keep: Keep) -> int:
    """A bundle of seven letters in three volumes, that is ready."""

    def make() -> int:
        campaign = make_campaign(session)
        add_confirmed(session, campaign, 7, given_name=lambda at: f"Quille{at}")
        session.commit()
        bundle_id = freeze(campaign.id, volume_letters=3)
        assert print_bundle(bundle_id) is BundleState.READY
        return bundle_id

    return keep("three volumes", make)


def letters_of(session: Session, bundle_id: int) -> list[Letter]:
    session.rollback()
    session.expire_all()
    query = select(Letter).where(Letter.bundle_id == bundle_id).order_by(Letter.sequence)
    return list(session.scalars(query))


def proofs_of(session: Session, bundle_id: int) -> dict[str, Proof]:
    proofs = [find_proof(session, letter) for letter in letters_of(session, bundle_id)]
    return {proof.number: proof for proof in proofs if proof is not None}


def check_code_of(session: Session, bundle_id: int) -> str:
    return prints.find_check_code(session, reload(session, bundle_id))


def words_of(pdf: bytes) -> str:
    pages = pypdfium2.PdfDocument(pdf)
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in pages).split())


def test_the_check_code_is_on_papers_manifest_and_audit_and_every_letter_is_proved(
    app: Flask, session: Session, printed: int, tmp_path: Path
) -> None:
    code = check_code_of(session, printed)
    path = zip_of(app, printed, tmp_path)
    files = contents(path)
    facts = json.loads(files["manifest.json"])["bundle"]
    assert (facts["check_code"], facts["printed"]) == (code, 7)
    for name in ("cover-letter.pdf", "delivery-sheet.pdf"):
        assert group_code(code) in words_of(files[name]), name
    assert "these 7 letters" in words_of(files["cover-letter.pdf"])
    result = verify_copy(path)
    assert (result.findings, result.check_code) == ([], code)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "bundle.ready")).one()
    assert entry.detail["check_code"] == code
    proofs = proofs_of(session, printed)
    assert sorted(proofs) == [f"{number:05d}" for number in range(1, 8)]
    for index, proof in enumerate(proofs.values()):
        read = read_proof(proof.to_json())
        assert read.holds
        facts = (read.check_code, read.letters, read.index, read.bundle)
        assert facts == (code, 7, index, result.folder)
        assert b"Quille" not in proof.to_json()


def test_the_words_that_were_printed_are_bound_to_the_code_of_a_letter(
    session: Session, printed: int
) -> None:
    proofs = proofs_of(session, printed)
    for letter in letters_of(session, printed):
        [composed] = signed_letters(letter.signature)
        proof = proofs[composed.number or ""]
        text = find_text_file(session, letter, composed, proof)
        assert text is not None
        assert sha256(text).hexdigest() == proof.words
        assert letter.signature.given_name.encode() in text
        others = [other for other in proofs.values() if other is not proof]
        assert not any(is_text_of(other, text) for other in others)
        letter.signature.own_words = "Other words"
        [composed] = signed_letters(letter.signature)
        assert find_text_file(session, letter, composed, proof) is None


def test_made_again_without_a_letter_the_code_is_another_and_the_letter_has_no_proof(
    app: Flask, session: Session, printed: int, print_bundle: Print, do: Deed, tmp_path: Path
) -> None:
    before, proofs = check_code_of(session, printed), proofs_of(session, printed)
    take_back(session, printed, 4)
    session.rollback()
    do(remake_bundle.remake, printed)
    assert print_bundle(printed) is BundleState.READY
    after = proofs_of(session, printed)
    assert sorted(after) == sorted(proofs.keys() - {"00004"})
    code = check_code_of(session, printed)
    assert code != before
    assert {(proof.check_code, proof.letters) for proof in after.values()} == {(code, 6)}
    # Whose volume was not printed again has the same code of words.
    assert all(after[number].words == proofs[number].words for number in after)
    assert verify_copy(zip_of(app, printed, tmp_path)).check_code == code
    first, *_others = prints.list_prints(session, reload(session, printed))
    assert first.check_code == before


def test_what_was_erased_leaves_a_code_that_nothing_binds_to_a_person(
    session: Session, printed: int
) -> None:
    number, proofs = 2, proofs_of(session, printed)
    take_back(session, printed, number, SignatureState.ERASED)
    assert letters_of(session, printed)[number - 1].salt is None
    anonymised = letters_of(session, printed)[4]
    anonymise_signatures(session, [anonymised.signature_id], db.utcnow())
    session.commit()
    letters = letters_of(session, printed)
    assert [letter.sequence for letter in letters if letter.salt is None] == [2, 5]
    after = proofs_of(session, printed)
    # The others' proofs are what they were.
    assert after == {key: proofs[key] for key in proofs.keys() - {"00002", "00005"}}


def test_letters_that_wait_again_have_no_salt(session: Session, printed: int, do: Deed) -> None:
    session.rollback()
    do(cancel_bundle.cancel, printed, storage.storage(), reason="Wrong paper")
    session.expire_all()
    assert {letter.salt for letter in session.scalars(select(Letter))} == {None}


def test_a_bundle_that_was_frozen_before_has_the_papers_that_it_had(
    app: Flask, session: Session, freeze: Freeze, print_bundle: Print, tmp_path: Path
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3)
    session.commit()
    bundle_id = freeze(campaign.id)
    bundle = reload(session, bundle_id)
    bundle.letter_secret = None
    session.commit()
    assert print_bundle(bundle_id) is BundleState.READY
    assert check_code_of(session, bundle_id) == ""
    assert proofs_of(session, bundle_id) == {}
    files = contents(zip_of(app, bundle_id, tmp_path))
    assert "codes.txt" not in files
    assert b"check_code" not in files["manifest.json"]
    for name in ("cover-letter.pdf", "delivery-sheet.pdf"):
        assert "Check code" not in words_of(files[name])
    assert verify_copy(tmp_path / "UA-1-26_embassy-1_001.zip").findings == []


@pytest.mark.both_engines
def test_a_volume_without_codes_is_printed_again(
    app: Flask, session: Session, printed: int, print_bundle: Print
) -> None:
    """By a process of an earlier version, which knows of none."""
    code = check_code_of(session, printed)
    bundle = reload(session, printed)
    bundle.volumes[1].letter_codes = None
    bundle.state, attempt = BundleState.PRINTING, bundle.volumes[1].attempt
    session.commit()
    assert print_bundle(printed) is BundleState.READY
    assert reload(session, printed).volumes[1].attempt == attempt + 1
    assert check_code_of(session, printed) == code


def test_codes_of_other_letters_than_were_printed_make_no_bundle(
    app: Flask, session: Session, printed: int
) -> None:
    """A code too many would inflate the count, one too few would shave it."""
    whole = reload(session, printed).volumes[0].letter_codes or b""
    for codes in (whole + whole[-36:], whole[:-36]):
        bundle = reload(session, printed)
        bundle.volumes[0].letter_codes = codes
        bundle.state, bundle.failure = BundleState.PRINTING, None
        session.commit()
        with app.app_context():
            assemble.assemble(printed)
        bundle = reload(session, printed)
        assert (bundle.state, bundle.failure) == (BundleState.FAILED, "totals-differ")


@pytest.mark.both_engines
def test_damaged_codes_give_no_proof_rather_than_a_wrong_one(
    session: Session, printed: int
) -> None:
    bundle = reload(session, printed)
    codes = bundle.volumes[0].letter_codes or b""
    bundle.volumes[0].letter_codes = codes[:10] + bytes([codes[10] ^ 1]) + codes[11:]
    session.commit()
    assert proofs_of(session, printed) == {}


@pytest.mark.real_press
def test_every_letter_and_bundle_has_chance_of_its_own(session: Session, freeze: Freeze) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3)
    session.commit()
    first = freeze(campaign.id)
    add_confirmed(session, session.get_one(Campaign, campaign.id), 2)
    session.commit()
    second = freeze(campaign.id)
    session.expire_all()
    salts = [letter.salt for letter in session.scalars(select(Letter))]
    assert len(set(salts)) == 5
    assert {len(salt or b"") for salt in salts} == {16}
    secrets = {session.get_one(Bundle, ident).letter_secret for ident in (first, second)}
    assert len(secrets) == 2
    assert {len(secret or "") for secret in secrets} == {64}


@pytest.mark.both_engines
def test_more_letters_than_a_block_are_proved_from_their_block_alone(
    session: Session, printed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks and volumes overlap."""
    monkeypatch.setattr(hash_tree, "BLOCK", 2)
    bundle = reload(session, printed)
    tree = build_tree(session, bundle)
    assert tree is not None
    assert len(tree.blocks) == 4
    recorded = prints.find_print(session, bundle)
    assert recorded is not None
    assert tree.check_code == recorded.check_code
    recorded.tree = tree.kept
    session.commit()
    assert len(proofs_of(session, printed)) == 7
