"""Signing: one row for one person, whatever is sent."""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from campaign.campaigns.status_changes import close_campaign, stop_campaign
from campaign.core import db, jobs
from campaign.core.settings import Settings
from campaign.models.campaign import Campaign, CampaignStatus, Edition, TargetKind
from campaign.models.network import MemberState, NetworkMember
from campaign.models.signature import Signature, SignatureState
from campaign.signing.mails import WAITING, LettersWaiting
from campaign.signing.signatures_per_mailbox import SPARE_SEAT
from campaign.signing.signed_links import signed_link
from campaign.tracking.change_or_withdraw import withdraw_letter
from tests.factories import freeze_waiting, make_campaign, make_letter_template
from tests.integration.network.conftest import FORM as JOIN
from tests.integration.signing.conftest import FORM
from tests.integration.signing.test_mails import texts

Mails = Callable[[], list[dict[str, Any]]]
Signatures = Callable[[], list[Signature]]


@pytest.fixture
def sign(client: FlaskClient, case: str) -> Callable[..., Any]:
    """Sends the form with some fields changed."""

    def send(**values: object) -> Any:
        return client.post(f"{case}/sign", data={**FORM, **values})

    return send


def confirm(client: FlaskClient, mails: Mails) -> None:
    assert client.post(mails()[-1]["link"]).status_code == 303


def test_signing_stores_what_was_typed_sealed(
    sign: Callable[..., Any], app: Flask, signatures: Signatures
) -> None:
    assert sign().status_code == 303
    [signature] = signatures()
    assert (signature.given_name, signature.own_words) == ("Maëlle", "I write because I care.")
    assert (signature.locale, signature.seat) == ("en", 1)
    with app.extensions["database"].engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT * FROM signature").mappings().one()
    stored = b" ".join(bytes(v) for v in row.values() if isinstance(v, bytes | memoryview))
    for words in ("Maëlle", "Tremblay", "maelle@example.org", "I write", "Saint-Jérôme"):
        assert words.encode() not in stored


def test_a_token_is_stored_as_its_digest_only(
    sign: Callable[..., Any], mails: Mails, signatures: Signatures, session: Session
) -> None:
    sign()
    token = mails()[0]["link"].rpartition("/")[2]
    [signature] = signatures()
    assert signature.token_digest == hashlib.sha256(token.encode("ascii")).digest()
    kept = [
        value
        for table in db.Base.metadata.sorted_tables
        for row in session.execute(text(f'SELECT * FROM "{table.name}"'))
        for value in row
    ]
    assert len(token) == 32
    assert signature.token_digest in map(_to_bytes, kept)
    assert [value for value in kept if token.encode("ascii") in _to_bytes(value)] == []


def _to_bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def test_a_letter_is_made_for_each_official_it_is_addressed_to(
    app: Flask, client: FlaskClient, session: Session, signatures: Signatures
) -> None:
    campaign = make_campaign(session)
    more = make_campaign(session)
    own = make_letter_template("en")
    own.subject = "For her alone"
    second, copied = more.targets[0], make_campaign(session).targets[0]
    for target, kind in ((second, TargetKind.TO), (copied, TargetKind.COPY)):
        target.campaign, target.kind, target.position = campaign, kind, 5
    session.flush()
    own.campaign_id, own.target_id = campaign.id, second.id
    session.add(own)
    session.commit()
    page = client.post(f"/en/actions/{campaign.slug}/check", data=FORM).text
    assert page.count('<article class="letter') == 2
    assert "For her alone" in page
    assert client.post(f"/en/actions/{campaign.slug}/sign", data=FORM).status_code == 303
    [signature] = signatures()
    assert [letter.target_id for letter in signature.letters] == [campaign.targets[0].id, second.id]
    assert signature.letters[1].template_id == own.id


