"""Letters that somebody else signed with an address: its owner deletes them, and can sign."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.core import jobs
from campaign.core.clock import utcnow
from campaign.core.errors import Gone
from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.signature import Signature, SignatureState
from campaign.signing import confirm_letter
from campaign.signing.mails import WAITING
from campaign.signing.reminders import delete_waiting_beside, list_waiting_beside
from campaign.signing.signed_links import signed_link
from tests.integration.signing.conftest import FORM
from tests.integration.signing.test_races import MANY, NAMES, at_once, six_wait
from tests.races import overtake

Mails = Callable[[], list[dict[str, Any]]]
KINDS = ("plain", "html")
Signatures = Callable[[], list[Signature]]


def test_the_owner_of_a_mailbox_frees_its_places_and_signs(
    app: Flask, client: FlaskClient, case: str, mails: Mails, signatures: Signatures
) -> None:
    for name in NAMES:
        client.post(f"{case}/sign", data={**FORM, "given_name": name})
    assert client.post(f"{case}/sign", data=FORM).status_code == 303
    assert "Maëlle" not in [signature.given_name for signature in signatures()]
    assert mails()[-1]["why"] == "waiting"
    link = f"{mails()[0]['link']}/not-mine"
    page = client.get(link).text
    assert [name for name in NAMES if f"<bdi>{name}</bdi>" in page] == list(NAMES)
    assert len(signatures()) == len(NAMES), "looking changes nothing"
    assert "The letters have been deleted" in client.post(link).text
    assert signatures() == []
    assert client.post(link).status_code == client.get(mails()[1]["link"]).status_code == 410
    client.post(f"{case}/sign", data=FORM)
    assert [(signature.given_name, signature.seat) for signature in signatures()] == [("Maëlle", 1)]


@pytest.mark.both_engines
def test_what_is_confirmed_or_of_another_spelling_stays(
    client: FlaskClient, case: str, mails: Mails, signatures: Signatures
) -> None:
    client.post(f"{case}/sign", data=FORM)
    mine = mails()[0]["link"]
    client.post(mine)
    client.post(f"{case}/sign", data={**FORM, "given_name": "Bo"})
    tagged = FORM["email"].replace("@", "+x@")
    client.post(f"{case}/sign", data={**FORM, "given_name": "Cleo", "email": tagged})
    assert "The letter has been deleted" in client.post(f"{mine}/not-mine").text
    assert sorted(signature.given_name for signature in signatures()) == ["Cleo", "Maëlle"]
    for ask in (client.get, client.post):
        page = ask(f"{mine}/not-mine").text
        assert "Nothing is waiting to be confirmed" in page
        withdrawing = page.index("</a> you can withdraw a confirmed letter until we deliver it")
        assert "/en/my-letters" in page[page.rindex("<p>", 0, withdrawing) : withdrawing]


def test_where_two_have_signed_nobody_is_told_to_sign(
    client: FlaskClient, case: str, mails: Mails, signatures: Signatures
) -> None:
    for name in ("Maëlle", "Bo", "Cleo"):
        client.post(f"{case}/sign", data={**FORM, "given_name": name})
    first, second, _third = (mail["link"] for mail in mails())
    client.post(first)
    page = client.post(f"{second}/not-mine").text
    assert "You can sign with this email address now." in page
    client.post(f"{case}/sign", data={**FORM, "given_name": "Bo"})
    client.post(f"{case}/sign", data={**FORM, "given_name": "Cleo"})
    second, third = (mail["link"] for mail in mails()[-2:])
    alone = "Confirm it with its own link."
    full = "so this letter cannot be confirmed."
    page = client.get(f"{third}/not-mine").text
    assert (alone in page, full in page) == (True, False)
    client.post(second)
    assert "Two people have already signed with this email address" in client.get(third).text
    page = client.get(f"{third}/not-mine").text
    assert (alone in page, full in page) == (False, True)
    page = client.post(f"{third}/not-mine").text
    assert "Its link no longer works." in page
    assert "You can sign" not in page
    assert "Write a letter" not in page
    assert sorted(signature.given_name for signature in signatures()) == ["Bo", "Maëlle"]


@pytest.mark.both_engines
def test_who_signed_nothing_reads_that_it_is_deleted_and_not_that_they_were_late(
    client: FlaskClient, case: str, mails: Mails, session: Session
) -> None:
    client.post(f"{case}/sign", data=FORM)
    late = "You did not confirm your letter in time"
    waiting = signed_link(WAITING, session.scalars(select(Signature.public_id)).one())
    session.rollback()
    session.execute(update(Signature).values(token_expires_at=utcnow() - timedelta(minutes=1)))
    session.commit()
    jobs.run_now("signing.expire")
    link = mails()[0]["link"]
    for ask in (client.get, client.post):
        page = ask(f"{link}/not-mine")
        assert page.status_code == 410
        assert "Someone signed this letter with your email address. No one" in page.text
        assert "You do not need to do anything." in page.text
        assert late not in page.text
        assert "Write again" not in page.text
    page = client.get(f"/en/letter/{waiting}/not-mine")
    assert "We have already deleted what was signed. You do not need to do anything." in page.text
    assert late not in page.text
    assert 'href=""' not in page.text
    assert late in client.get(link).text


@pytest.mark.parametrize(
    ("lang", "letter", "two", "letters"),
    [
        ("en", "Is this letter not yours?", "Are none of these letters", "Are none of these"),
        ("ar", "أليست هذه الرسالة لكم؟", "أليست هاتان الرسالتان لكم؟", "أليست هذه الرسائل لكم؟"),
    ],
)
def test_the_page_speaks_of_as_many_letters_as_wait(
    client: FlaskClient, case: str, mails: Mails, lang: str, letter: str, two: str, letters: str
) -> None:
    for name, heading in zip(NAMES, (letter, two, letters), strict=False):
        client.post(f"{case}/sign", data={**FORM, "given_name": name})
        link = mails()[0]["link"].replace("/en/", f"/{lang}/")
        assert heading in client.get(f"{link}/not-mine").text


def test_the_mails_of_letters_that_wait_lead_there(
    app: Flask, client: FlaskClient, case: str, session: Session, settings: Settings
) -> None:
    for name in NAMES:
        client.post(f"{case}/sign", data={**FORM, "given_name": name})
    waiting = list(session.scalars(select(Signature)))
    token = signed_link(WAITING, waiting[-1].public_id)
    assert client.get(f"/en/letter/{token}/not-mine").status_code == 200
    assert client.get(f"/en/letter/{token[:-1]}/not-mine").status_code == 404
    session.rollback()
    sent = session.scalars(select(OutboxMail).where(OutboxMail.kind == "confirm-letter")).all()
    with app.test_request_context():
        bodies = [render(mail, settings).get_body((kind,)) for mail in sent for kind in KINDS]
    assert all(body is not None and "/not-mine" in body.get_content() for body in bodies)


@pytest.mark.both_engines
def test_after_a_day_the_oldest_that_waits_gives_way(
    app: Flask, client: FlaskClient, case: str, session: Session, signatures: Signatures
) -> None:
    six_wait(app, case, session)
    waited = utcnow() - timedelta(hours=25)
    session.execute(update(Signature).where(Signature.seat.in_((2, 4))).values(signed_at=waited))
    session.commit()
    for name in ("Gil", "Hu", "Ivo"):
        client.post(f"{case}/sign", data={**FORM, "given_name": name})
    assert "".join(sorted(signature.given_name[0] for signature in signatures())) == "ADEFGH"
    assert client.get("/en/letter/Bo").status_code == 410, "its link says that it is gone"


@pytest.mark.both_engines
def test_what_is_confirmed_while_somebody_looks_is_not_deleted(
    app: Flask, case: str, session: Session, signatures: Signatures
) -> None:
    """One deletes what waits, and another confirms one of these before the first has its lock."""
    six_wait(app, case, session)
    session.close()

    def confirm(first: Session) -> None:
        confirm_letter.confirm(first, token="Ana", now=utcnow())

    def look(second: Session) -> Signature:
        signature = confirm_letter.get_by_token(second, "Bo")
        assert "Ana" in [row.given_name for row in list_waiting_beside(second, signature)] or (
            second.get_bind().dialect.name == "sqlite"
        )
        return signature

    def delete(second: Session, signature: Signature) -> None:
        delete_waiting_beside(second, signature, utcnow())

    overtake(app, confirm, look, delete)
    assert [(row.given_name, row.state) for row in signatures()] == [
        ("Ana", SignatureState.CONFIRMED)
    ]


@pytest.mark.both_engines
def test_who_confirms_what_is_deleted_at_that_moment_reads_that_it_is_gone(
    app: Flask, case: str, session: Session, signatures: Signatures
) -> None:
    six_wait(app, case, session)
    session.close()

    def delete(first: Session) -> None:
        signature = confirm_letter.get_by_token(first, "Bo")
        delete_waiting_beside(first, signature, utcnow())

    def look(second: Session) -> Signature:
        return confirm_letter.get_by_token(second, "Ana")

    def confirm(second: Session, signature: Signature) -> None:
        confirm_letter.confirm_signature(second, signature, now=utcnow())

    with pytest.raises(Gone, match="letter-erased"):
        overtake(app, delete, look, confirm)
    assert signatures() == []


@pytest.mark.both_engines
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
    kept = signatures()
    assert len(kept) <= len(NAMES)
    counted = sum(1 for deed, code in answers if deed == "confirm" and code == 303)
    assert [signature.state for signature in kept].count(SignatureState.CONFIRMED) == counted
    assert len(answers) == MANY
