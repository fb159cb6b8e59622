"""What happened at the gate, as staff record it."""

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import db
from campaign.accounts.models import Role
from campaign.audit import AuditEntry
from campaign.bundles.models import Bundle, BundleKind, BundleState, DeliveryAttempt
from campaign.campaigns.models import UpdateKind
from campaign.storage import storage
from tests.factories import make_campaign, post, sign_in

FORM: dict[str, Any] = {
    "outcome": "accepted",
    "happened_on": "2026-11-20",
    "messages": "3",
    "place": "45 O'Connor Street",
    "received_by": "Legal attaché",
    "notes": "Come back on Friday.",
    "title_en": "Three letters handed over",
    "body_en": "The attaché took them.",
}


@pytest.fixture
def bundle(unit: Session) -> Bundle:
    campaign = make_campaign(unit)
    made = Bundle(
        campaign=campaign,
        mission=campaign.targets[0].mission,
        sequence=1,
        kind=BundleKind.FIRST,
        state=BundleState.READY,
        frozen={},
        letter_count=3,
        page_count=3,
    )
    unit.add(made)
    unit.commit()
    return made


@pytest.fixture
def staff(client: FlaskClient, app: Flask) -> FlaskClient:
    sign_in(client, app, Role.STAFF)
    return client


def page(bundle: Bundle) -> str:
    return f"/desk/bundles/{bundle.public_id}/deliveries/new"


def photograph() -> io.BytesIO:
    """A picture that says where it was taken."""
    picture = Image.new("RGB", (3000, 2000), "#7788aa")
    exif = Image.Exif()
    exif[0x010E] = "PLANTED-DESCRIPTION"
    exif[0x0112] = 6  # held upright
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif, comment=b"PLANTED-COMMENT")
    out.seek(0)
    return out


def test_a_delivery_is_recorded_and_told_on_the_page_of_the_case(
    staff: FlaskClient, bundle: Bundle, unit: Session
) -> None:
    assert post(staff, page(bundle), FORM).status_code == 303
    unit.rollback()
    attempt = unit.scalars(select(DeliveryAttempt)).one()
    assert (attempt.bundle_id, attempt.messages) == (bundle.id, 3)
    assert attempt.notes == {"en": "Come back on Friday."}
    entry = unit.scalars(select(AuditEntry).where(AuditEntry.action == "delivery.record")).one()
    assert entry.detail == {"outcome": "accepted", "messages": 3}
    case = staff.get(f"/en/actions/{bundle.campaign.slug}").text
    assert "Three letters handed over" in case
    assert "Come back on Friday" not in case


def test_a_picture_is_drawn_anew_without_what_the_camera_wrote(
    staff: FlaskClient, bundle: Bundle, unit: Session
) -> None:
    form = FORM | {"picture": (photograph(), "../../gate.php"), "alt_en": "Two people at a gate"}
    assert post(staff, page(bundle), form).status_code == 303
    unit.rollback()
    unit.refresh(bundle.campaign)
    (update,) = bundle.campaign.updates
    assert update.kind is UpdateKind.DELIVERY
    assert update.picture_alt == {"en": "Two people at a gate"}
    with storage().open(update.picture) as file:
        body = file.read()
    kept = Image.open(io.BytesIO(body))
    assert (kept.format, kept.size) == ("JPEG", (1067, 1600))
    assert not kept.getexif()
    assert b"PLANTED" not in body


def test_what_lies_about_being_a_picture_is_refused_and_what_was_typed_is_kept(
    staff: FlaskClient, bundle: Bundle, unit: Session
) -> None:
    form = FORM | {"picture": (io.BytesIO(b"<svg onload=alert(1)>"), "gate.jpg"), "alt_en": "x"}
    response = post(staff, page(bundle), form)
    assert response.status_code == 422
    assert "This is no JPEG, PNG or WebP picture" in response.text
    assert "Legal attaché" in response.text
    unit.rollback()
    assert unit.scalars(select(DeliveryAttempt)).all() == []


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("outcome", "", "Say how it ended"),
        ("outcome", "burnt", "Not a valid choice"),
        ("happened_on", "31.2.2026", "Write the day as"),
        ("happened_on", (db.utcnow() + timedelta(days=3)).date().isoformat(), "still to come"),
        ("messages", "many", "Not a valid integer"),
        ("messages", "-1", "Give a number from 0"),
        ("place", "x" * 201, "Keep to 200 characters"),
        ("received_by", "A\x01", "characters here are hidden"),
    ],
)
def test_what_cannot_be_taken_is_said_by_its_field(
    staff: FlaskClient, bundle: Bundle, unit: Session, field: str, value: str, words: str
) -> None:
    response = post(staff, page(bundle), FORM | {field: value})
    assert response.status_code == 422
    assert words in response.text
    assert "Three letters handed over" in response.text
    unit.rollback()
    assert unit.scalars(select(DeliveryAttempt)).all() == []


def test_an_organizer_does_not_record_deliveries_and_a_bundle_in_print_has_none(
    client: FlaskClient, app: Flask, bundle: Bundle, unit: Session
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    assert client.get(page(bundle)).status_code in {403, 404}
    bundle.state = BundleState.PRINTING
    unit.commit()
    sign_in(client, app, Role.STAFF)
    assert client.get(page(bundle)).status_code == 409


def test_a_form_that_is_sent_twice_records_one_delivery(
    staff: FlaskClient, bundle: Bundle, unit: Session
) -> None:
    assert post(staff, page(bundle), FORM).status_code == 303
    again = post(staff, page(bundle), FORM)
    assert again.status_code == 422
    assert "This delivery is recorded already." in again.text
    unit.rollback()
    assert len(unit.scalars(select(DeliveryAttempt)).all()) == 1