@pytest.mark.both_engines
@pytest.mark.parametrize("email", ["A.B+news@gmail.com", "ab@googlemail.com", "AB@GMAIL.COM"])
def test_an_alias_makes_no_second_row(
    sign: Callable[..., Any], signatures: Signatures, email: str
) -> None:
    first, second = sign(email="ab@gmail.com"), sign(email=email)
    assert len(signatures()) == 1
    assert (first.status_code, first.location, first.data) == (
        second.status_code,
        second.location,
        second.data,
    )


@pytest.mark.both_engines
def test_the_first_link_of_a_letter_that_was_withdrawn_and_signed_again_speaks_of_that(
    sign: Callable[..., Any], client: FlaskClient, mails: Mails, session: Session
) -> None:
    sign()
    [mail] = mails()
    assert client.post(mail["link"]).status_code == 303
    withdraw_letter(session, session.scalars(select(Signature)).one(), db.utcnow())
    session.commit()
    assert "This letter was withdrawn" in client.get(mail["link"]).text
    sign()
    page = client.get(mail["link"])
    assert page.status_code == 404
    assert "if you sign again before you confirm or after you withdraw" in page.text


def test_signing_again_before_confirming_replaces_the_text_and_the_link(
    sign: Callable[..., Any], client: FlaskClient, mails: Mails, signatures: Signatures
) -> None:
    sign(own_words="First.", letter_locale="en")
    sign(own_words="Second.", letter_locale="es", given_name="MAELLE")
    [signature] = signatures()
    assert (signature.own_words, signature.letter_locale) == ("Second.", "es")
    assert [letter.template.locale for letter in signature.letters] == ["es"]
    old, new = (mail["link"] for mail in mails())
    gone = client.get(old)
    assert gone.status_code == 404
    assert "if you sign again before you confirm or after you withdraw" in gone.text
    assert client.post(old).status_code == 404
    assert client.post(new).status_code == 303


def test_the_mail_says_that_a_letter_replaces_the_one_whose_link_it_ends(
    sign: Callable[..., Any], client: FlaskClient, case: str, mails: Mails, session: Session
) -> None:
    sign()
    sign(own_words="Second.")
    receipt = receipt_of(client, case, given_name="Cleo")
    for _ in range(2):
        sign(given_name="Cleo", receipt=receipt)
    told = [mail["replaces"] for mail in mails()]
    assert told == [False, True, False, False], "another person’s stays, as does the same link"
    client.post(mails()[1]["link"])
    letter = session.scalars(select(Signature).order_by(Signature.id)).first()
    assert letter
    withdraw_letter(session, letter, db.utcnow())
    session.commit()
    sign(own_words="Third.")
    assert not mails()[-1]["replaces"], "a letter that was withdrawn waits no more"


def test_a_confirmed_letter_is_not_changed_and_the_truth_goes_by_mail(
    sign: Callable[..., Any], client: FlaskClient, mails: Mails, signatures: Signatures
) -> None:
    first = sign()
    confirm(client, mails)
    again = sign(own_words="Something else.")
    assert (first.status_code, first.location, first.data) == (
        again.status_code,
        again.location,
        again.data,
    )
    [signature] = signatures()
    assert signature.own_words == "I write because I care."
    assert signature.state is SignatureState.CONFIRMED
    assert [mail["kind"] for mail in mails()] == ["confirm-letter", "already-signed"]
    assert (mails()[1]["why"], mails()[1]["own_words"]) == ("already", "Something else.")


def test_the_same_letter_sent_again_once_it_is_confirmed_is_not_said_to_be_lost(
    sign: Callable[..., Any], client: FlaskClient, mails: Mails
) -> None:
    sign()
    confirm(client, mails)
    sign()
    assert (mails()[1]["why"], mails()[1]["own_words"]) == ("same", "")
    sign(locality="Hull")
    assert (mails()[2]["why"], mails()[2]["own_words"]) == ("already", "I write because I care.")


