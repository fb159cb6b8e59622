"""Every deed on a sheet, done by its page, leaves its entry in the audit."""

import io
import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.models.campaign import Campaign
from campaign.models.network import NetworkMember
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.signature import ConsentWording, Signature
from campaign.models.staff import Role, StaffUser
from campaign.network import memberships
from campaign.paper_signatures import data_entry, sheets
from campaign.paper_signatures.check_row import Details
from campaign.paper_signatures.row_signatures import words_on_sheet
from campaign.tracking.news_subscription import switch_news
from tests.days import days_ago
from tests.factories import post, sign_in
from tests.integration.paper_signatures.test_sheets import ANA, make_sheet

EVA = Details("Eva", "Park", "Hull", "", "CA")
NEW = {
    "kind": "sheet",
    "collected_on": days_ago(5).isoformat(),
    "country": "CA",
    "locale": "en",
    "place": "Library",
}


@pytest.fixture
def staff(client: FlaskClient, app: Flask, campaign: Campaign) -> FlaskClient:
    sign_in(client, app, Role.STAFF)
    return client


def last_deed(session: Session) -> str:
    session.rollback()
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    return entry.action


def test_a_sheet_is_begun_changed_and_deleted(
    staff: FlaskClient, session: Session, campaign: Campaign
) -> None:
    answer = post(staff, "/desk/paper/new", NEW | {"campaign": campaign.slug})
    assert answer.status_code == 303
    assert last_deed(session) == "paper.sheet-add"
    assert post(staff, f"{answer.location}/about", NEW | {"place": "Fair"}).status_code == 303
    assert last_deed(session) == "paper.sheet-edit"
    assert session.scalars(select(PaperSheet.place)).one() == "Fair"
    assert post(staff, f"{answer.location}/delete").location == "/desk/paper/"
    assert last_deed(session) == "paper.sheet-delete"
    assert session.scalar(select(func.count()).select_from(PaperSheet)) == 0


def test_a_row_is_corrected_taken_out_and_put_back(
    staff: FlaskClient, session: Session, campaign: Campaign
) -> None:
    sheet = make_sheet(session, campaign)
    row = data_entry.add_row(session, sheet, ANA, actor="a")
    url, row_id = f"/desk/paper/{sheet.public_id}/rows/{row.public_id}", row.id
    session.commit()
    right = {
        "given_name-0": "Anaïs",
        "family_name-0": "Núñez",
        "locality-0": "Hull",
        "country-0": "CA",
    }
    assert post(staff, url, {"given_name-0": ""}).status_code == 422
    assert post(staff, url, right).status_code == 303
    assert last_deed(session) == "paper.row-edit"
    assert "Hull, Canada" in " ".join(staff.get(f"/desk/paper/{sheet.public_id}").text.split())
    for deed, verdict in (("remove", RowVerdict.REMOVED), ("restore", RowVerdict.COUNTED)):
        assert post(staff, f"{url}/{deed}").status_code == 303
        assert last_deed(session) == f"paper.row-{deed}"
        assert session.get_one(PaperRow, row_id).verdict is verdict
    assert post(staff, f"{url}/burn").status_code == 404
    refused = post(staff, f"/desk/paper/{sheet.public_id}/delete", follow_redirects=True)
    assert "Remove the rows first" in refused.text


def test_a_scan_is_removed(staff: FlaskClient, session: Session, campaign: Campaign) -> None:
    sheet = make_sheet(session, campaign)
    url = f"/desk/paper/{sheet.public_id}"
    session.commit()
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "PNG")
    assert post(staff, f"{url}/scans", {"scan": (io.BytesIO(out.getvalue()), "x.png")})
    (remove,) = re.findall(r'action="([^"]+/remove)"', staff.get(f"{url}/about").text)
    assert post(staff, remove).status_code == 303
    assert last_deed(session) == "scan.remove"
    assert sheets.get_sheet(session, sheet.public_id, by=StaffUser(role=Role.STAFF, active=True))
    assert "/remove" not in staff.get(f"{url}/about").text


