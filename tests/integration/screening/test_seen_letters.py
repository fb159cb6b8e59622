"""A decision is about the words that were read: a letter that was changed since waits on."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import clock, db
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign
from campaign.models.revision import RiskFlag, RiskKind
from campaign.models.screening import Decision
from campaign.models.signature import Signature, SignatureState
from campaign.models.staff import Role, StaffUser
from campaign.screening import review_queue
from campaign.tracking import change_or_withdraw
from tests.factories import make_staff_user, post
from tests.integration.screening.conftest import Write, read_seen, set_rules, the_signature
from tests.races import overtake

QUEUE = "/desk/screening/"


def put_clock_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written from now on has an earlier moment: of a slow commit, or a clock behind."""
    late = clock.utcnow() - timedelta(minutes=3)
    monkeypatch.setattr(db, "utcnow", lambda: late)


def change(session: Session, signature_id: int) -> None:
    signature = session.get_one(Signature, signature_id)
    form = change_or_withdraw.as_posted(signature)
    form["own_words"] = "Something that nobody has read."
    judged = change_or_withdraw.judge_change(session, signature, form).result.form
    assert judged is not None
    change_or_withdraw.change_letter(session, signature, judged)


@pytest.mark.both_engines
@pytest.mark.parametrize("while_deciding", [False, True])
def test_a_letter_that_its_writer_changes_meanwhile_is_read_again(
    app: Flask,
    staff: FlaskClient,
    session: Session,
    campaign: Campaign,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    while_deciding: bool,
) -> None:
    set_rules(session, campaign, first=5)
    write("I write because I care.")
    held = the_signature(session)
    by = make_staff_user(session, Role.STAFF)
    session.commit()
    [seen] = read_seen(staff.get(QUEUE).text)
    signature_id, public_id, by_id = held.id, held.public_id, by.id
    session.rollback()
    put_clock_back(monkeypatch)

    def approve(session: Session, by: StaffUser) -> None:
        review_queue.decide(
            session,
            public_ids=[public_id],
            decision=Decision.APPROVED,
            by=by,
            now=db.utcnow(),
            seen={seen},
        )

    if while_deciding:
        with app.test_request_context(), pytest.raises(Refused, match="nothing-held"):
            overtake(
                app,
                lambda other: change(other, signature_id),
                lambda other: other.get_one(StaffUser, by_id),
                approve,
            )
    else:
        with app.test_request_context(), db.transaction() as other:
            change(other, signature_id)
        url, data = f"{QUEUE}letters/{public_id}", {"decision": "approve", "seen": seen}
        told = post(staff, url, data, follow_redirects=True).text
        assert "The letter has changed." in told
        assert "Something that nobody has read." in told
    assert the_signature(session).state is SignatureState.HELD


@pytest.mark.parametrize("path", ["all", "letters/{}"])
def test_a_form_that_names_nothing_as_read_decides_nothing(
    staff: FlaskClient, session: Session, campaign: Campaign, write: Write, path: str
) -> None:
    set_rules(session, campaign, first=5)
    write("I write because I care.")
    url = QUEUE + path.format(the_signature(session).public_id)
    session.rollback()
    told = post(staff, url, {"decision": "approve"}, follow_redirects=True).text
    assert "The letter has changed." in told
    assert the_signature(session).state is SignatureState.HELD


def test_all_are_those_that_were_there_when_the_page_was_read(
    app: Flask,
    staff: FlaskClient,
    session: Session,
    campaign: Campaign,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_rules(session, campaign, first=5)
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Halldora Lysing")]
    session.commit()
    write("I write because I care.")
    changed = the_signature(session).id
    write("I write as a teacher.")
    session.rollback()
    _, seen = read_seen(staff.get(QUEUE).text)
    put_clock_back(monkeypatch)
    write("I came later.")
    write("I thank Halldora Lysing.")
    with app.test_request_context(), db.transaction() as other:
        change(other, changed)
    data = {"decision": "approve", "seen": seen}
    told = post(staff, f"{QUEUE}all", data, follow_redirects=True).text
    assert "1 letter approved." in told
    assert "still needs review" not in told, "it was not read"
    session.rollback()
    states = session.scalars(select(Signature.state).order_by(Signature.id)).all()
    assert [state is SignatureState.CONFIRMED for state in states] == [False, True, False, False]