@pytest.mark.both_engines
def test_two_of_a_household_may_share_a_mailbox_and_a_third_may_not(
    sign: Callable[..., Any], client: FlaskClient, mails: Mails, signatures: Signatures
) -> None:
    names = ("Maëlle", "Léo", "Ida")
    for name in names:
        assert sign(given_name=name, own_words=f"{name} writes.").status_code == 303
    assert [signature.given_name for signature in signatures()] == list(names)
    links = [mail["link"] for mail in mails()]
    assert [mail["writer"] for mail in mails()] == list(names)
    answers = [client.post(link) for link in reversed(links)]
    assert [answer.status_code for answer in answers] == [303, 303, 409]
    assert "Two people have already signed" in answers[2].text
    assert "Maëlle writes." in answers[2].text
    assert "Sign again with an address of your own" in answers[2].text
    assert "Maëlle writes." in client.get(links[0]).text
    states = {
        signature.given_name: (signature.state.value, signature.seat) for signature in signatures()
    }
    assert states == {"Ida": ("confirmed", 1), "Léo": ("confirmed", 2), "Maëlle": ("pending", 8)}
    sign(given_name="Zoe", own_words="Zoe writes.")
    last = mails()[-1]
    assert (last["kind"], last["why"], last["own_words"]) == (
        "already-signed",
        "full",
        "Zoe writes.",
    )


@pytest.mark.both_engines
def test_a_third_person_is_offered_nothing_to_confirm_once_two_have(
    sign: Callable[..., Any], client: FlaskClient, mails: Mails, session: Session
) -> None:
    for name in ("Maëlle", "Léo", "Ida"):
        sign(given_name=name)
    client.post("/en/my-letters", data={"email": FORM["email"]})
    *links, box = [mail["link"].removeprefix("http://127.0.0.1:5000") for mail in mails()]
    third = session.scalars(select(Signature).order_by(Signature.id)).all()[2]
    page_url, kept_link = f"{box}/{third.public_id}", third.token_digest
    session.rollback()
    assert "Confirm this letter" in client.get(page_url).text
    for link in links[:2]:
        assert client.post(link).status_code == 303
    page = client.get(page_url).text
    assert "Confirm this letter" not in page
    assert "Two people have already signed with this email address" in page
    assert "A third person needs an address of their own." in page
    assert "(not yet)" not in page
    session.execute(update(Signature).values(signed_at=db.utcnow() - timedelta(days=2)))
    session.commit()
    jobs.run_now("signing.remind")
    waiting = LettersWaiting(email=FORM["email"], letters=[], days=7)
    assert waiting.recheck(session) is None
    assert session.get_one(Signature, third.id).token_digest == kept_link
    session.rollback()
    sign(given_name="Ida", own_words="Ida writes.")
    kinds = [mail["kind"] for mail in mails()]
    assert kinds == [*["confirm-letter"] * 3, "my-letters", "already-signed"]
    last = mails()[-1]
    assert (last["why"], last["own_words"]) == ("full", "Ida writes.")


def test_a_pending_letter_of_another_name_is_never_overwritten(
    sign: Callable[..., Any], client: FlaskClient, mails: Mails, signatures: Signatures
) -> None:
    for name in ("Maëlle", "Léo"):
        sign(given_name=name, own_words=f"{name} writes.", postal_code="", region="")
    for mail, name in zip(mails(), ("Maëlle", "Léo"), strict=True):
        assert f"{name} writes." in client.get(mail["link"]).text
        assert client.post(mail["link"]).status_code == 303
    assert {signature.state for signature in signatures()} == {SignatureState.CONFIRMED}


