"""What time erases where it is late, waits, is printed just now, or cannot be removed at once."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import file_names
from campaign.core import db, jobs
from campaign.core.audit import AuditEntry
from campaign.core.settings import Settings
from campaign.deliveries.envelopes import reroute_bundle
from campaign.models.bundle import Bundle, BundleState, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus, Target
from campaign.models.paper_signature import PaperSheet, Scan
from campaign.models.revision import RiskFlag, RiskKind
from campaign.models.signature import Letter, Signature
from campaign.paper_signatures import scans
from campaign.privacy import overdue, retention
from campaign.signing.states import empty_signature
from campaign.storage.places import FilesAway, LocalPlace
from tests.factories import make_campaign, make_target_mission, make_target_official
from tests.integration.paper_signatures.test_sheets import make_sheet
from tests.integration.tracking.conftest import (
    ANA,
    Deliver,
    Erase,
    Mails,
    end,
    long_ago,
    reload,
    sign,
)

Freeze = Callable[[Campaign], int]


class Stuck(LocalPlace):
    """A place that does not answer as long as it is `away`."""

    away = True

    def delete(self, name: str) -> None:
        """Remove the file, or fail."""
        if self.away:
            raise FilesAway("test")
        super().delete(name)

    def delete_folder(self, folder: str) -> None:
        """Remove the folder, or leave it there without a word, as a full disk may."""
        if not self.away:
            super().delete_folder(folder)


@pytest.fixture
def stuck(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Stuck:
    """The storage's place, which cannot remove anything until it is told."""
    store = app.extensions["storage"]
    place = Stuck(store.place.folder)
    monkeypatch.setattr(store, "place", place)
    return place


def _file_of(bundle: Bundle) -> str:
    """A volume's file, kept in the storage."""
    name = f"{file_names.stored_folder(bundle.public_id)}/letters-001.1.pdf"
    with storage.storage().create(name) as file:
        file.write(b"Ana Plantada")
    return name


def _scan(session: Session, sheet: PaperSheet) -> Scan:
    out = BytesIO()
    Image.new("RGB", (20, 20), "white").save(out, "PNG")
    return scans.keep_scan(session, scans.read_scan(out.getvalue()), actor="a", sheet_id=sheet.id)


def _due(session: Session) -> list[overdue.DueCampaign]:
    return overdue.list_due(session, months=6, now=db.utcnow())


@pytest.mark.both_engines
def test_who_was_emptied_after_the_close_is_unlinked_once_the_campaign_is_over(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    erase: Erase,
) -> None:
    fingerprint, person = ana.email_hmac, ana.person_hmac
    deliver(freeze(campaign))
    long_ago(session, 190)
    end(session, campaign, 160, stopped=False)
    erase()
    left = reload(session, ana)
    assert (left.given_name, left.email_hmac) == ("", fingerprint), "its own months are not over"
    since = left.forgotten_at
    assert overdue.count_due(session, _due(session)) == 0
    end(session, campaign, 190, stopped=False)
    assert overdue.count_due(session, _due(session)) == 1
    assert erase()[-1]["signatures"] == 1
    left = reload(session, ana)
    assert left.email_hmac != fingerprint
    assert left.person_hmac not in (person, None)
    assert left.forgotten_at == since
    replaced = left.email_hmac
    end(session, campaign, 190, stopped=False)
    campaign.forgotten_at = None
    assert len(erase()) == 2, "once"
    assert reload(session, ana).email_hmac == replaced


def test_a_letter_that_was_set_aside_waits_for_its_cause_to_be_mended(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    erase: Erase,
) -> None:
    aside = sign(session, campaign, email="aside@example.org", given_name="Aside")
    deliver(freeze(campaign))
    session.execute(
        update(Letter).where(Letter.signature_id == aside.id).values(set_aside="missing-glyph")
    )
    long_ago(session, 190)
    end(session, campaign, 190, stopped=False)
    erase()
    assert reload(session, ana).given_name == ""
    assert reload(session, aside).given_name == "Aside"
    end(session, campaign, 190)
    campaign.forgotten_at = None
    erase()
    assert reload(session, aside).given_name == "", "after a stop nothing waits"