def test_while_no_file_can_be_kept_nothing_is_saved_and_what_was_typed_stays(
    app: Flask, staff: FlaskClient, session: Session, campaign: Campaign
) -> None:
    app.extensions["settings"].files_folder.write_bytes(b"no folder any more")
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "PNG")
    typed = NEW | {"campaign": campaign.slug, "place": "Fair of Laval"}
    scan = {"scan": (io.BytesIO(out.getvalue()), "x.png")}
    answer = post(staff, "/desk/paper/new", typed | scan)
    assert answer.status_code == 422
    assert "We cannot store files at the moment. Nothing was saved." in answer.text
    assert 'value="Fair of Laval"' in answer.text
    assert session.scalars(select(PaperSheet.id)).all() == []


def test_people_have_signed_in_the_language_of_the_sheet(
    staff: FlaskClient, session: Session, campaign: Campaign
) -> None:
    """By hand and by file: emails, exports and the record of consent go by it."""
    facts = NEW | {"campaign": campaign.slug, "locale": "fr"}
    address = str(post(staff, "/desk/paper/new", facts).location)
    sheet = session.scalars(select(PaperSheet)).one()
    joining = replace(ANA, email="ana@example.org", network=True)
    row = data_entry.add_row(session, sheet, joining, actor="a")
    other = data_entry.add_row(session, make_sheet(session, campaign), EVA, actor="a")
    assert row.signature is not None
    memberships.join_signer(session, row.signature, now=db.utcnow(), paper_row_id=row.id)
    session.commit()
    assert _read_languages(session, row) == ("fr", "fr", "fr")
    assert _read_languages(session, other) == ("en", "en", "en")
    assert re.search(
        r'<option (selected value="fr"|value="fr" selected)', staff.get(f"{address}/about").text
    )
    # Of a sheet from before, to choose the main language of the campaign is an answer too.
    old = other.sheet
    signature = other.signature
    assert (old.locale, signature is not None) == ("", True)
    session.execute(
        update(Signature).values(letter_locale="ar").where(Signature.id == signature.id)
    )
    session.commit()
    assert post(staff, f"/desk/paper/{old.public_id}/about", NEW).status_code == 303
    assert post(staff, f"{address}/about", NEW | {"locale": "es"}).status_code == 303
    assert _read_languages(session, row) == ("es", "es", "es")
    member = session.scalars(select(NetworkMember)).one()
    assert (member.locale, member.consent_wording) == ("es", words_on_sheet("es").network)
    assert _read_languages(session, other) == ("en", "en", "en")


@pytest.mark.both_engines
def test_what_was_agreed_to_on_a_page_stays_where_the_sheet_or_row_is_corrected(
    staff: FlaskClient, session: Session, campaign: Campaign
) -> None:
    facts = NEW | {"campaign": campaign.slug, "locale": "fr"}
    address = str(post(staff, "/desk/paper/new", facts).location)
    sheet = session.scalars(select(PaperSheet)).one()
    ana = replace(ANA, email="ana@example.org", news=True)
    rows = [data_entry.add_row(session, sheet, details, actor="a") for details in (ana, EVA)]
    signature = rows[0].signature
    assert signature is not None
    for on in (False, True):
        switch_news(session, signature, on=on, now=db.utcnow(), agreed_to="Email me.")
    data_entry.correct_row(session, rows[0], replace(ana, given_name="Anna"), actor="a")
    session.commit()
    assert post(staff, f"{address}/about", NEW | {"locale": "es"}).status_code == 303
    session.expire_all()
    wording = session.get_one(ConsentWording, signature.consent_wording_id)
    assert (wording.updates, wording.locale) == ("Email me.", "en")
    assert (wording.delivery, signature.locale) == (words_on_sheet("es").delivery, "es")
    assert _read_languages(session, rows[1]) == ("es", "es", "es")


def _read_languages(session: Session, row: PaperRow) -> tuple[str, str, str]:
    """Languages of the person's emails, of what was signed, and of the words agreed to."""
    session.rollback()
    signature = row.signature
    assert signature is not None
    wording = session.get_one(ConsentWording, signature.consent_wording_id)
    return signature.locale, signature.letter_locale, wording.locale