def test_who_gave_another_home_is_led_to_what_can_be_done(
    sign: Callable[..., Any], client: FlaskClient, mails: Mails, signatures: Signatures
) -> None:
    sign()
    confirm(client, mails)
    sign(given_name="Zoe", postal_code="H2X 1Y4", locality="Laval", own_words="Zoe writes.")
    link = mails()[-1]["link"]
    page = client.get(link)
    assert page.status_code == 409
    assert "Do you share this email address?" in page.text
    assert "Zoe writes." in page.text
    wrong = client.post(link, data={"postal_code": "K1A 0A1"})
    assert wrong.status_code == 409
    assert "This is not the postal code that the other person gave" in wrong.text
    assert 'value="K1A 0A1"' in wrong.text
    empty = client.post(link, data={"postal_code": " "})
    assert empty.status_code == 409
    assert "Enter the postal code that the other person gave." in empty.text
    assert 'aria-invalid="true"' in empty.text
    assert "aria-invalid" not in page.text
    assert [signature.state for signature in signatures()] == [
        SignatureState.CONFIRMED,
        SignatureState.PENDING,
    ]
    assert client.post(link, data={"postal_code": " j7z1a1"}).status_code == 303
    assert signatures()[1].state is SignatureState.CONFIRMED


@pytest.mark.parametrize("way", ["link", "my letters"])
@pytest.mark.parametrize("own_code", ["J8X 1A1", ""])
def test_the_code_of_the_other_person_proves_the_household_and_changes_no_address(
    sign: Callable[..., Any],
    client: FlaskClient,
    mails: Mails,
    signatures: Signatures,
    way: str,
    own_code: str,
) -> None:
    sign()
    confirm(client, mails)
    ben = {"given_name": "Ben", "locality": "Gatineau", "postal_code": own_code}
    ben["disclosure"] = "full" if own_code else "town"
    sign(**ben)
    link = page_url = mails()[-1]["link"]
    typed = signatures()[1]
    if way == "my letters":
        client.post("/en/my-letters", data={"email": FORM["email"]})
        page_url = f"{mails()[-1]['link']}/{typed.public_id}"
    confirm_url = f"{page_url}/confirm" if way == "my letters" else link
    assert client.post(confirm_url).status_code == 409
    assert client.post(confirm_url, data={"postal_code": FORM["postal_code"]}).status_code == 303
    kept = signatures()[1]
    assert kept.state is SignatureState.CONFIRMED
    assert (kept.locality, kept.postal_code) == ("Gatineau", own_code)
    assert kept.person_hmac == typed.person_hmac
    for page in (client.get(link).text, client.get(page_url).text):
        assert "Gatineau" in page
        assert FORM["postal_code"] not in page
    for code, why in ((own_code, "same"), (FORM["postal_code"], "already")):
        sign(**ben | {"postal_code": code})
        assert mails()[-1]["why"] == why, "one person counts once, whatever code they give"
    sign(given_name="Zoe")
    assert mails()[-1]["why"] == "full"


def test_the_page_of_a_shared_address_names_the_person_in_its_own_language(
    sign: Callable[..., Any],
    client: FlaskClient,
    mails: Mails,
    session: Session,
    campaign: Campaign,
) -> None:
    campaign.editions.append(
        Edition(locale="ar", title="أمارا", summary="أمارا", asks=[], person_name="أمارا أوكافور")
    )
    session.commit()
    sign()
    confirm(client, mails)
    sign(given_name="Zoe", postal_code="H2X 1Y4", locality="Laval")
    link = mails()[-1]["link"]
    assert "Amara Okafor" in client.get(link).text
    page = client.get(link.replace("/en/", "/ar/")).text
    assert "أمارا أوكافور" in page
    assert "Amara Okafor" not in page


@pytest.mark.both_engines
def test_nobody_counts_twice_whose_first_seat_was_given_up(
    sign: Callable[..., Any], client: FlaskClient, mails: Mails, session: Session
) -> None:
    sign()
    sign(given_name="Léo")
    confirm(client, mails)
    first = session.query(Signature).order_by(Signature.id).first()
    session.delete(first)
    session.commit()
    sign(given_name="LEO")
    again = client.post(mails()[-1]["link"])
    assert again.status_code == 409
    assert "You have already confirmed a letter" in again.text


