"""Exactly once: a bundle given up, made again, printed again."""

import json
import re
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import bundle_status, downloads, file_names
from campaign.bundles.changes import cancel_bundle, prints, release_letters, remake_bundle
from campaign.bundles.destinations import move_bundles
from campaign.bundles.documents import bundle_zip
from campaign.bundles.documents.contents_and_delivery_sheet import say_what_to_destroy
from campaign.bundles.documents.verify import verify_copy
from campaign.bundles.volumes import print_queue
from campaign.core import db, jobs
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid, Refused
from campaign.deliveries import record_delivery
from campaign.deliveries.carried_paper import list_papers
from campaign.models.bundle import Bundle, BundleKind, BundleReprint, BundleState, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.printing.print_letters import PrintedLetter
from campaign.signing.states import empty_signature
from tests.days import today
from tests.factories import add_confirmed, make_campaign, make_target_mission
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.bundles.test_cover_texts import text_of
from tests.integration.bundles.test_print import contents, zip_of
from tests.integration.conftest import Keep

Deed = Callable[..., Any]


@pytest.fixture
def do(app: Flask) -> Deed:
    """Do something with a bundle in a transaction of its own."""

    def run(deed: Callable[..., Any], bundle_id: int, *more: Any, **facts: Any) -> Any:
        with app.app_context(), db.transaction() as session:
            return deed(
                session, session.get_one(Bundle, bundle_id), *more, actor="command", **facts
            )

    return run


@pytest.fixture
def ready(session: Session, freeze: Freeze, print_bundle: Print, keep: Keep) -> int:
    """A bundle of seven letters in three volumes, that is ready."""

    def make() -> int:
        campaign = make_campaign(session)
        add_confirmed(session, campaign, 7, given_name=lambda at: f"Quille{at}")
        session.commit()
        bundle_id = freeze(campaign.id, volume_letters=3)
        assert print_bundle(bundle_id) is BundleState.READY
        return bundle_id

    return keep("three volumes", make)


def take_back(
    session: Session, bundle_id: int, number: int, state: SignatureState = SignatureState.WITHDRAWN
) -> None:
    signature_id = session.scalar(
        select(Letter.signature_id).where(Letter.bundle_id == bundle_id, Letter.sequence == number)
    )
    signature = session.get_one(Signature, signature_id)
    if state is SignatureState.ERASED:
        empty_signature(signature)
    else:
        signature.state = state
    session.commit()


def hand_over(
    do: Deed, bundle_id: int, outcome: DeliveryOutcome = DeliveryOutcome.ACCEPTED
) -> None:
    def record(session: Session, bundle: Bundle, *, actor: str) -> None:
        happened = record_delivery.VisitFacts(outcome=outcome, happened_on=today())
        record_delivery.record_visit(
            session,
            carried=[record_delivery.CarriedBundle(bundle)],
            happened=happened,
            key=str(uuid4()),
            actor=actor,
        )

    do(record, bundle_id)


# --- A letter is in one live bundle ------------------------------------------------------------


@pytest.mark.both_engines
def test_the_database_lets_a_letter_be_in_one_bundle_alone(session: Session, ready: int) -> None:
    letter = session.scalars(select(Letter).limit(1)).one()
    again = Letter(
        signature_id=letter.signature_id, target_id=letter.target_id, template_id=letter.template_id
    )
    session.add(again)
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()
    # Nor can two letters bear one number, or one a number without a bundle.
    for values in ({"sequence": 2}, {"bundle_id": None}):
        with pytest.raises(IntegrityError):
            session.execute(update(Letter).where(Letter.sequence == 1).values(**values))
        session.rollback()


# --- Given up ----------------------------------------------------------------------------------


def test_letters_of_a_bundle_given_up_wait_again_and_its_number_does_not(
    session: Session, ready: int, do: Deed, freeze: Freeze, print_bundle: Print
) -> None:
    session.rollback()
    freed = do(cancel_bundle.cancel, ready, storage.storage(), reason="Wrong paper")
    assert freed == 7
    bundle = reload(session, ready)
    assert (bundle.state, bundle.cancel_reason) == (BundleState.CANCELLED, "Wrong paper")
    assert bundle.volumes == []
    (kept,) = prints.list_prints(session, bundle)
    assert kept.removed_at is not None
    assert len(kept.files) == 14
    assert not [name for name in storage.storage().names() if name.endswith(".pdf")]
    campaign_id = bundle.campaign_id
    session.rollback()
    again = freeze(campaign_id)
    assert print_bundle(again) is BundleState.READY
    second = reload(session, again)
    assert (second.sequence, second.kind, second.letter_count) == (2, BundleKind.FIRST, 7)
    lines = select(AuditEntry.action).where(AuditEntry.subject == f"bundle:{ready}")
    assert "bundle.cancel" in session.scalars(lines).all()


