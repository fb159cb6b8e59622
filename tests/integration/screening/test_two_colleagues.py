"""Of two people who decide about the same letters, the second reads what the first did."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign
from campaign.models.screening import ScreeningAct
from campaign.models.signature import Signature, SignatureState
from campaign.models.staff import Role
from campaign.screening import review_queue
from campaign.tracking import change_or_withdraw
from tests.factories import make_staff_user, post, sign_in
from tests.integration.screening.conftest import Write, read_seen, set_rules, the_signature

QUEUE = "/desk/screening/"
TYPED = "Name nobody in <your> letter."


@pytest.fixture
def colleague(app: Flask, staff: FlaskClient) -> FlaskClient:
    browser = app.test_client()
    sign_in(browser, app, Role.STAFF, name="Ines Duarte")
    return browser


@pytest.fixture
def held(session: Session, campaign: Campaign, write: Write) -> str:
    """The newer of two letters that wait, by its public id."""
    set_rules(session, campaign, first=5)
    write("I write because I care.", family_name="Older")
    write("I write as a teacher.", family_name="Newer")
    public_id = the_signature(session).public_id
    session.rollback()
    return public_id


def read_form(browser: FlaskClient, public_id: str, **filters: str) -> dict[str, str]:
    """What the form of this letter says was seen."""
    page = browser.get(QUEUE, query_string={"at": public_id, **filters}).text
    return {"seen": read_seen(page)[0], **filters}


def get_by_public_id(session: Session, public_id: str) -> Signature:
    return session.scalars(select(Signature).where(Signature.public_id == public_id)).one()


def read_form_of_all(browser: FlaskClient) -> dict[str, str]:
    page = browser.get(QUEUE).text
    return {"letters": re.findall(r'name="letters" value="([^"]+)"', page)[0]} | {
        "seen": read_seen(page)[1]
    }


def decide(browser: FlaskClient, public_id: str, decision: str, form: dict[str, str]) -> Any:
    data = {"decision": decision, "note": TYPED, **form}
    return post(browser, f"{QUEUE}letters/{public_id}", data)


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("approve", "Odile Marchand approved this letter on"),
        ("reject", "Odile Marchand rejected this letter on"),
        ("return", "Odile Marchand sent this letter back on"),
    ],
)
def test_the_second_reads_who_decided_what_and_keeps_the_reason(
    staff: FlaskClient, colleague: FlaskClient, held: str, first: str, told: str
) -> None:
    mine, theirs = read_form(staff, held), read_form(colleague, held)
    mine["note"] = "Say it without the name."
    assert decide(staff, held, first, mine).status_code == 303
    answer = decide(colleague, held, "reject", theirs)
    assert answer.status_code == 409
    assert "Your decision was not saved" in answer.text
    assert told in answer.text
    assert re.search(r"\(\w+ time\)", answer.text), "whose time it is"
    assert "Name nobody in &lt;your&gt; letter." in answer.text
    assert "Say it without the name." in answer.text
    following = re.search(r'class="button" href="[^"]*at=([^"&]+)', answer.text)
    assert following is not None, "on to the letter that waits"
    assert "Older" in colleague.get(QUEUE, query_string={"at": following[1]}).text
    assert ("Read this letter" in answer.text) is (first == "return")


@pytest.mark.both_engines
def test_a_reason_too_long_stays_in_the_form(colleague: FlaskClient, held: str) -> None:
    words = "No. " * 300
    answer = decide(colleague, held, "reject", read_form(colleague, held) | {"note": words})
    assert answer.status_code == 422
    assert "Shorten the reason" in answer.text
    assert words.strip() in answer.text


def test_of_a_letter_that_its_writer_changed_the_reason_stays_in_the_form(
    app: Flask, colleague: FlaskClient, session: Session, held: str
) -> None:
    theirs = read_form(colleague, held)
    with app.test_request_context(), db.transaction() as other:
        signature = get_by_public_id(other, held)
        form = change_or_withdraw.as_posted(signature)
        form["own_words"] = "Something that nobody has read."
        judged = change_or_withdraw.judge_change(other, signature, form).result.form
        assert judged is not None
        change_or_withdraw.change_letter(other, signature, judged)
    answer = decide(colleague, held, "reject", theirs)
    assert answer.status_code == 422
    assert "The letter has changed. Read what is new, then decide." in answer.text
    assert "Something that nobody has read." in answer.text
    assert "Name nobody in &lt;your&gt; letter.</textarea>" in answer.text
    again = {"seen": read_seen(answer.text)[0]}
    assert decide(colleague, held, "reject", again).status_code == 303
    assert the_signature(session).state is SignatureState.REJECTED


@pytest.mark.parametrize("path", ["letters/{}", "all"])
def test_of_a_letter_that_its_writer_withdrew(
    app: Flask, colleague: FlaskClient, held: str, path: str
) -> None:
    form = read_form_of_all(colleague) if path == "all" else read_form(colleague, held)
    with app.test_request_context(), db.transaction() as other:
        change_or_withdraw.withdraw_letter(other, get_by_public_id(other, held), db.utcnow())
    data = {"decision": "reject", "note": TYPED, **form}
    answer = post(colleague, QUEUE + path.format(held), data)
    assert "The supporter withdrew this letter." in answer.text
    whole = path == "all"
    assert answer.status_code == (200 if whole else 409)
    assert ("Name nobody in &lt;your&gt; letter." in answer.text) is not whole
    assert ("1 letter rejected." in answer.text) is whole


@pytest.mark.both_engines
def test_of_a_decision_about_all_each_letter_that_was_left_out_is_named(
    staff: FlaskClient, colleague: FlaskClient, session: Session, held: str
) -> None:
    form, mine = read_form_of_all(colleague), read_form(staff, held)
    decide(staff, held, "reject", mine)
    answer = post(colleague, f"{QUEUE}all", {"decision": "approve", **form})
    assert answer.status_code == 200
    assert "1 letter approved." in answer.text
    assert "Some letters were left out" in answer.text
    assert answer.text.count("Odile Marchand rejected this letter on") == 1
    assert "Newer</h3>" in answer.text
    assert "Older</h3>" not in answer.text
    again = post(colleague, f"{QUEUE}all", {"decision": "reject", "note": TYPED, **form})
    assert again.status_code == 409
    assert "Odile Marchand rejected this letter on" in again.text
    assert "Ines Duarte approved this letter on" in again.text
    assert "Name nobody in &lt;your&gt; letter." in again.text
    assert the_signature(session).state is SignatureState.REJECTED


def test_of_a_letter_whose_return_was_undone(
    staff: FlaskClient, colleague: FlaskClient, held: str
) -> None:
    decide(staff, held, "return", read_form(staff, held))
    theirs = read_form(colleague, held, show="returned")
    undo(staff)
    answer = decide(colleague, held, "reject", theirs)
    assert answer.status_code == 409
    assert "Someone undid the decision to send this letter back." in answer.text
    assert "Name nobody in &lt;your&gt; letter." in answer.text
    assert f"?at={held}" in answer.text


def undo(browser: FlaskClient, act: str = "") -> str:
    shown = re.findall(r'name="act" value="(\d+)"', browser.get(QUEUE).text)
    return post(browser, f"{QUEUE}undo", {"act": act or shown[0]}, follow_redirects=True).text


def test_an_old_page_undoes_no_other_decision(
    staff: FlaskClient, session: Session, held: str
) -> None:
    decide(staff, held, "approve", read_form(staff, held))
    [old] = re.findall(r'name="act" value="(\d+)"', staff.get(QUEUE).text)
    older = re.findall(r'action="/desk/screening/letters/([^"]+)"', staff.get(QUEUE).text)[0]
    decide(staff, older, "reject", read_form(staff, older))
    assert "no longer your last decision" in undo(staff, old)
    assert the_signature(session).state is SignatureState.CONFIRMED
    assert "1 letter is under review again." in undo(staff)
    assert "nothing left to undo" in undo(staff, old)
    session.rollback()
    [newest] = session.scalars(select(ScreeningAct.id).where(ScreeningAct.undone_at.is_not(None)))
    session.rollback()
    assert "You have already undone this decision." in undo(staff, str(newest))


def test_an_undo_says_what_it_leaves_as_it_is(
    staff: FlaskClient, colleague: FlaskClient, held: str
) -> None:
    decide(staff, held, "return", read_form(staff, held))
    decide(colleague, held, "reject", read_form(colleague, held, show="returned"))
    assert "1 letter stays as it is." in undo(staff)


def test_nobody_undoes_what_another_decided(
    app: Flask, staff: FlaskClient, session: Session, held: str
) -> None:
    decide(staff, held, "approve", read_form(staff, held))
    session.rollback()
    [act] = session.scalars(select(ScreeningAct))
    other = make_staff_user(session, Role.STAFF)
    with app.test_request_context(), pytest.raises(Refused, match="nothing-to-undo"):
        review_queue.undo(session, by=other, now=db.utcnow(), act_id=act.id)