def test_a_letter_under_a_false_name_does_not_block_the_mailbox(
    sign: Callable[..., Any], client: FlaskClient, mails: Mails, signatures: Signatures
) -> None:
    for name in "abcdef":
        sign(given_name=name, postal_code="X1X 1X1", region="")
    assert len(signatures()) == 6
    sign(own_words="Mine.")
    assert len(signatures()) == 6
    told = next(mail for mail in mails() if mail["kind"] == "already-signed")
    assert (told["why"], told["own_words"]) == ("waiting", "")


def test_where_no_more_may_wait_words_come_back_to_a_mailbox_that_has_confirmed(
    sign: Callable[..., Any], client: FlaskClient, mails: Mails
) -> None:
    sign()
    confirm(client, mails)
    for name in ("Ana", "Bo", "Cleo", "Dev", "Eva"):
        sign(given_name=name)
    sign(given_name="Zoe", own_words="Zoe writes.")
    told = mails()[-1]
    assert (told["kind"], told["why"], told["own_words"]) == (
        "already-signed",
        "waiting",
        "Zoe writes.",
    )


BOTH = {"consent_updates": "y", "consent_network": "y"}
NOT_ON = ("You also asked for news about this case.", "You also asked for emails about new urgent")


@pytest.mark.parametrize(
    ("before", "ticked", "told"),
    [
        ({}, BOTH, (True, True)),
        ({}, {"consent_network": "y"}, (False, True)),
        ({}, {}, (False, False)),
        ({"consent_updates": "y"}, BOTH, (False, True)),
        (BOTH, BOTH, (False, False)),
    ],
)
def test_who_signs_again_is_told_which_emails_that_were_asked_for_are_not_on(
    app: Flask,
    client: FlaskClient,
    session: Session,
    settings: Settings,
    sign: Callable[..., Any],
    mails: Mails,
    before: dict[str, str],
    ticked: dict[str, str],
    told: tuple[bool, bool],
) -> None:
    sign(**before)
    confirm(client, mails)
    sign(**ticked)
    assert mails()[-1]["kind"] == "already-signed"
    _, plain, html = texts(app, session, settings)[-1]
    for part in (" ".join(plain.split()), html):
        assert tuple(words in part for words in NOT_ON) == told
        assert ("press “Get news about this case”" in part) is told[0]
        assert ("http://127.0.0.1:5000/en/network" in part) is told[1]
    session.rollback()
    kept = session.scalars(select(Signature)).one()
    assert (kept.consent_updates_at is not None) is ("consent_updates" in before)
    assert (kept.consent_network_at is not None) is ("consent_network" in before)


@pytest.mark.both_engines
def test_who_is_in_the_network_already_is_not_told_that_the_tick_is_lost(
    client: FlaskClient, session: Session, sign: Callable[..., Any], mails: Mails
) -> None:
    sign()
    confirm(client, mails)
    client.post("/en/network", data=JOIN | {"email": FORM["email"]})
    for state, lost in ((MemberState.PENDING, True), (MemberState.ACTIVE, False)):
        session.execute(update(NetworkMember).values(state=state))
        session.commit()
        sign(**BOTH)
        assert (mails()[-1]["kind"], mails()[-1]["network"]) == ("already-signed", lost)
    sign(**BOTH, given_name="Léo")
    confirm(client, mails)
    sign(**BOTH, given_name="Zoe", email="MAELLE@example.org")
    told = mails()[-1]
    assert (told["why"], told["news"], told["network"]) == ("full", True, False)


def test_an_address_gets_five_links_a_day_and_then_one_mail_with_what_waits(
    sign: Callable[..., Any], client: FlaskClient, mails: Mails, signatures: Signatures
) -> None:
    for number in range(8):
        assert sign(own_words=f"Text {number}.").status_code == 303
    kinds = [mail["kind"] for mail in mails()]
    assert (kinds.count("confirm-letter"), kinds.count("letters-waiting")) == (5, 1)
    assert signatures()[0].own_words == "Text 7."
    last = [mail["link"] for mail in mails() if mail["kind"] == "confirm-letter"][-1]
    assert "Text 7." in client.get(last).text