@pytest.mark.parametrize("is_over", [False, True])
def test_a_letter_that_a_risk_flag_sent_to_review_keeps_details_until_the_campaign_is_over(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    erase: Erase,
    is_over: bool,
) -> None:
    clean = sign(session, campaign, email="clean@example.org", given_name="Clean")
    ana.own_words, clean.own_words = "Petra Salas told me.", "I thank you."
    session.commit()
    deliver(freeze(campaign))
    second = Target(official=make_target_official(7), mission=make_target_mission(7), position=1)
    campaign.targets.append(second)
    for signature in (ana, clean):
        template_id = signature.letters[0].template_id
        signature.letters.append(Letter(target=second, template_id=template_id))
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Petra Salas")]
    long_ago(session, 190)
    if is_over:
        end(session, campaign, 190, stopped=False)
    session.commit()
    erase()
    assert reload(session, ana).given_name == "Ana", "nobody knows yet what her words name"
    campaign.forgotten_at = None
    session.commit()
    jobs.run_now("screening.check-flags", campaign.id)
    erase()
    assert reload(session, ana).given_name == ("" if is_over else "Ana")
    assert reload(session, clean).given_name == "Clean"


def test_sheets_that_came_late_or_are_not_keyed_in_keep_their_scans(
    session: Session, campaign: Campaign, erase: Erase
) -> None:
    sheet = make_sheet(session, campaign, rows_by_hand=3)
    scan = _scan(session, sheet)
    end(session, campaign, 400, stopped=False)

    def left() -> list[int]:
        campaign.forgotten_at = None
        erase()
        return list(session.scalars(select(Scan.id)))

    assert left() == [scan.id], "it came today"
    scan.created_at = db.utcnow() - timedelta(days=200)
    assert left() == [scan.id], "its sheet came today"
    sheet.created_at, scan.created_at = scan.created_at, db.utcnow()
    assert left() == [scan.id], "it was scanned today"
    scan.created_at = sheet.created_at
    assert left() == [scan.id], "nobody has keyed it in"
    sheet.rows_by_hand = None
    assert left() == []


def test_what_was_printed_of_a_bundle_when_its_campaign_was_stopped_goes_too(
    session: Session, campaign: Campaign, ana: Signature, freeze: Freeze, erase: Erase
) -> None:
    bundle = session.get_one(Bundle, freeze(campaign))
    name = _file_of(bundle)
    assert bundle.state is BundleState.PRINTING
    end(session, campaign, 190)
    assert erase() == [{"signatures": 1, "scans": 0, "bundles": 1}]
    assert not storage.storage().exists(name)
    assert session.get_one(Bundle, bundle.id).emptied_at is not None


def test_a_bundle_that_is_being_printed_is_not_emptied_while_its_campaign_goes_on(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    erase: Erase,
) -> None:
    deliver(freeze(campaign))
    long_ago(session, 190)
    late = sign(session, campaign, email="late@example.org")
    bundle = session.get_one(Bundle, freeze(campaign))
    bundle.zip_sha256 = "0" * 64
    empty_signature(session.get_one(Signature, late.id))
    name = _file_of(bundle)
    assert erase() == [{"signatures": 1, "scans": 0, "bundles": 1}]
    bundle = session.get_one(Bundle, bundle.id)
    assert (bundle.state, bundle.emptied_at) == (BundleState.PRINTING, None)
    assert storage.storage().exists(name)


