"""Contact data goes some months after the hand-over, or the end; what is counted stays."""

from collections.abc import Callable
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import file_names
from campaign.bundles.freeze.signed_sheets import waiting_on_paper
from campaign.bundles.freeze.waiting_counts import count_waiting
from campaign.campaigns import public_counts
from campaign.core import jobs
from campaign.dashboard import count_figures
from campaign.dashboard.statistics_page import target_rows
from campaign.exports.records import Source, count
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.export import ExportKind
from campaign.models.network import NetworkMember
from campaign.models.signature import Letter, Signature, SignatureState, WordsPrint
from campaign.models.staff import Role
from campaign.paper_signatures import data_entry, scans
from tests.factories import make_members, sign_in
from tests.integration.paper_signatures.test_sheets import ANA as NOOR
from tests.integration.paper_signatures.test_sheets import make_sheet
from tests.integration.tracking.conftest import ANA, Deliver, Erase, end, long_ago, reload, sign

_SEALED = ("given_name", "family_name", "email", "locality", "postal_code", "own_words")


@pytest.mark.both_engines
def test_what_a_closed_campaign_still_has_to_hand_over_is_kept(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
    erase: Erase,
) -> None:
    deliver(freeze(campaign))
    long_ago(session, 190)
    waits = sign(session, campaign, email="waits@example.org")
    pending = sign(session, campaign, email="later@example.org", state=SignatureState.PENDING)
    row = data_entry.add_row(session, make_sheet(session, campaign), NOOR, actor="a")
    end(session, campaign, 400, stopped=False)
    assert erase() == [{"signatures": 2, "scans": 0, "bundles": 1}]
    assert reload(session, ana).given_name == ""
    assert reload(session, pending).state is SignatureState.ERASED
    assert reload(session, waits).given_name != "", "nobody has carried this letter anywhere"
    assert row.signature is not None
    assert row.signature.family_name != ""
    assert waiting_on_paper(session, campaign) == 1


def test_of_a_campaign_that_goes_on_those_are_erased_whose_letters_were_handed_over(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
    erase: Erase,
) -> None:
    fingerprint, country, region = ana.email_hmac, ana.country, ana.region
    make_members(session, 1, email=ANA)
    session.commit()
    deliver(freeze(campaign))
    late = sign(session, campaign, email="late@example.org", given_name="Late")
    long_ago(session, 170)
    assert erase() == []
    long_ago(session, 190)
    assert erase() == [{"signatures": 1, "scans": 0, "bundles": 1}]
    left = reload(session, ana)
    assert {getattr(left, name) for name in _SEALED} == {""}
    assert (left.state, left.country, left.region) == (SignatureState.CONFIRMED, country, region)
    assert (left.consent_updates_at, left.trace, left.points) == (None, None, [])
    assert left.email_hmac == fingerprint, "nobody signs twice while it goes on"
    assert left.letters[0].sequence == 1
    assert reload(session, late).given_name == "Late"
    assert session.scalar(select(func.count()).select_from(NetworkMember)) == 1
    assert erase() == [{"signatures": 1, "scans": 0, "bundles": 1}], "once"
    page = client.get(f"/en/letter/token-{ana.id}")
    assert page.status_code == 200
    assert "We no longer know who wrote this letter" in page.text
    assert "as letter 00001" in page.text
    assert "Plantada" not in page.text
    assert client.get(f"/en/letter/token-{ana.id}/letter.pdf").status_code == 410
    assert client.post(f"/en/letter/token-{ana.id}").status_code == 410


def test_refused_letters_and_a_part_that_nobody_has_named_wait_for_the_end(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
    erase: Erase,
) -> None:
    deliver(freeze(campaign), DeliveryOutcome.REFUSED)
    long_ago(session, 400)
    assert erase() == []
    session.execute(update(DeliveryAttempt).values(outcome=DeliveryOutcome.PART, messages=1))
    assert erase() == []
    assert reload(session, ana).given_name == "Ana"