def test_what_was_handed_over_is_not_given_up(session: Session, ready: int, do: Deed) -> None:
    session.rollback()
    hand_over(do, ready)
    with pytest.raises(Refused, match="handed-over"):
        do(cancel_bundle.cancel, ready, storage.storage(), reason="Too late")
    assert reload(session, ready).state is BundleState.READY


def test_what_was_refused_at_the_gate_can_be_given_up(
    session: Session, ready: int, do: Deed
) -> None:
    session.rollback()
    hand_over(do, ready, DeliveryOutcome.REFUSED)
    assert not bundle_status.is_handed_over(session, reload(session, ready))
    session.rollback()
    assert do(cancel_bundle.cancel, ready, storage.storage(), reason="Refused") == 7
    with pytest.raises(Refused, match="cancelled"):
        do(cancel_bundle.cancel, ready, storage.storage(), reason="Once more")


def test_a_worker_loses_a_volume_whose_bundle_is_given_up(
    session: Session, freeze: Freeze, do: Deed
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    session.commit()
    bundle_id = freeze(campaign.id)
    taken = print_queue.claim_next(bundle_id)
    assert taken is not None
    letter_id = session.scalars(select(Letter.id).order_by(Letter.id)).first()
    session.rollback()
    do(cancel_bundle.cancel, bundle_id, storage.storage(), reason="Stop the press")
    assert not print_queue.beat(taken)
    printed = [PrintedLetter(str(letter_id), 1, 1)]
    result = print_queue.PrintedVolume(1, 10, "0" * 64, printed)
    assert not print_queue.finish(taken, result)
    assert set(session.scalars(select(Letter.first_page))) == {None}
    assert print_queue.claim_next(bundle_id) is None


# --- Taken back before it was handed over ------------------------------------------------------


@pytest.mark.parametrize("state", [SignatureState.WITHDRAWN, SignatureState.ERASED])
def test_its_volume_is_made_again_without_it_and_says_so(
    app: Flask,
    session: Session,
    ready: int,
    do: Deed,
    print_bundle: Print,
    tmp_path: Path,
    state: SignatureState,
) -> None:
    before = contents(zip_of(app, ready, tmp_path))
    old = {volume.sequence: volume.sha256 for volume in reload(session, ready).volumes}
    take_back(session, ready, 5, state)
    with pytest.raises(Refused, match="taken-back"):
        zip_of(app, ready, tmp_path)
    session.rollback()
    jobs.run_now("bundles.remake")
    assert reload(session, ready).state is BundleState.PRINTING
    session.rollback()
    assert print_bundle(ready) is BundleState.READY
    path = zip_of(app, ready, tmp_path)
    result = verify_copy(path)
    assert result.findings == []
    assert (result.letters, result.set_aside) == (6, 1)
    after = contents(path)
    manifest = json.loads(after["manifest.json"])
    assert manifest["set_aside"] == [{"number": "00005", "reason": "withdrawn"}]
    (out,) = manifest["taken_out"]
    assert (out["number"], out["volume"], out["page"]) == ("00005", 2, 2)
    assert (out["reason"], out["sha256"]) == (state.value, old[2])
    readme = after["README.html"].decode()
    assert "without letter 00005" in readme
    with app.app_context():
        destroy = say_what_to_destroy()
    assert "Destroy the lists, cover letter, delivery sheet, contents and labels" in destroy
    assert readme.count(destroy) == 1
    assert destroy in " ".join(text_of(after["contents.pdf"]).split())
    assert destroy not in before["README.html"].decode()
    assert re.search(r"Not printable</th><td>0<.*?\n.*Taken out</th><td>1<", readme)
    # The other volumes are the very files that they were; the old one is gone, its hash is kept.
    assert after["letters-001.pdf"] == before["letters-001.pdf"]
    assert after["letters-003.pdf"] == before["letters-003.pdf"]
    assert after["letters-002.pdf"] != before["letters-002.pdf"]
    kept = [name.rpartition("/")[2] for name in storage.storage().names()]
    assert sorted(name for name in kept if name.startswith("letters-")) == [
        "letters-001.1.pdf",
        "letters-002.2.pdf",
        "letters-003.1.pdf",
    ]
    first, second = prints.list_prints(session, reload(session, ready))
    assert (first.removed_at is None, second.removed_at is None) == (False, True)
    assert {"name": "letters-002.pdf", "sha256": old[2]}.items() <= next(
        file for file in first.files if file["name"] == "letters-002.pdf"
    ).items()
    assert (second.letters, second.zip_sha256) == (6, reload(session, ready).zip_sha256)
    # A tombstone: the number stays in the bundle, and nobody stands behind it.
    row = session.execute(
        select(Letter.sequence, Letter.first_page).where(Letter.sequence == 5)
    ).one()
    assert tuple(row) == (5, None)


def test_what_is_withdrawn_while_its_volume_is_made_again_was_in_the_earlier_print_too(
    app: Flask, session: Session, ready: int, print_bundle: Print, tmp_path: Path
) -> None:
    old = {volume.sequence: volume.sha256 for volume in reload(session, ready).volumes}
    take_back(session, ready, 5)
    session.rollback()
    jobs.run_now("bundles.remake")
    take_back(session, ready, 4)
    assert print_bundle(ready) is BundleState.READY
    path = zip_of(app, ready, tmp_path)
    assert verify_copy(path).findings == []
    manifest = json.loads(contents(path)["manifest.json"])
    told = [(out["number"], out["page"], out["sha256"]) for out in manifest["taken_out"]]
    assert told == [("00005", 2, old[2]), ("00004", 1, old[2])]
    bundle = reload(session, ready)
    assert all(letter.code for letter in bundle.taken_out.letters)
    _new, earlier, *_by_hand = list_papers(session, bundle)
    assert (earlier.letters, earlier.holds) == (7, ("00004", "00005"))


def test_once_it_is_handed_over_nothing_of_it_changes(
    app: Flask, session: Session, ready: int, do: Deed, tmp_path: Path
) -> None:
    path = zip_of(app, ready, tmp_path)
    hand_over(do, ready)
    take_back(session, ready, 5, SignatureState.ERASED)
    session.rollback()
    jobs.run_now("bundles.remake")
    bundle = reload(session, ready)
    assert bundle.state is BundleState.READY
    with path.open("rb") as file:
        assert bundle.zip_sha256 == bundle_zip.digest_of(iter(lambda: file.read(65536), b""))
    recorded = prints.find_print(session, bundle)
    assert recorded is not None
    assert not any(prints.is_damaged(storage.storage(), stored) for stored in recorded.files)
    # But no file that still names who was erased is given out any more.
    offered = set(downloads.list_choices(session, bundle))
    assert {"letters-001.pdf", "letters-003.pdf", "cover-letter.pdf"} <= offered
    assert not {"", "letters-002.pdf", "signatures.pdf"} & offered
    with pytest.raises(Refused, match="handed-over"):
        remake_bundle.remake(session, bundle, actor="command")


def test_a_bundle_of_which_every_letter_was_taken_back_stays_without_its_files(
    session: Session, freeze: Freeze, print_bundle: Print
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1)
    session.commit()
    bundle_id = freeze(campaign.id)
    assert print_bundle(bundle_id) is BundleState.READY
    take_back(session, bundle_id, 1)
    jobs.run_now("bundles.remake")
    bundle = reload(session, bundle_id)
    assert (bundle.state, bundle.emptied_at is None) == (BundleState.READY, False)
    assert list(storage.storage().names(file_names.stored_folder(bundle.public_id))) == []


def test_numbers_that_were_released_stay_in_the_total_when_it_is_made_again(
    app: Flask, session: Session, freeze: Freeze, print_bundle: Print, do: Deed, tmp_path: Path
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3)
    add_confirmed(session, campaign, 1, own_words="A mark \U000e0fff that no font has.")
    session.commit()
    bundle_id = freeze(campaign.id)
    assert print_bundle(bundle_id) is BundleState.READY
    session.rollback()
    do(release_letters.release, bundle_id, storage.storage())
    take_back(session, bundle_id, 2)
    assert do(remake_bundle.remake, bundle_id) == 1
    assert print_bundle(bundle_id) is BundleState.READY
    result = verify_copy(zip_of(app, bundle_id, tmp_path))
    assert result.findings == []
    assert (result.letters, result.set_aside) == (2, 2)


def test_a_stop_leaves_what_was_taken_back_where_it_is(
    session: Session, ready: int, do: Deed
) -> None:
    take_back(session, ready, 1)
    session.execute(update(Campaign).values(status=CampaignStatus.STOPPED))
    session.commit()
    with pytest.raises(Refused, match="stopped"):
        do(remake_bundle.remake, ready)
    jobs.run_now("bundles.remake")
    assert reload(session, ready).state is BundleState.READY


# --- Printed again -----------------------------------------------------------------------------


def taken(app: Flask, bundle_id: int, name: str = "", reason: str = "Paper jam") -> bytes:
    with app.app_context(), db.transaction() as session:
        bundle = session.get_one(Bundle, bundle_id)
        download = downloads.reprint(
            session, bundle, storage.storage(), name=name, reason=reason, actor="command"
        )
        return b"".join(download.chunks)


def test_a_reprint_is_the_same_file_byte_for_byte_and_counts_nothing(
    app: Flask, session: Session, ready: int, tmp_path: Path
) -> None:
    path = zip_of(app, ready, tmp_path)
    before = session.scalar(select(func.count(Letter.first_page)))
    session.rollback()
    assert taken(app, ready) == path.read_bytes()
    assert taken(app, ready, "letters-002.pdf") == contents(path)["letters-002.pdf"]
    bundle = reload(session, ready)
    assert session.scalar(select(func.count(Letter.first_page))) == before
    assert (len(prints.list_prints(session, bundle)), bundle.letter_count) == (1, 7)
    noted = downloads.list_reprints(session, bundle)
    assert [(reprint.file, reprint.reason) for reprint in noted] == [
        ("letters-002.pdf", "Paper jam"),
        ("", "Paper jam"),
    ]
    assert noted[1].sha256 == bundle.zip_sha256


def test_a_reprint_wants_a_reason(app: Flask, session: Session, ready: int) -> None:
    session.rollback()
    with pytest.raises(Invalid):
        taken(app, ready, reason="  ")
    assert session.scalar(select(func.count(BundleReprint.id))) == 0


def test_a_stop_holds_back_a_reprint(app: Flask, session: Session, ready: int) -> None:
    session.execute(update(Campaign).values(status=CampaignStatus.STOPPED))
    session.commit()
    with pytest.raises(Refused, match="stopped"):
        taken(app, ready)


@pytest.mark.both_engines
@pytest.mark.parametrize("name", ["", "letters-002.pdf"])
def test_a_reprint_under_way_breaks_off_at_a_stop(
    app: Flask, session: Session, ready: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.rollback()
    seconds = partial(downloads.while_wanted, clock=partial(next, count()))
    monkeypatch.setattr(downloads, "while_wanted", seconds)
    with db.transaction() as moving:
        download = downloads.reprint(
            moving,
            moving.get_one(Bundle, ready),
            storage.storage(),
            name=name,
            reason="Paper jam",
            actor="command",
        )
    session.execute(update(Campaign).values(status=CampaignStatus.STOPPED))
    session.commit()
    assert b"".join(download.chunks) == b""


def test_a_file_that_is_not_what_it_was_is_not_given_out(
    app: Flask, session: Session, ready: int
) -> None:
    session.rollback()
    store = storage.storage()
    name = next(stored for stored in store.names() if "/letters-002." in stored)
    data = bytearray(b"".join(store.chunks(name)))
    data[len(data) // 2] ^= 1
    with store.create(name) as file:
        file.write(bytes(data))
    for name in ("", "letters-002.pdf"):
        with pytest.raises(Refused, match="file-differs"):
            taken(app, ready, name)
    assert taken(app, ready, "letters-001.pdf").startswith(b"%PDF")


# --- Its mission becomes one with another ------------------------------------------------------


def test_a_bundle_that_is_numbered_anew_is_downloaded_as_it_was_and_made_again_in_its_folder(
    app: Flask, session: Session, ready: int, do: Deed, print_bundle: Print, tmp_path: Path
) -> None:
    before = zip_of(app, ready, tmp_path).read_bytes()
    bundle = reload(session, ready)
    kept = make_target_mission(8, slug="kept")
    session.add(kept)
    session.flush()
    session.add(
        Bundle(
            campaign_id=bundle.campaign_id,
            mission_id=kept.id,
            sequence=2,
            kind=BundleKind.FIRST,
            state=BundleState.CANCELLED,
            frozen={},
            letter_count=0,
        )
    )
    session.flush()
    name = file_names.zip_name(bundle)
    move_bundles(session, kept.id, bundle.mission_id, "command")
    session.commit()
    bundle = reload(session, ready)
    assert (bundle.mission.slug, bundle.sequence) == ("kept", 3)
    path = zip_of(app, ready, tmp_path)
    assert path.read_bytes() == before
    assert taken(app, ready) == before
    session.rollback()
    take_back(session, ready, 5)
    session.rollback()
    jobs.run_now("bundles.remake")
    assert print_bundle(ready) is BundleState.READY
    path = zip_of(app, ready, tmp_path)
    assert verify_copy(path).findings == []
    assert path.stem == name


@pytest.mark.both_engines
def test_a_bundle_from_before_prints_were_recorded_can_still_be_taken(
    app: Flask, session: Session, ready: int, tmp_path: Path
) -> None:
    bundle = reload(session, ready)
    for recorded in prints.list_prints(session, bundle):
        session.delete(recorded)
    session.commit()
    with app.app_context(), db.transaction() as work:
        download = downloads.open_download(
            work, work.get_one(Bundle, ready), storage.storage(), by=None, actor="command"
        )
        path = tmp_path / download.name
        path.write_bytes(b"".join(download.chunks))
    assert set(contents(path)) >= {"letters-003.pdf", "signatures.pdf", "manifest.json"}
    assert "contents.pdf" not in contents(path)
