"""Signature sheets of a bundle of which a part was accepted: where they are, and who names them."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.bundles.freeze import signed_sheets
from campaign.core import db
from campaign.deliveries import gone_lists
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.signature import Letter, Signature, SignatureState
from tests.days import days_ago
from tests.factories import add_confirmed, post
from tests.integration.bundles.conftest import reload
from tests.integration.deliveries.conftest import Record, Reroute, form
from tests.integration.deliveries.test_envelopes import after, posting
from tests.integration.deliveries.test_reroute import awaited_on_paper, with_sheets

__all__ = ["with_sheets"]


def delete_record(staff: FlaskClient, session: Session, bundle: Bundle) -> None:
    """Delete the newest record of the bundle."""
    session.rollback()
    tried = select(DeliveryAttempt.public_id).where(DeliveryAttempt.bundle_id == bundle.id)
    newest = session.scalars(tried.order_by(DeliveryAttempt.id.desc())).first()
    session.rollback()
    assert post(staff, f"/desk/deliveries/attempts/{newest}/remove").status_code == 303


def count_signed(session: Session, bundle: Bundle) -> list[int]:
    """Count the people on sheets that the records of a bundle name."""
    session.rollback()
    tried = select(DeliveryAttempt).where(DeliveryAttempt.bundle_id == bundle.id)
    return [*gone_lists.count_signed_with(session, session.scalars(tried).all()).values()]


def test_the_page_names_the_sheets_that_a_record_counts_once_the_part_is_deleted(
    staff: FlaskClient, session: Session, with_sheets: Bundle, record: Record, reroute: Reroute
) -> None:
    record(with_sheets, DeliveryOutcome.PART, taken=1)
    assert post(staff, after(with_sheets, "part"), {"numbers": "1"}).status_code == 303
    reroute(with_sheets.id)
    assert count_signed(session, with_sheets) == [2]
    delete_record(staff, session, with_sheets)
    page = staff.get(f"/desk/bundles/{with_sheets.public_id}/deliver").text
    assert "1 letter · 2 people on signed sheets" in page
    record(with_sheets, DeliveryOutcome.ACCEPTED)
    assert count_signed(session, with_sheets) == [2]


def test_sheets_go_on_with_the_letters_of_a_part_that_is_deleted(
    staff: FlaskClient, session: Session, with_sheets: Bundle, record: Record, reroute: Reroute
) -> None:
    record(with_sheets, DeliveryOutcome.PART, taken=1)
    assert post(staff, after(with_sheets, "part"), {"numbers": "1"}).status_code == 303
    reroute(with_sheets.id)
    delete_record(staff, session, with_sheets)
    assert signed_sheets.count_carried(session, reroute(with_sheets.id)) == 2


def test_neither_page_nor_record_counts_sheets_that_moved_on(
    staff: FlaskClient, session: Session, with_sheets: Bundle, record: Record, reroute: Reroute
) -> None:
    record(with_sheets, DeliveryOutcome.REFUSED)
    assert post(staff, after(with_sheets, "split"), {"letters_each": "1"}).status_code == 303
    assert post(staff, after(with_sheets, "post"), posting()).status_code == 303
    reroute(with_sheets.id)
    delete_record(staff, session, with_sheets)
    page = staff.get(f"/desk/bundles/{with_sheets.public_id}/deliver").text
    assert "1 letter" in page
    assert "people on signed sheets" not in page
    record(with_sheets, DeliveryOutcome.ACCEPTED)
    assert count_signed(session, with_sheets) == []


ASKED = "What happened to the signature sheets?"
UNSAID = "Say what happened to the signature sheets."


def record_part(staff: FlaskClient, bundle: Bundle, **facts: str) -> None:
    """Record on the delivery page that one letter was accepted, the first."""
    sent = form(outcome="part", happened_time="", **{f"taken_{bundle.id}": "1"}, **facts)
    url = f"/desk/bundles/{bundle.public_id}/deliver"
    assert post(staff, url, sent).status_code == 303
    assert post(staff, after(bundle, "part"), {"numbers": "1"}).status_code == 303


def test_sheets_that_came_back_with_a_part_go_with_the_next_attempt(
    staff: FlaskClient, session: Session, with_sheets: Bundle, record: Record
) -> None:
    url = f"/desk/bundles/{with_sheets.public_id}/deliver"
    assert ASKED in staff.get(url).text
    record_part(staff, with_sheets, **{f"sheets_{with_sheets.id}": "back"})
    assert count_signed(session, with_sheets) == []
    attempt = session.scalars(select(DeliveryAttempt.public_id)).one()
    session.rollback()
    shown = staff.get(f"/desk/deliveries/attempts/{attempt}", follow_redirects=True).text
    assert "The signature sheets came back." in shown
    assert awaited_on_paper(session) == 2
    assert "1 letter · 2 people on signed sheets" in staff.get(url).text
    record(with_sheets, DeliveryOutcome.ACCEPTED)
    assert count_signed(session, with_sheets) == [2]
    assert awaited_on_paper(session) == 0


def test_sheets_that_came_back_with_a_part_move_on_with_the_rest(
    staff: FlaskClient, session: Session, with_sheets: Bundle, reroute: Reroute
) -> None:
    record_part(staff, with_sheets, **{f"sheets_{with_sheets.id}": "back"})
    assert signed_sheets.count_carried(session, reroute(with_sheets.id)) == 2


def test_sheets_that_came_back_wait_where_no_letter_is_left(
    staff: FlaskClient, session: Session, with_sheets: Bundle
) -> None:
    record_part(staff, with_sheets, **{f"sheets_{with_sheets.id}": "back"})
    campaign = session.get_one(Bundle, with_sheets.id).campaign
    assert signed_sheets.waiting_on_paper(session, campaign) == 0
    session.rollback()
    second = select(Letter.signature_id).where(Letter.sequence == 2)
    withdrawn = update(Signature).where(Signature.id.in_(second))
    session.execute(withdrawn.values(state=SignatureState.WITHDRAWN))
    assert signed_sheets.waiting_on_paper(session, campaign) == 2


def list_back(session: Session) -> list[tuple[int | None, bool]]:
    """List by the bundle's id whether the sheets came back, as it is recorded."""
    session.rollback()
    columns = select(DeliveryAttempt.bundle_id, DeliveryAttempt.sheets_back)
    rows = session.execute(columns.order_by(DeliveryAttempt.id))
    return [(row.bundle_id, row.sheets_back) for row in rows]


