"""Erasure: what goes, what remains, and that nothing of a name is left in the database's file."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, insert, literal, select, text, update
from sqlalchemy.orm import Session

from campaign.bundles.changes.withdrawals import list_taken_back
from campaign.core import db, jobs
from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail, address_fingerprint
from campaign.mail.sender import render
from campaign.models.bundle import Bundle, BundleState, Volume
from campaign.models.campaign import Campaign, LetterFormat
from campaign.models.crm import CrmConnection, CrmKind, CrmPerson
from campaign.models.delivery import LetterMove
from campaign.models.network import MemberState, NetworkMember
from campaign.models.notice import LettersLink
from campaign.models.signature import Letter, Signature, SignatureState, WordsPrint
from campaign.models.staff import Role
from campaign.privacy import erase_supporter
from campaign.signing.mails import WAITING
from campaign.signing.signed_links import signed_link
from campaign.tracking.letter_links import Mailbox
from tests.factories import add_confirmed, make_campaign, sign_in
from tests.integration.tracking.conftest import ANA, Deliver, Mails, reload, sign
from tests.races import overtake

_SEALED = ("given_name", "family_name", "email", "locality", "postal_code", "own_words")
_TO_NETWORK = "Change your choices or leave the network"


def join_network(session: Session) -> None:
    session.add(
        NetworkMember(
            email=ANA,
            email_hmac=db.database().keyring.fingerprint(ANA, "email"),
            locale="en",
            consent_wording="More.",
        )
    )
    session.commit()


def list_items(page: str) -> list[str]:
    return re.findall(r"<li>(.*?)</li>", page.partition("What we keep")[2].partition("</ul>")[0])


def test_the_page_says_what_remains_and_looking_erases_nothing(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    freeze: Callable[[Campaign], int],
) -> None:
    page = client.get(f"{box}/erase").text
    assert "already printed" not in page
    freeze(campaign)
    page = client.get(f"{box}/erase").text
    assert "In our records of printed letters, we keep the number" in page
    assert reload(session, ana).state is SignatureState.CONFIRMED


@pytest.mark.parametrize("kept_for_good", [False, True])
def test_the_page_and_the_last_mail_say_what_deleting_does_not_reach(
    app: Flask,
    client: FlaskClient,
    settings: Settings,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
    *,
    kept_for_good: bool,
) -> None:
    not_yet, gone = "printed but not delivered yet,", "What was already delivered or sent,"
    term = "When we deliver letters together, we keep one copy of them all."
    term += "" if kept_for_good else " We delete that copy when the details of everyone"
    app.extensions["settings"] = settings.model_copy(update={"keep_printed_files": kept_for_good})
    bundle_id = freeze(campaign)
    page = client.get(f"{box}/erase").text
    assert not_yet in page
    assert gone not in page
    deliver(bundle_id)
    page = client.get(f"{box}/erase").text
    response = client.post(f"{box}/erase")
    assert response.status_code == 303
    after = client.get(response.location).text
    assert list_items(page) == list_items(after) != []
    session.expire_all()
    row = session.scalars(select(OutboxMail).where(OutboxMail.kind == "letters-erased")).one()
    plain = render(row, settings).get_body(("plain",))
    assert plain is not None
    for words in (page, " ".join(plain.get_content().split())):
        assert not_yet not in words
        assert gone in words
        assert term in words
        assert "On our server, such lists are deleted after 24 hours." in words
        assert "Encrypted backups keep a copy until we delete them." in words
        assert "For 30 days after our last email to you" in words


def test_who_sent_a_card_reads_what_becomes_of_a_card(
    client: FlaskClient,
    settings: Settings,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
) -> None:
    campaign.format = LetterFormat.CARD
    session.commit()
    deliver(freeze(campaign))
    page = client.get(f"{box}/erase").text
    after = client.get(client.post(f"{box}/erase").location).text
    row = session.scalars(select(OutboxMail).where(OutboxMail.kind == "letters-erased")).one()
    plain = render(row, settings).get_body(("plain",))
    assert plain is not None
    mail = " ".join(plain.get_content().split())
    assert "This deletes everything signed with" in page
    for words in (after, mail):
        assert "We have deleted your cards," in words
    for words in (page, after, mail):
        assert "In our records of printed cards," in words
        assert "When we deliver cards together" in words
        assert "printed letters" not in words


def test_who_is_in_the_network_reads_how_to_leave_and_which_program_was_told(
    app: Flask, client: FlaskClient, settings: Settings, session: Session, box: str
) -> None:
    provider = "Example CRM, Canada"
    app.extensions["settings"] = settings.model_copy(update={"crm_provider": provider})
    assert _TO_NETWORK not in client.get(box).text
    join_network(session)
    assert _TO_NETWORK not in client.get(box).text, "nobody confirmed it"
    member = session.scalars(select(NetworkMember)).one()
    member.state, member.confirmed_at = MemberState.ACTIVE, db.utcnow()
    connection = CrmConnection(kind=CrmKind.CIVICRM, address="https://crm.example.org", key="x")
    session.add(connection)
    session.flush()
    told = CrmPerson(connection_id=connection.id, member=member.public_id, due_at=db.utcnow())
    session.add(told)
    session.commit()
    page = client.get(box).text
    [link] = re.findall(rf'<a href="([^"]+)">{_TO_NETWORK}', page)
    assert "Leave the network" in client.get(link).text
    assert provider not in client.get(f"{box}/erase").text, "it waits: nothing was sent"
    told.attempts = 1
    session.commit()
    sentence = f"We told {provider} that you are a member of the network."
    assert sentence in client.get(f"{box}/erase").text
    assert client.post(f"{box}/erase").status_code == 303
    row = session.scalars(select(OutboxMail).where(OutboxMail.kind == "letters-erased")).one()
    plain = render(row, settings).get_body(("plain",))
    assert plain is not None
    assert sentence in " ".join(plain.get_content().split())


def test_a_letter_that_is_in_no_bundle_is_deleted_with_all_that_hangs_on_it(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    mails: Mails,
) -> None:
    other = sign(session, campaign, email="omar@example.org", given_name="Omar")
    session.add(WordsPrint(signature_id=ana.id, band=0, campaign_id=campaign.id, value=7))
    join_network(session)
    token, other_id = f"token-{ana.id}", other.id
    waiting = signed_link(WAITING, ana.public_id)
    response = client.post(f"{box}/erase")
    assert (response.status_code, response.location) == (303, "/en/my-letters/erased?kept=")
    done = client.get(response.location).text
    assert "Your details have been deleted" in done
    assert "What was already delivered" not in done
    assert "What was already delivered" in client.get("/en/my-letters/erased").text
    assert "Encrypted backups keep a copy" in done
    session.rollback()
    session.expire_all()
    for model in (WordsPrint, LettersLink, NetworkMember):
        assert session.scalar(select(func.count()).select_from(model)) == 0
    assert session.scalars(select(Signature.id)).all() == [other_id]
    assert session.scalars(select(Letter.signature_id)).all() == [other_id]
    assert [(mail["kind"], mail["to"]) for mail in mails()] == [("letters-erased", ANA)]
    gone = client.get(f"/en/letter/{token}")
    assert gone.status_code == 410
    assert "This letter was deleted" in gone.text
    assert client.post(f"/en/letter/{token}").status_code == 410
    assert "This letter was deleted" in client.get(f"/en/letter/{waiting}").text
    assert client.get(box).status_code == 404


def test_a_letter_in_a_bundle_leaves_a_tombstone_and_staff_see_it(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    freeze: Callable[[Campaign], int],
) -> None:
    fingerprint = ana.email_hmac
    bundle_id = freeze(campaign)
    aside = {"set_aside_detail": '{"characters": "Plantada"}', "seal_id": b"s" * 16}
    session.execute(update(Letter).values(aside))
    session.commit()
    client.post(f"{box}/erase")
    left = reload(session, ana)
    assert left.state is SignatureState.ERASED
    assert {getattr(left, name) for name in _SEALED} == {""}
    assert (left.full_text, left.country, left.points) == (None, "", [])
    assert (left.consent_updates_at, left.consent_network_at) == (None, None)
    assert left.email_hmac != fingerprint
    [letter] = left.letters
    assert (letter.bundle_id, letter.sequence) == (bundle_id, 1)
    assert letter.set_aside_detail is None
    assert "This letter was deleted" in client.get(f"/en/letter/token-{ana.id}").text
    letter.volume_id = session.get_one(Bundle, bundle_id).volumes[0].id
    letter.first_page = 3
    session.flush()
    [shown] = list_taken_back(session, session.get_one(Bundle, bundle_id))
    assert (shown.number, shown.state, shown.volume, shown.page) == ("00001", "erased", 1, 3)


def test_staff_reads_on_the_bundles_page_what_is_to_be_taken_out(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    freeze: Callable[[Campaign], int],
) -> None:
    add_confirmed(session, campaign, 1)
    session.commit()
    bundle_id = freeze(campaign)
    bundle = session.get_one(Bundle, bundle_id)
    public_id = bundle.public_id
    session.execute(update(Letter).values(first_page=3, pages=1))
    session.execute(update(Bundle).values(state=BundleState.READY))
    session.commit()
    client.post(f"{box}/{ana.public_id}/withdraw")
    session.rollback()
    desk = app.test_client()
    sign_in(desk, app, Role.STAFF)
    page = desk.get(f"/desk/bundles/{public_id}").text
    assert "1 letter was withdrawn" in page
    assert "Letter 00001, volume 001, page 3" in page
    assert "Plantada" not in page


@pytest.mark.parametrize("gone_on", [False, True])
def test_a_volume_says_no_more_from_where_its_letters_came_once_nobody_is_left_in_it(
    gone_on: bool,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    freeze: Callable[[Campaign], int],
) -> None:
    sign(session, campaign, email="omar@example.org")
    volume_id = session.get_one(Bundle, freeze(campaign)).volumes[0].id
    session.execute(update(Volume).values(region="Yukon", seal_id=b"s" * 16))
    if gone_on:  # through another mission: they still stand in the volume that they left
        columns = (Letter.id, literal(db.utcnow()), Letter.bundle_id, Letter.sequence)
        names = ["letter_id", "moved_at", "bundle_id", "sequence", "volume_id"]
        session.execute(insert(LetterMove).from_select(names, select(*columns, Letter.volume_id)))
        session.execute(update(Letter).values(volume_id=None))
    session.commit()
    client.post(f"{box}/erase")
    session.rollback()
    assert session.get_one(Volume, volume_id).region == "Yukon", "it is that of others too"
    erase_supporter.erase_mailbox(
        session,
        Mailbox("omar@example.org", address_fingerprint("omar@example.org"), db.utcnow()),
        locale="en",
        now=db.utcnow(),
    )
    assert session.get_one(Volume, volume_id).region is None


def test_who_was_erased_can_sign_again(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    freeze: Callable[[Campaign], int],
) -> None:
    freeze(campaign)
    client.post(f"{box}/erase")
    session.rollback()
    again = sign(session, campaign, email=ANA, given_name="Ana")
    assert (again.seat, again.state) == (1, SignatureState.CONFIRMED)


@pytest.mark.both_engines
def test_letters_of_another_spelling_stay(
    client: FlaskClient, session: Session, ana: Signature, box: str
) -> None:
    other = sign(
        session, make_campaign(session), email="ana+x@example.org", email_hmac=ana.email_hmac
    )
    client.post(f"{box}/erase")
    assert reload(session, other).state is SignatureState.CONFIRMED


@pytest.fixture
def raw(app: Flask) -> Callable[[], bytes]:
    """Every byte of the SQLite database and of its log."""

    def read() -> bytes:
        path = Path(str(app.extensions["database"].engine.url.database))
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))

    return read


@pytest.mark.parametrize("frozen", [False, True])
def test_no_byte_of_what_was_erased_is_left_in_the_file(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    freeze: Callable[[Campaign], int],
    raw: Callable[[], bytes],
    frozen: bool,
) -> None:
    if frozen:
        freeze(campaign)
    columns = ", ".join((*_SEALED, "email_hmac"))
    row = session.execute(text(f"SELECT {columns} FROM signature WHERE id = {ana.id}")).one()
    link = session.execute(text("SELECT email, email_hmac FROM letters_link")).one()
    mail = session.execute(text("SELECT recipient, context FROM outbox_mail")).one()
    sealed = [bytes(value) for value in (*row, *link, *mail)]
    session.rollback()
    before = raw()
    assert all(value in before for value in sealed), "they must be findable to be missed"
    client.post(f"{box}/erase")
    session.rollback()
    for mail_id in session.scalars(select(OutboxMail.id)).all():
        session.rollback()
        jobs.run_now("mail.send", mail_id)
    session.rollback()
    session.execute(text("DELETE FROM outbox_mail"))  # as `mail.forget` does in time
    session.commit()
    session.close()
    jobs.run_now("following.settle")
    after = raw()
    assert [value for value in sealed if value in after] == []
    for word in (b"Plantada", ANA.encode()):
        assert word not in after


def _delete_letter(session: Session, signature_id: int) -> None:
    session.execute(delete(Letter).where(Letter.signature_id == signature_id))
    session.execute(delete(Signature).where(Signature.id == signature_id))


def _delete_member(session: Session, _signature_id: int) -> None:
    session.execute(delete(NetworkMember))


def _delete_links(session: Session, _signature_id: int) -> None:
    session.execute(delete(LettersLink))


@pytest.mark.both_engines
@pytest.mark.parametrize("vanish", [_delete_letter, _delete_member, _delete_links])
def test_what_somebody_else_deletes_meanwhile_keeps_nothing_from_being_erased(
    app: Flask, session: Session, ana: Signature, box: str, vanish: Callable[[Session, int], None]
) -> None:
    join_network(session)
    sign(session, make_campaign(session), email=ANA)
    signature_id = ana.id
    session.commit()

    def erase(other: Session, now: datetime) -> None:
        mailbox = Mailbox(ANA, address_fingerprint(ANA), now)
        erase_supporter.erase_mailbox(other, mailbox, locale="en", now=now)

    with app.test_request_context():
        overtake(app, lambda own: vanish(own, signature_id), lambda _other: db.utcnow(), erase)
    session.rollback()
    for model in (Signature, NetworkMember, LettersLink):
        assert session.scalars(select(model.id)).all() == []
    mails = session.scalars(select(OutboxMail.kind)).all()
    assert mails.count("letters-erased") == 1