def test_of_one_that_ended_everybody_is_erased_and_the_sums_stay(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Callable[[Campaign], int],
    erase: Erase,
) -> None:
    fingerprint = ana.email_hmac
    bundle_id = freeze(campaign)
    waits = sign(session, campaign, email="waits@example.org")
    held = sign(session, campaign, email="held@example.org", state=SignatureState.HELD)
    session.add(WordsPrint(signature_id=waits.id, band=0, campaign_id=campaign.id, value=7))
    bundle = session.get_one(Bundle, bundle_id)
    bundle.state, bundle.zip_sha256 = BundleState.READY, "0" * 64
    name = f"{file_names.stored_folder(bundle.public_id)}/letters-001.1.pdf"
    with storage.storage().create(name) as file:
        file.write(b"Ana Plantada")
    end(session, campaign, 100)
    session.commit()
    jobs.run_now("overview.recount")
    figures, _row = count_figures.figures_of(session, campaign)
    before = public_counts.recount(session, campaign), figures.confirmed, figures.countries()
    own, rewritten = figures.count("own"), figures.count("rewritten")
    assert own == 2
    [target] = target_rows(campaign, figures)
    assert (target.letters, target.waiting, target.bundled) == (2, 1, 1)
    assert erase() == []
    end(session, campaign, 190)
    assert erase() == [{"signatures": 3, "scans": 0, "bundles": 1}]
    left = reload(session, ana)
    assert {getattr(left, name) for name in _SEALED} == {""}
    assert fingerprint not in (left.email_hmac, left.person_hmac)
    assert reload(session, held).state is SignatureState.ERASED
    letters = session.scalars(select(Letter.signature_id).order_by(Letter.id)).all()
    assert letters == [ana.id, waits.id], "of what is counted, all; of what was held, none"
    assert session.scalar(select(func.count()).select_from(WordsPrint)) == 0
    session.rollback()
    jobs.run_now("overview.count")
    session.rollback()
    session.expire_all()
    figures, _row = count_figures.figures_of(session, campaign)
    assert (
        public_counts.recount(session, campaign),
        figures.confirmed,
        figures.countries(),
    ) == before
    assert (figures.count("own"), figures.count("rewritten")) == (own, rewritten)
    [target] = target_rows(campaign, figures)
    assert (target.letters, target.waiting, target.bundled) == (2, 0, 1), "nothing can be printed"
    assert count_waiting(session, [target.target.id]).total() == 0
    assert count(session, Source(ExportKind.FULL, campaign.id, None, "UTC", "en")) == 0
    assert list(storage.storage().names(file_names.stored_folder(bundle.public_id))) == []
    public_id = bundle.public_id
    session.rollback()
    staff = app.test_client()
    sign_in(staff, app, Role.STAFF)
    page = staff.get(f"/desk/bundles/{public_id}")
    assert "We deleted its files" in page.text
    assert "Download the bundle" not in page.text
    assert erase() == [{"signatures": 3, "scans": 0, "bundles": 1}], "once"


@pytest.mark.both_engines
def test_people_on_sheets_and_the_scans_go_with_the_rest(
    session: Session, campaign: Campaign, erase: Erase
) -> None:
    sheet = make_sheet(session, campaign)
    row = data_entry.add_row(session, sheet, NOOR, actor="a")
    double = data_entry.add_row(session, sheet, NOOR, actor="a")
    scan = scans.keep_scan(session, scans.read_scan(_picture()), actor="a", sheet_id=sheet.id)
    name = f"scans/{scan.folder}/page-1"
    end(session, campaign, 190)
    assert erase() == [{"signatures": 1, "scans": 1, "bundles": 0}]
    assert row.signature is not None
    assert (row.signature.family_name, data_entry.details_of(row)) == ("", None)
    assert (double.details, double.email_hmac) == (None, None)
    assert list(storage.storage().names(name)) == []
    assert (
        public_counts.recount(session, campaign),
        public_counts.count_on_paper(session, campaign),
    ) == (1, 1)
    assert waiting_on_paper(session, campaign) == 0


def _picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (20, 20), "white").save(out, "PNG")
    return out.getvalue()


def test_a_late_delivery_gives_its_campaign_more_time(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
    erase: Erase,
) -> None:
    deliver(freeze(campaign))
    end(session, campaign, 300, stopped=False)
    long_ago(session, 20)
    assert erase() == []
    assert reload(session, ana).email == ANA


def test_files_are_kept_where_the_settings_say_so_and_nothing_goes_where_they_say_never(
    app: Flask,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Callable[[Campaign], int],
    erase: Erase,
) -> None:
    bundle = session.get_one(Bundle, freeze(campaign))
    bundle.state, bundle.zip_sha256 = BundleState.READY, "0" * 64
    end(session, campaign, 190)
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"retention_months": 0})
    assert erase() == []
    app.extensions["settings"] = settings.model_copy(update={"keep_printed_files": True})
    assert erase() == [{"signatures": 1, "scans": 0, "bundles": 0}]
    assert session.get_one(Bundle, bundle.id).emptied_at is None
