"""Letters that somebody else signed with an address: its owner deletes them, and can sign."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from campaign.core.clock import utcnow
from campaign.core.settings import Settings
from campaign.mail.models import OutboxMail
from campaign.mail.sender import render
from campaign.models.signature import Signature, SignatureState
from campaign.signing.signed_links import signed_link
from campaign.signing.waiting_letters_mail import WAITING
from tests.integration.signing.conftest import FORM
from tests.integration.signing.test_races import MANY, NAMES, at_once, six_wait

Mails = Callable[[], list[dict[str, Any]]]
KINDS = ("plain", "html")
Signatures = Callable[[], list[Signature]]


def test_the_owner_of_a_mailbox_frees_its_places_and_signs(
    app: Flask, client: FlaskClient, case: str, mails: Mails, signatures: Signatures
) -> None:
    for name in NAMES:
        client.post(f"{case}/sign", data={**FORM, "given_name": name})
    assert client.post(f"{case}/sign", data=FORM).status_code == 303
    assert "Maëlle" not in [one.given_name for one in signatures()]
    assert mails()[-1]["why"] == "waiting"
    link = f"{mails()[0]['link']}/not-mine"
    page = client.get(link).text
    assert [name for name in NAMES if f"<bdi>{name}</bdi>" in page] == list(NAMES)
    assert len(signatures()) == len(NAMES), "looking changes nothing"
    assert "The letters are deleted" in client.post(link).text
    assert signatures() == []
    assert client.post(link).status_code == client.get(mails()[1]["link"]).status_code == 410
    client.post(f"{case}/sign", data=FORM)
    assert [(one.given_name, one.seat) for one in signatures()] == [("Maëlle", 1)]


def test_what_is_confirmed_or_of_another_spelling_stays(
    client: FlaskClient, case: str, mails: Mails, signatures: Signatures
) -> None:
    client.post(f"{case}/sign", data=FORM)
    mine = mails()[0]["link"]
    client.post(mine)
    client.post(f"{case}/sign", data={**FORM, "given_name": "Bo"})
    tagged = FORM["email"].replace("@", "+x@")
    client.post(f"{case}/sign", data={**FORM, "given_name": "Cleo", "email": tagged})
    assert "The letters are deleted" in client.post(f"{mine}/not-mine").text
    assert sorted(one.given_name for one in signatures()) == ["Cleo", "Maëlle"]
    for ask in (client.get, client.post):
        assert "No letter waits here" in ask(f"{mine}/not-mine").text


def test_the_mails_of_letters_that_wait_lead_there(
    app: Flask, client: FlaskClient, case: str, session: Session, settings: Settings
) -> None:
    for name in NAMES:
        client.post(f"{case}/sign", data={**FORM, "given_name": name})
    found = list(session.scalars(select(Signature)))
    token = signed_link(WAITING, found[-1].public_id)
    assert client.get(f"/en/letter/{token}/not-mine").status_code == 200
    assert client.get(f"/en/letter/{token[:-1]}/not-mine").status_code == 404
    session.rollback()
    sent = session.scalars(select(OutboxMail).where(OutboxMail.kind == "confirm-letter")).all()
    with app.test_request_context():
        bodies = [render(mail, settings).get_body((kind,)) for mail in sent for kind in KINDS]
    assert all(body is not None and "/not-mine" in body.get_content() for body in bodies)


def test_after_a_day_the_oldest_that_waits_gives_way(
    app: Flask, client: FlaskClient, case: str, session: Session, signatures: Signatures
) -> None:
    six_wait(app, case, session)
    waited = utcnow() - timedelta(hours=25)
    session.execute(update(Signature).where(Signature.seat.in_((2, 4))).values(signed_at=waited))
    session.commit()
    for name in ("Gil", "Hu", "Ivo"):
        client.post(f"{case}/sign", data={**FORM, "given_name": name})
    assert "".join(sorted(one.given_name[0] for one in signatures())) == "ADEFGH"
    assert client.get("/en/letter/Bo").status_code == 410, "its link says that it is gone"


def test_looking_first_and_deleting_then_takes_what_was_confirmed_meanwhile(app: Flask) -> None:
    """What the lock is for: one looks and sees a letter wait, it is confirmed, it is deleted."""
    engine: Engine = app.extensions["database"].engine
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE scratch (id INTEGER, confirmed INTEGER)"))
        connection.execute(text("INSERT INTO scratch VALUES (1, 0)"))
    has_looked, has_confirmed = threading.Event(), threading.Event()

    def look_then_delete() -> None:
        with engine.connect() as connection:
            waits = connection.execute(text("SELECT id FROM scratch WHERE confirmed = 0")).scalars()
            found = waits.all()
            connection.rollback()
            has_looked.set()
            assert has_confirmed.wait(timeout=30)
            connection.execute(text("DELETE FROM scratch WHERE id = :id"), {"id": found[0]})
            connection.commit()

    with ThreadPoolExecutor(1) as pool:
        deleting = pool.submit(look_then_delete)
        assert has_looked.wait(timeout=30)
        with engine.begin() as connection:
            connection.execute(text("UPDATE scratch SET confirmed = 1"))
        has_confirmed.set()
        deleting.result(timeout=30)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM scratch")).scalar_one() == 0


def test_fifty_who_sign_confirm_and_delete_at_once_lose_nothing_that_counts(
    app: Flask, case: str, session: Session, signatures: Signatures
) -> None:
    six_wait(app, case, session)
    session.close()

    def act(number: int) -> tuple[str, int]:
        client, link = app.test_client(), f"/en/letter/{NAMES[number % 2]}"
        if number % 3 == 0:
            return "confirm", client.post(link).status_code
        if number % 3 == 1:
            return "delete", client.post(f"{link}/not-mine").status_code
        data = {**FORM, "given_name": f"New{chr(97 + number % 26)}"}
        return "sign", client.post(f"{case}/sign", data=data).status_code

    answers = at_once(act)
    assert {code for deed, code in answers if deed == "sign"} == {303}
    assert {code for deed, code in answers if deed != "sign"} <= {200, 303, 404, 410}
    found = signatures()
    assert len(found) <= len(NAMES)
    counted = sum(1 for deed, code in answers if deed == "confirm" and code == 303)
    assert [one.state for one in found].count(SignatureState.CONFIRMED) == counted
    assert len(answers) == MANY
