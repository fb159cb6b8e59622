"""Staff who come back from an embassy: what waits for them today, and the answer they log."""

import io

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.core import jobs
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.directory import Mission
from campaign.models.reply import Reply, ReplyState
from campaign.models.staff import Role
from tests.factories import add_held, make_campaign, post, sign_in
from tests.integration.deliveries.conftest import Record

TYPED = {
    "received_on": "2026-11-02",
    "channel": "letter",
    "language": "es",
    "who": "",
    "text": "Tomamos nota.",
    "title_en": "An answer",
}


def test_today_names_what_is_to_be_screened_carried_told_and_answered(
    app: Flask, staff: FlaskClient, session: Session, bundle: Bundle, record: Record
) -> None:
    slug = bundle.campaign.slug
    add_held(session, bundle.campaign, 1)
    session.commit()
    jobs.run_now("overview.count")
    page = staff.get("/desk/today").text
    assert f"/desk/screening/?campaign={slug}" in page
    assert "1 bundle is printed and ready for delivery" in page
    assert f"/desk/bundles/{bundle.public_id}" in page
    record(bundle, DeliveryOutcome.ACCEPTED)
    page = staff.get("/desk/today").text
    assert "ready for delivery" not in page
    assert "1 delivery is not on its case page" in page
    assert "1 campaign was delivered recently. Record the reply if there is one" in page
    assert f"/desk/replies/campaigns/{slug}/new" in page
    sign_in(staff, app, Role.ADMIN)
    assert "1 delivery is not on its case page" in staff.get("/desk/today").text


def test_staff_log_an_answer_with_its_scan_and_leave_publishing_to_organizers(
    app: Flask, staff: FlaskClient, session: Session, bundle: Bundle
) -> None:
    slug, other = bundle.campaign.slug, make_campaign(session).slug
    session.commit()
    new = f"/desk/replies/campaigns/{slug}/new"
    assert new in staff.get("/desk/replies/").text
    assert staff.get(new.replace(slug, other)).status_code == 404, "nobody carried letters of it"
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "PNG")
    sent = post(staff, new, TYPED | {"scan": (io.BytesIO(out.getvalue()), "x.png")})
    assert sent.status_code == 303, sent.text
    address = sent.location
    page = staff.get(address).text
    assert "Tomamos nota." in page
    assert "/page-1.jpg" in page
    assert f"{address}/publish" not in page
    assert post(staff, address, TYPED | {"text": "Tomamos nota hoy."}).status_code == 303
    for part in ("publish", "bars", "shown.jpg"):
        assert staff.get(f"{address}/{part}").status_code == 404
    assert post(staff, f"{address}/take-back").status_code == 404
    session.rollback()
    assert session.scalars(select(Reply.state)).one() is ReplyState.DRAFT
    colleague, organizer = app.test_client(), app.test_client()
    sign_in(colleague, app, Role.STAFF)
    assert colleague.get(address).status_code == 404
    assert "Tomamos nota" not in colleague.get("/desk/replies/").text
    sign_in(organizer, app, Role.ORGANIZER)
    assert organizer.get(f"{address}/publish").status_code == 200
    assert f"{address}/publish" not in staff.get(address).text


def test_a_mission_to_which_letters_were_taken_can_be_who_answered(
    staff: FlaskClient, session: Session, bundle: Bundle, other_mission: str, record: Record
) -> None:
    new = f"/desk/replies/campaigns/{bundle.campaign.slug}/new"
    attempt = record(bundle, DeliveryOutcome.ACCEPTED).attempts[0]
    assert f'value="mission:{other_mission}"' not in staff.get(new).text
    session.rollback()
    montreal = session.scalars(select(Mission.id).where(Mission.slug == other_mission)).one()
    session.execute(update(DeliveryAttempt).values(mission_id=montreal))
    session.commit()
    page = staff.get(f"{new}?delivery={attempt.public_id}").text
    assert f'selected value="mission:{other_mission}"' in page
    sent = post(staff, new, TYPED | {"who": f"mission:{other_mission}"})
    assert sent.status_code == 303
    assert session.scalars(select(Reply.mission_id)).one() == montreal