def test_no_answer_is_preset_and_once_accepted_nothing_is_asked(
    staff: FlaskClient, session: Session, with_sheets: Bundle
) -> None:
    url, name = f"/desk/bundles/{with_sheets.public_id}/deliver", f"sheets_{with_sheets.id}"
    answers = re.findall(rf'<input[^>]*name="{name}"[^>]*>', staff.get(url).text)
    assert len(answers) == 2
    assert not any("checked" in answer for answer in answers)
    record_part(staff, with_sheets, **{name: "accepted"})
    assert list_back(session) == [(with_sheets.id, False)]
    assert count_signed(session, with_sheets) == [2]
    assert ASKED not in staff.get(url).text


@pytest.mark.parametrize("preset", [None, "", "taken"])
def test_without_an_answer_nothing_is_recorded_and_the_form_asks_with_all_that_was_typed(
    staff: FlaskClient, session: Session, with_sheets: Bundle, preset: str | None
) -> None:
    """A page from before this was asked sends none, one that was preset sends `taken`."""
    url, name = f"/desk/bundles/{with_sheets.public_id}/deliver", f"sheets_{with_sheets.id}"
    part = {"outcome": "part", "happened_time": "", f"taken_{with_sheets.id}": "1"}
    typed = form(**part, **({name: preset} if preset is not None else {}))
    page = post(staff, url, typed)
    assert page.status_code == 422
    assert page.text.count(f'href="#{name}-0">{UNSAID}') == 1
    assert f"</span>{UNSAID}</p>" in page.text
    assert not re.search(rf'<input[^>]*checked[^>]*name="{name}"', page.text)
    assert 'value="Planted Attaché"' in page.text
    assert re.search(r'<input[^>]*checked[^>]*value="part"', page.text)
    assert list_back(session) == []
    phone = post(staff, url, typed, headers={"Accept": "application/json"})
    assert phone.status_code == 422
    anew = ["anew"] if preset else []
    assert phone.get_json() == {"problems": [UNSAID], "recorded": "", "asked": [name, *anew]}
    assert list_back(session) == []


def test_a_part_from_before_a_delivery_that_is_recorded_is_asked_about_too(
    staff: FlaskClient, session: Session, with_sheets: Bundle, record: Record
) -> None:
    session.execute(update(Bundle).values(created_at=db.utcnow() - timedelta(days=2)))
    session.commit()
    record(with_sheets, DeliveryOutcome.ACCEPTED)
    url, name = f"/desk/bundles/{with_sheets.public_id}/deliver", f"sheets_{with_sheets.id}"
    typed = form(outcome="part", happened_on=days_ago(1).isoformat(), happened_time="")
    typed |= {f"taken_{with_sheets.id}": "1"}
    assert UNSAID in post(staff, url, typed).text
    assert ASKED in staff.get(f"{url}?before=1").text
    assert post(staff, url, typed | {name: "back"}).status_code == 303
    assert list_back(session) == [(with_sheets.id, False), (with_sheets.id, True)]
    session.rollback()
    assert count_signed(session, with_sheets) == [2]


@pytest.mark.parametrize("outcome", ["accepted", "refused", "unopened", "left"])
def test_only_of_a_part_it_is_asked(
    staff: FlaskClient, session: Session, with_sheets: Bundle, outcome: str
) -> None:
    url = f"/desk/bundles/{with_sheets.public_id}/deliver"
    assert post(staff, url, form(outcome=outcome, happened_time="")).status_code == 303
    assert list_back(session) == [(with_sheets.id, False)]


def test_of_a_bundle_that_came_along_the_sheets_are_named_and_asked_about_too(
    staff: FlaskClient, session: Session, with_sheets: Bundle, make_ready: Callable[[], int]
) -> None:
    add_confirmed(session, session.get_one(Bundle, with_sheets.id).campaign, 2)
    session.commit()
    own = reload(session, make_ready())
    url = f"/desk/bundles/{own.public_id}/deliver"
    page = staff.get(url).text
    assert "2 letters · 2 people on signed sheets" in page
    assert "What happened to the signature sheets of UA 1/26 · 001?" in page
    assert ASKED not in page
    ids = (own.id, with_sheets.id)
    taken = {f"taken_{each}": "1" for each in ids} | {f"with_{with_sheets.id}": "y"}
    sent = form(outcome="part", happened_time="", **taken)
    asked = post(staff, url, sent)
    assert asked.status_code == 422
    assert (
        f'id="sheets_{with_sheets.id}-error"><span class="visually-hidden">Error: </span>{UNSAID}'
        in asked.text
    )
    phone = post(staff, url, sent, headers={"Accept": "application/json"}).get_json()
    assert phone["problems"] == [f"UA 1/26 · 001: {UNSAID}"]
    assert phone["asked"] == [f"sheets_{with_sheets.id}"]
    assert list_back(session) == []
    assert post(staff, url, sent | {f"sheets_{with_sheets.id}": "back"}).status_code == 303
    assert dict(list_back(session)) == {own.id: False, with_sheets.id: True}