def test_a_mail_says_of_the_signer_a_name_and_nothing_else(
    sign: Callable[..., Any], mails: Mails
) -> None:
    sign(given_name="Buy cheap pills at my shop now", own_words="Buy things at my shop.")
    assert mails()[0]["kind"] == "confirm-letter"
    assert "shop" not in str(mails())
    sign(given_name="Anne-Marie d’Arc", email="other@example.org")
    assert mails()[1]["writer"] == "Anne-Marie d’Arc"


def test_one_network_may_sign_so_often_in_an_hour(
    app: Flask, client: FlaskClient, case: str, signatures: Signatures
) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"signings_per_hour": 2})
    answers = [
        client.post(
            f"{case}/sign",
            data={**FORM, "email": f"p{number}@example.org"},
            environ_base={"REMOTE_ADDR": f"2001:db8:1:2::{number}"},
        )
        for number in range(3)
    ]
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert int(answers[2].headers["Retry-After"]) > 0
    assert len(signatures()) == 2
    elsewhere = client.post(
        f"{case}/sign", data=FORM, environ_base={"REMOTE_ADDR": "2001:db8:1:3::1"}
    )
    assert elsewhere.status_code == 303


def test_who_signs_too_often_reads_how_long_to_wait_and_keeps_the_letter(
    app: Flask, client: FlaskClient, case: str, signatures: Signatures
) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"signings_per_hour": 0})
    typed = {**FORM, "own_words": 'He said: "<b>Write</b>".\r\nSo I write.', "work": "spent"}
    answer = client.post(f"{case}/sign", data=typed)
    assert answer.status_code == 429
    assert answer.headers["Cache-Control"] == "no-store"
    minutes = -(-int(answer.headers["Retry-After"]) // 60)
    assert re.search(rf"try again in {minutes} minutes?\.", answer.text)
    carried = {
        unescape(name): unescape(value)
        for name, value in re.findall(
            r'<input type="hidden" name="(\w+)" value="([^"]*)">',
            answer.text.split(f'action="{case}/check"')[1],
        )
    }
    kept = {name: value for name, value in typed.items() if name != "work"}
    assert carried == kept | {"points": "investigate"}
    app.extensions["settings"] = settings
    assert client.post(f"{case}/check", data=carried).status_code == 200
    assert client.post(f"{case}/sign", data=carried).status_code == 303
    assert len(signatures()) == 1


def test_previews_are_limited_as_well(app: Flask, client: FlaskClient, case: str) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"previews_per_hour": 1})
    answers = [client.post(f"{case}/preview.pdf", data=FORM).status_code for _ in range(2)]
    assert answers == [200, 429]


