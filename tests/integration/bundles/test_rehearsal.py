"""Rehearsal: signed, printed with a mark on every sheet, never counted or mailed, and wiped."""

import json
import zipfile
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import file_names
from campaign.bundles.documents.verify import verify_copy
from campaign.bundles.freeze import freeze_bundle, waiting_counts
from campaign.bundles.volumes import print_jobs
from campaign.campaigns import public_counts, rehearsal, status_changes
from campaign.core import db, jobs
from campaign.core.audit import AuditEntry
from campaign.core.errors import Refused
from campaign.core.settings import Settings
from campaign.deliveries import record_delivery
from campaign.demo.synthesis import synthesise
from campaign.mail.messages import MailState, OutboxMail
from campaign.models.bundle import Bundle, BundleState, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.models.staff import Role
from campaign.models.statistics import CampaignTally
from campaign.signing.letter import letter_facts
from campaign.tracking.mails import NoLetters
from tests.days import today
from tests.factories import add_confirmed, freeze_waiting, make_campaign, post, sign_in


@pytest.fixture
def draft(session: Session) -> Campaign:
    """A draft that could open."""
    campaign = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None)
    session.commit()
    return campaign


def printed(app: Flask, session: Session, draft: Campaign, settings: Settings) -> int:
    """A printed rehearsal bundle of what waits."""
    draft_id = draft.id
    session.rollback()
    with app.app_context(), db.transaction() as writing:
        campaign = writing.get_one(Campaign, draft_id)
        bundle_id = freeze_waiting(writing, campaign, settings=settings, rehearsal=True).id
    with app.app_context():
        ended = print_jobs.print_here(bundle_id, at_once=2, progress=lambda _done: None)
    assert ended is BundleState.READY
    return bundle_id


def count(session: Session, model: type[db.Base]) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.both_engines
def test_every_sheet_says_that_it_is_a_rehearsal_and_all_goes_when_it_opens(
    app: Flask,
    session: Session,
    client: FlaskClient,
    draft: Campaign,
    settings: Settings,
    tmp_path: Path,
) -> None:
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/campaigns/{draft.slug}/rehearsal"
    assert post(client, f"{url}/people", {"people": "7"}).status_code == 303
    jobs.run_now("demo.rehearse", draft.id, 7)
    bundle_id = printed(app, session, draft, settings)
    public_id = session.scalar(select(Bundle.public_id).where(Bundle.id == bundle_id))
    session.rollback()
    page = client.get(url).text
    assert "7 invented people have signed." in page
    answer = post(client, f"{url}/bundles/{public_id}/download")
    path = tmp_path / "rehearsal.zip"
    path.write_bytes(answer.data)
    assert verify_copy(path).findings == []
    marks = {"en": "Rehearsal", "fr": "Essai", "es": "Ensayo"}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert name.startswith("REHEARSAL_UA-1-26_embassy-1_001/")
            if not name.endswith(".pdf"):
                continue
            for sheet in pypdfium2.PdfDocument(BytesIO(archive.read(name))):
                text = sheet.get_textpage().get_text_bounded().casefold()
                assert any(mark.casefold() in text for mark in marks.values()), name
        [manifest] = [member for member in archive.namelist() if member.endswith("manifest.json")]
        assert json.loads(archive.read(manifest))["bundle"]["rehearsal"] is True

    [volume] = [name for name in storage.storage().names() if "/letters-001." in name]
    storage.storage().delete(volume)
    lacking = post(client, f"{url}/bundles/{public_id}/download")
    assert lacking.status_code == 409
    assert "part of it is missing from the file storage" in lacking.text

    # Nothing of it is counted, and nothing is recorded as handed over.
    public_counts.count_signatures()
    assert count(session, CampaignTally) == 0
    with pytest.raises(Refused) as refused:
        record_delivery.record_visit(
            session,
            carried=[record_delivery.CarriedBundle(session.scalars(select(Bundle)).one())],
            happened=record_delivery.VisitFacts(
                outcome=DeliveryOutcome.ACCEPTED, happened_on=today()
            ),
            key="k" * 20,
            actor="test",
        )
    assert refused.value.slug == "not-open"
    folder = file_names.stored_folder(str(public_id))
    assert list(storage.storage().names(folder))
    session.rollback()
    draft_id = draft.id
    session.rollback()
    with app.app_context(), db.transaction() as writing:
        campaign = writing.get_one(Campaign, draft_id)
        status_changes.open_campaign(writing, campaign, actor="staff:1", now=db.utcnow())
    assert [count(session, model) for model in (Signature, Letter, Bundle)] == [0, 0, 0]
    assert not list(storage.storage().names(folder))
    assert "The campaign is open." in client.get(url).text
    assert post(client, f"{url}/wipe").status_code == 409