def test_the_files_of_a_bundle_whose_letters_go_through_another_mission_stay(
    app: Flask,
    session: Session,
    settings: Settings,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    erase: Erase,
) -> None:
    omar = sign(session, campaign, email="omar@example.org")
    deliver(freeze(campaign))
    long_ago(session, 190)
    erase()
    again = sign(session, campaign, email="again@example.org", given_name="Again")
    refused = freeze(campaign)
    deliver(refused, DeliveryOutcome.REFUSED)
    other = make_target_mission(7, slug="consulate-montreal")
    session.add(other)
    session.commit()
    mission_id = other.id
    session.rollback()
    with app.app_context(), db.transaction() as fresh:
        moved_id = reroute_bundle.reroute_bundle(
            fresh,
            fresh.get_one(Bundle, refused),
            fresh.get_one(type(other), mission_id),
            settings=settings,
            actor="test",
        ).id
    erase()
    assert session.get_one(Bundle, refused).emptied_at is None, "we know who wrote what is in it"
    assert reload(session, omar).given_name == ""
    deliver(moved_id)
    session.rollback()
    long_ago(session, 190)
    erase()
    assert reload(session, again).given_name == ""
    session.expire_all()
    emptied = session.scalars(select(Bundle.id).where(Bundle.emptied_at.is_not(None))).all()
    assert {refused, moved_id} <= set(emptied)


def test_what_a_storage_cannot_remove_is_removed_by_the_next_run(
    session: Session, campaign: Campaign, ana: Signature, freeze: Freeze, erase: Erase, stuck: Stuck
) -> None:
    bundle = session.get_one(Bundle, freeze(campaign))
    bundle.state, bundle.zip_sha256 = BundleState.READY, "0" * 64
    scan = _scan(session, make_sheet(session, campaign))
    kept = [_file_of(bundle), f"scans/{scan.folder}/page-1"]
    end(session, campaign, 190)
    assert erase() == [{"signatures": 1, "scans": 0, "bundles": 0}]
    assert all(map(storage.storage().exists, kept))
    assert session.get_one(Bundle, bundle.id).emptied_at is None, "it does not say what is not so"
    stuck.away = False
    assert erase()[1:] == [{"signatures": 0, "scans": 1, "bundles": 1}]
    assert not any(map(storage.storage().exists, kept))
    assert session.scalars(select(Scan)).all() == []
    assert len(erase()) == 2, "once"


def test_nobody_is_erased_of_a_campaign_that_was_opened_again_meanwhile(
    app: Flask, session: Session, campaign: Campaign, ana: Signature
) -> None:
    _scan(session, make_sheet(session, campaign))
    end(session, campaign, 190)
    session.commit()
    [due] = _due(session)
    campaign.status, campaign.closed_at, campaign.stopped_at = CampaignStatus.OPEN, None, None
    session.commit()
    with app.app_context():
        assert not retention.erase_due(due, db.utcnow(), keep_files=False)
    assert reload(session, ana).given_name == "Ana"
    assert session.get_one(Campaign, campaign.id).forgotten_at is None
    assert len(session.scalars(select(Scan)).all()) == 1


def test_erasing_everything_reaches_the_fingerprints_of_who_was_forgotten_before(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    erase: Erase,
    mails: Mails,
) -> None:
    fingerprint, person = ana.email_hmac, ana.person_hmac
    deliver(freeze(campaign))
    long_ago(session, 190)
    erase()
    assert reload(session, ana).email_hmac == fingerprint
    other = make_campaign(session)
    sign(session, other, email=ANA)
    client.post("/en/my-letters", data={"email": ANA})
    box = str(mails()[-1]["link"]).removeprefix("http://127.0.0.1:5000")
    assert client.post(f"{box}/erase").status_code == 303
    left = reload(session, ana)
    assert fingerprint != left.email_hmac
    assert left.person_hmac not in (person, None)
    assert session.scalars(select(Signature.id)).all() == [ana.id]
    [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "mailbox.erase"))
    assert (entry.detail["deleted"], entry.detail["fingerprints"]) == (1, 1)