STEPS = ["write", "you", "check", "sign", "preview.pdf"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("end", ["closed", "stopped", "past"])
def test_an_ended_campaign_says_so_and_takes_no_signature(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, step: str, end: str
) -> None:
    now, reason = db.utcnow(), "Amara Okafor is safe."
    if end == "closed":
        close_campaign(session, campaign, actor="command", now=now, reasons={"en": reason})
    elif end == "stopped":
        stop_campaign(session, campaign, actor="command", now=now, reasons={"en": reason})
    else:
        campaign.act_by = (now - timedelta(days=2)).date()
    session.commit()
    response = client.post(f"{case}/{step}", data=FORM)
    assert response.status_code == 409
    assert "You can no longer write for this action" in response.text
    assert (reason in response.text) == (end != "past")
    # The page that says that nothing was kept has the browser's draft deleted.
    kept_nothing = "we did not keep it", f'data-over="{campaign.slug}"', "js/draft.js"
    assert all(words in response.text for words in kept_nothing)
    looked = client.get(f"{case}/write").text, client.get(f"{case}/poster.pdf").text
    assert not any("did not keep it" in page for page in looked)
    assert (kept_nothing[1] in looked[0]) == (end == "stopped")
    assert session.query(Signature).count() == 0
    page = client.get(case).text
    assert "Write a letter" not in page
    assert (reason in page) == (end != "past")


def test_an_ended_campaign_without_letters_says_so_whatever_was_looked_at_before(
    client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session, status=CampaignStatus.CLOSED, letter_locales=[])
    session.commit()
    case = f"/en/actions/{campaign.slug}"
    for step in ("write", "sign"):
        response = client.post(f"{case}/{step}", data=FORM)
        assert response.status_code == 409
        assert "You can no longer write for this action" in response.text


def test_pages_of_an_ended_campaign_lead_on_to_people_who_need_a_letter(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    ended = make_campaign(session, status=CampaignStatus.CLOSED)
    session.commit()
    for step in ("write", "sent"):
        page = client.get(f"/en/actions/{ended.slug}/{step}").text
        assert "Other cases you can write about now" in page
        assert f'href="{case}"' in page
    assert "Other cases you can write about now" not in client.get(f"{case}/sent").text


@pytest.mark.parametrize("step", STEPS)
def test_a_draft_is_not_there(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, step: str
) -> None:
    campaign.status = CampaignStatus.DRAFT
    session.commit()
    assert client.post(f"{case}/{step}", data=FORM).status_code == 404
    assert client.get(case).status_code == 404


@pytest.mark.both_engines
def test_what_is_signed_is_the_newest_version_of_the_letter(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, signatures: Signatures
) -> None:
    client.post(f"{case}/sign", data=FORM)
    newer = make_letter_template("en", version=2)
    campaign.templates.append(newer)
    session.commit()
    client.post(f"{case}/sign", data={**FORM, "email": "other@example.org"})
    first, second = signatures()
    assert first.letters[0].template_id != second.letters[0].template_id == newer.id


def receipt_of(client: FlaskClient, case: str, **values: object) -> str:
    """The receipt of what stands on the page Check."""
    page = client.post(f"{case}/check", data={**FORM, **values}).text
    [receipt] = re.findall(r'name="receipt" value="([^"]+)"', page)
    return str(receipt)


@pytest.mark.both_engines
def test_a_letter_that_went_to_a_wrong_address_is_taken_back_by_its_tab(
    sign: Callable[..., Any], client: FlaskClient, case: str, mails: Mails, signatures: Signatures
) -> None:
    receipt = receipt_of(client, case, email="wrong@example.org")
    sign(email="wrong@example.org", receipt=receipt)
    you = client.post(f"{case}/you", data={**FORM, "replaces": receipt}).text
    assert f'name="replaces" value="{receipt}"' in you
    sign(replaces=receipt)
    [left] = signatures()
    assert left.email == FORM["email"]
    wrong, right = (mail["link"] for mail in mails())
    for page in (client.get(wrong), client.post(wrong)):
        assert page.status_code == 404
        assert "Or the person who signed may have corrected the email address" in page.text
        assert case not in page.text
    assert client.post(right).status_code == 303


@pytest.mark.parametrize("why", ["other name", "forged", "confirmed", "other case", "old"])
def test_no_other_letter_is_taken_back(
    sign: Callable[..., Any],
    client: FlaskClient,
    case: str,
    mails: Mails,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    why: str,
) -> None:
    receipt = receipt_of(client, case, email="first@example.org")
    sign(email="first@example.org", receipt=receipt)
    other = {"given_name": "Zoe"} if why == "other name" else {}
    if why == "confirmed":
        confirm(client, mails)
    elif why == "forged":
        receipt = f"{receipt[:-4]}AAAA"
    elif why == "old":
        later = db.utcnow() + timedelta(hours=25)
        monkeypatch.setattr(db, "utcnow", lambda: later)
    if why == "other case":
        campaign = make_campaign(session)
        session.commit()
        case = f"/en/actions/{campaign.slug}"
    answer = client.post(f"{case}/sign", data={**FORM, **other, "replaces": receipt})
    assert answer.status_code == 303
    assert session.query(Signature).count() == 2


def test_the_mail_that_is_sent_again_has_the_same_link(
    sign: Callable[..., Any], client: FlaskClient, case: str, mails: Mails, settings: Settings
) -> None:
    receipt = receipt_of(client, case)
    first = sign(receipt=receipt)
    again = sign(receipt=receipt, again="1")
    sentence = "We send the same link again now."
    assert sentence not in client.get(first.location).text
    assert sentence in client.get(again.location).text
    links = [mail["link"] for mail in mails()]
    assert links[0] == links[1]
    assert client.get(links[0]).status_code == 200
    # Whoever has the receipt of one letter makes no link of another with it.
    sign(receipt=receipt, email="other@example.org")
    assert mails()[-1]["link"] != links[0]


def test_a_receipt_makes_one_link_for_one_letter(
    sign: Callable[..., Any], client: FlaskClient, case: str, mails: Mails, session: Session
) -> None:
    receipt = receipt_of(client, case)
    sign(receipt=receipt)
    session.query(Signature).one().given_name = "Bo"
    session.commit()
    assert sign(receipt=receipt).status_code == 303
    first, second = (client.get(mail["link"]) for mail in mails())
    assert (first.status_code, second.status_code) == (200, 200)
    assert "Bo Tremblay" in first.text
    assert "Maëlle Tremblay" in second.text


def test_no_link_of_one_person_opens_the_letter_of_another(
    sign: Callable[..., Any],
    client: FlaskClient,
    mails: Mails,
    session: Session,
    settings: Settings,
) -> None:
    for _ in range(settings.mails_per_address_per_day):
        sign(given_name="Ana")
    ana = session.query(Signature).one()
    links = [mails()[-1]["link"], f"/en/letter/{signed_link(WAITING, ana.public_id)}"]
    assert [client.get(link).status_code for link in links] == [200, 200]
    ana.token_expires_at = db.utcnow() - timedelta(days=1)
    session.commit()
    sign(given_name="Bo")
    assert session.query(Signature.id).count() == 1
    assert [client.get(link).status_code for link in links] == [410, 410]


def test_where_every_place_of_a_mailbox_is_taken_a_page_says_so(
    sign: Callable[..., Any], client: FlaskClient, mails: Mails, session: Session
) -> None:
    for name in ("Ana", "Bo", "Cleo"):
        sign(given_name=name)
    link = mails()[-1]["link"]
    for name in ("Dov", "Eli", "Fay"):
        sign(given_name=name)
    sign(given_name="Gil", email="gil@example.org")
    *_, first, last = session.query(Signature).order_by(Signature.id)
    last.email_hmac, last.seat = first.email_hmac, SPARE_SEAT
    session.commit()
    assert client.post(link).status_code == 409


def test_where_nobody_gave_a_postal_code_the_page_says_how_to_add_it(
    sign: Callable[..., Any],
    client: FlaskClient,
    mails: Mails,
    session: Session,
    settings: Settings,
) -> None:
    sign(locality="Montréal", postal_code="")
    confirm(client, mails)
    sign(given_name="Zoe", locality="Laval", postal_code="", own_words="Zoe writes.")
    link = mails()[-1]["link"]
    page = client.get(link).text
    assert 'name="postal_code"' not in page, "it would be no help"
    assert "The other person gave no postal code" in page
    assert '<a class="button" href="/en/my-letters">My letters</a>' in page
    assert "Or sign again with an address of your own" in page
    freeze_waiting(session, session.query(Campaign).one(), settings=settings)
    session.commit()
    page = client.get(link).text
    assert "The other person gave no postal code" not in page, "nor can it be added any more"
    assert "Sign again with an address of your own" in page
    session.query(Signature).order_by(Signature.id).first().postal_code = "J7Z 1A1"
    session.commit()
    assert 'name="postal_code"' in client.get(link).text
    assert client.post(link, data={"postal_code": "J7Z 1A1"}).status_code == 303