def test_a_rehearsal_bundle_is_asked_for_by_its_page_and_leaves_an_entry(
    app: Flask, session: Session, client: FlaskClient, draft: Campaign
) -> None:
    sign_in(client, app, Role.ADMIN)
    mission = draft.targets[0].mission
    assert mission is not None
    slug, url = mission.slug, f"/desk/campaigns/{draft.slug}/rehearsal"
    jobs.run_now("demo.rehearse", draft.id, 2)
    session.rollback()
    assert post(client, f"{url}/bundles", {"mission": "nowhere"}).status_code == 404
    assert post(client, f"{url}/people", {"people": "0"}).status_code == 422
    for left_there in ("people", "bundles"):
        assert client.get(f"{url}/{left_there}").location == url
    assert post(client, f"{url}/bundles", {"mission": slug}).status_code == 303
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert entry.action == "bundle.freeze"
    assert "We are printing" in client.get(url).text


@pytest.mark.both_engines
def test_the_team_signs_on_pages_that_say_so_and_no_mail_goes_out(
    app: Flask, session: Session, client: FlaskClient, draft: Campaign
) -> None:
    base = f"/desk/campaigns/{draft.slug}/rehearsal/en"
    assert client.get(f"{base}/write").status_code == 302, "nobody comes here without signing in"
    sign_in(client, app, Role.ADMIN)
    assert client.get(f"/en/actions/{draft.slug}/write").status_code == 404
    typed = {
        "letter_locale": "es",
        "points": "protect",
        "own_words": "Anduve por allí.",
        "given_name": "Ada",
        "family_name": "Test",
        "email": "ada@example.com",
        "locality": "Ottawa",
        "region": "ON",
        "postal_code": "K1A 0A1",
        "country": "CA",
        "disclosure": "town",
        "consent_updates": "y",
        "consent_network": "y",
    }
    pages = [
        client.get(f"{base}/write?letter=es"),
        post(client, f"{base}/live", typed),
        post(client, f"{base}/you", typed),
        post(client, f"{base}/check", typed),
    ]
    assert [page.status_code for page in pages] == [200] * 4
    assert all("Rehearsal" in page.text for page in pages)
    assert f'action="{base}/you"' in pages[0].text
    assert f'action="{base}/sign"' in pages[3].text
    # The desk's token is asked for, as everywhere at the desk.
    assert client.post(f"{base}/sign", data=typed).status_code == 400
    for wrong in ({"email": "nobody"}, {"text_shown": "an earlier text"}):
        assert post(client, f"{base}/sign", typed | wrong).status_code == 422
    assert count(session, Signature) == 0
    session.rollback()
    assert post(client, f"{base}/sign", typed).status_code == 303
    [signature] = session.scalars(select(Signature)).all()
    assert signature.state is SignatureState.CONFIRMED
    assert (signature.given_name, signature.letter_locale) == ("Ada", "es")
    assert signature.email.endswith("@example.org")
    assert (signature.consent_updates_at, signature.consent_network_at) == (None, None)
    assert count(session, OutboxMail) == 0
    session.rollback()
    assert post(client, f"/desk/campaigns/{draft.slug}/rehearsal/wipe").status_code == 303
    assert count(session, Signature) == 0


@pytest.mark.parametrize(
    "status", [CampaignStatus.DRAFT, CampaignStatus.REVIEW, CampaignStatus.SCHEDULED]
)
def test_no_mail_about_a_campaign_that_has_not_opened_leaves_the_house(
    session: Session, draft: Campaign, status: CampaignStatus
) -> None:
    draft.status = status
    NoLetters(home_url="http://x/").send(
        session, to="ana@example.org", locale="en", campaign_id=draft.id
    )
    session.commit()
    jobs.run_now("mail.sweep")
    [mail] = session.scalars(select(OutboxMail)).all()
    assert (mail.state, mail.failure) == (MailState.FAILED, "campaign not open")


def test_a_real_bundle_needs_an_open_campaign_and_a_rehearsal_one_that_is_not(
    session: Session, draft: Campaign, settings: Settings
) -> None:
    add_confirmed(session, draft, 1)
    mission = draft.targets[0].mission
    assert mission is not None
    facts = {"campaign": draft, "mission": mission, "settings": settings, "locale": "en"}
    for status, rehearsed, slug in (
        (CampaignStatus.SCHEDULED, False, "not-open"),
        (CampaignStatus.OPEN, True, "rehearsal-over"),
    ):
        draft.status = status
        session.flush()
        with pytest.raises(Refused) as refused:
            freeze_bundle.freeze(session, actor="test", rehearsal=rehearsed, **facts)  # type: ignore[arg-type]
        assert refused.value.slug == slug
    assert [
        waiting.mission.id for waiting in waiting_counts.list_waiting(session, rehearsal=draft)
    ] == [mission.id]


def test_invented_people_who_come_too_late_stay_out_of_the_open_campaign(
    app: Flask, session: Session, draft: Campaign
) -> None:
    app.extensions["settings"] = app.extensions["settings"].model_copy(
        update={"mode": "production"}
    )
    draft_id, slug = draft.id, draft.slug
    session.rollback()
    jobs.run_now("demo.rehearse", draft_id, 2)
    assert count(session, Signature) == 2
    session.rollback()
    with db.transaction() as writing:
        campaign = writing.get_one(Campaign, draft_id)
        status_changes.open_campaign(writing, campaign, actor="staff:1", now=db.utcnow())
    jobs.run_now("demo.rehearse", draft_id, 2)
    with pytest.raises(Refused):
        synthesise(slug, signatures=2)
    assert count(session, Signature) == 0


def test_invented_letters_have_a_translation_as_real_ones_have(
    session: Session, draft: Campaign
) -> None:
    """Nobody signs before the words are written: by that moment the translation is chosen."""
    draft.print_translation = True
    session.commit()
    into = draft.translation_locale
    jobs.run_now("demo.rehearse", draft.id, 6)
    session.expire_all()
    [target] = draft.targets
    signatures = session.scalars(select(Signature)).all()
    assert {signature.letter_locale for signature in signatures} > {into}
    for signature in signatures:
        at = signature.times.signed_at
        assert letter_facts.template_at(draft.templates, target.id, into, at) is not None


def test_a_rehearsal_holds_so_many_letters_and_no_more(
    session: Session, draft: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "MOST_SIGNATURES", 3)
    jobs.run_now("demo.rehearse", draft.id, 2)
    jobs.run_now("demo.rehearse", draft.id, 2)
    jobs.run_now("demo.rehearse", draft.id, 2)
    assert count(session, Signature) == 3


def test_invented_letters_are_held_by_the_rules_of_the_campaign(
    session: Session, draft: Campaign
) -> None:
    draft.screening = {"longer_than": 1}
    draft_id = draft.id
    session.commit()
    jobs.run_now("demo.rehearse", draft_id, 12)
    session.rollback()
    every = session.scalars(select(Signature)).all()
    held = {signature.id for signature in every if signature.state is SignatureState.HELD}
    assert held == {signature.id for signature in every if signature.own_words}
    assert 0 < len(held) < 12
    rehearsal.wipe_by_hand(session, draft, actor="command")
    assert session.scalar(select(func.count(Signature.id))) == 0
