"""A tick for new actions on a sheet makes a member, who goes with the tick that they rest on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.core import db
from campaign.exports.consent_list import find_names
from campaign.mail.messages import OutboxMail, address_fingerprint
from campaign.models.network import (
    ErasedMember,
    Frequency,
    MemberOrigin,
    MemberState,
    NetworkMember,
)
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.signature import ConsentWording, Origin, Signature, SignatureState
from campaign.network import memberships
from campaign.paper_signatures import data_entry, sheets
from campaign.paper_signatures.check_row import Details
from campaign.paper_signatures.row_signatures import words_on_sheet
from tests.days import days_ago
from tests.factories import make_campaign
from tests.integration.paper_signatures.test_doubles import HOME, PIA, list_members, sign_from_home
from tests.integration.paper_signatures.test_sheets import make_sheet, sign_online
from tests.lock_waits import until_one_waits

TICKED = replace(PIA, network=True)
ELSEWHERE = "pia@example.org"


@pytest.fixture
def sheet(session: Session) -> PaperSheet:
    return make_sheet(session)


def key_in(session: Session, sheet: PaperSheet, details: Details = TICKED) -> PaperRow:
    return data_entry.add_row(session, sheet, details, actor="test")


def correct(session: Session, row: PaperRow, **more: object) -> None:
    details = data_entry.details_of(row)
    assert details is not None
    data_entry.correct_row(session, row, replace(details, **more), actor="test")


def remove(session: Session, row: PaperRow) -> None:
    data_entry.remove_row(session, row, actor="test")


WAYS: dict[str, Callable[[Session, PaperRow], None]] = {
    "removed": remove,
    "unticked": lambda session, row: correct(session, row, network=False),
    "unticked, with news": lambda session, row: correct(session, row, network=False, news=True),
    "no address": lambda session, row: correct(session, row, email=""),
}
way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
signer = pytest.mark.parametrize("signed", ["on the sheet alone", "online too"])


@way
@signer
def test_who_rests_on_a_tick_goes_with_it(
    app: Flask,
    session: Session,
    sheet: PaperSheet,
    signed: str,
    way: Callable[[Session, PaperRow], None],
) -> None:
    if signed == "online too":
        sign_from_home(session, sheet.campaign, PIA, 1)
    row = key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    member = session.scalars(select(NetworkMember)).one()
    assert member.origin is MemberOrigin.SHEET
    waiting = OutboxMail(
        recipient=HOME,
        recipient_hmac=member.email_hmac,
        kind="network-action",
        locale="en",
        context="{}",
        due_at=db.utcnow() + timedelta(hours=1),
    )
    session.add(waiting)
    session.flush()
    name, mail_id = member.public_id, waiting.id
    way(session, row)
    assert list_members(app, session) == []
    assert session.scalars(select(ErasedMember.public_id)).all() == [name]
    assert session.get_one(OutboxMail, mail_id).recipient is None


@pytest.mark.both_engines
def test_a_row_that_is_put_back_makes_its_member_again(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    row = key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    remove(session, row)
    assert list_members(app, session) == []
    data_entry.restore_row(session, row, actor="test")
    assert list_members(app, session) == [HOME]


def test_a_corrected_address_joins_in_place_of_the_mistyped_one(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    row = key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    correct(session, row, email=ELSEWHERE)
    assert list_members(app, session) == [ELSEWHERE]


def test_other_corrections_leave_the_member(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    row = key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    correct(session, row, locality="Dundas", news=True)
    assert list_members(app, session) == [HOME]


@pytest.mark.both_engines
@pytest.mark.parametrize("also", ["sheet", "double", "double here"])
@signer
def test_who_asked_by_another_signature_too_stays(
    app: Flask, session: Session, sheet: PaperSheet, signed: str, also: str
) -> None:
    if signed == "online too":
        sign_from_home(session, sheet.campaign, PIA, 1)
    row = key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    other = make_sheet(session, make_campaign(session, slug="other"))
    if also == "double here":
        key_in(session, sheet)
    else:
        if also == "double":
            sign_from_home(session, other.campaign, PIA, 1)
        key_in(session, other)
    remove(session, row)
    assert session.scalars(select(NetworkMember.email)).all() == [HOME]
    assert session.scalars(select(ErasedMember.public_id)).all() == []
    (last,) = session.scalars(select(PaperRow).where(PaperRow.verdict != RowVerdict.REMOVED))
    remove(session, last)
    assert list_members(app, session) == []


def ask_by_letter(session: Session, member: NetworkMember) -> None:
    mailbox = {"email": HOME, "email_hmac": member.email_hmac}
    campaign = make_campaign(session, slug="by-letter")
    letter = sign_online(session, campaign, PIA, **mailbox, consent_network_at=db.utcnow())
    memberships.join_signer(session, letter, now=db.utcnow())


OWN: dict[str, Callable[[Session, NetworkMember], None]] = {
    "letter": ask_by_letter,
    "changed": lambda session, member: memberships.change(
        session, member, locale="en", preferences=memberships.Preferences()
    ),
    "revoked links": memberships.revoke_links,
}


@pytest.mark.parametrize("own", OWN.values(), ids=OWN)
@signer
def test_who_asked_otherwise_too_or_changed_their_page_stays(
    app: Flask,
    session: Session,
    sheet: PaperSheet,
    signed: str,
    own: Callable[[Session, NetworkMember], None],
) -> None:
    if signed == "online too":
        sign_from_home(session, sheet.campaign, PIA, 1)
    row = key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    own(session, session.scalars(select(NetworkMember)).one())
    session.expire_all()
    remove(session, row)
    assert list_members(app, session) == [HOME]


def test_who_asks_by_a_letter_later_is_a_member_by_that_letter(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    """Also where the message that the letter was confirmed is lost."""
    row = key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    letter = sign_online(
        session,
        make_campaign(session, slug="by-letter"),
        PIA,
        email=HOME,
        email_hmac=address_fingerprint(HOME),
        consent_network_at=db.utcnow(),
        token_digest=b"1" * 32,
    )
    session.commit()
    with app.app_context():
        assert memberships.list_missed_signers() == [letter.id]
    memberships.join_signer(session, letter, now=db.utcnow())
    session.commit()
    session.expire_all()
    member = session.scalars(select(NetworkMember)).one()
    assert (member.origin, member.paper_row_id) == (MemberOrigin.LETTER, None)
    with app.app_context():
        assert memberships.list_missed_signers() == []
    session.expire_all()
    remove(session, row)
    assert list_members(app, session) == [HOME]


def test_a_row_whose_people_are_forgotten_leaves_its_member(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    row = key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    row.email_hmac = None
    session.flush()
    remove(session, row)
    assert list_members(app, session) == [HOME]


@pytest.mark.both_engines
def test_of_two_rows_that_go_at_once_none_keeps_the_member(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    """On SQLite the second waits for the first as a whole."""
    row = key_in(session, sheet)
    other = key_in(session, make_sheet(session, make_campaign(session, slug="other")))
    assert list_members(app, session) == [HOME]
    other_id = other.id

    def take_out() -> None:
        with app.app_context(), db.transaction() as parallel:
            remove(parallel, parallel.get_one(PaperRow, other_id))

    with ThreadPoolExecutor(1) as pool:
        remove(session, row)  # the membership rests on the other now
        removal = pool.submit(take_out)
        until_one_waits(app.extensions["database"].engine)
        session.commit()
        removal.result(timeout=30)
    session.rollback()
    assert session.scalars(select(NetworkMember.email)).all() == []


def test_who_rests_on_another_row_now_has_its_words_and_day(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    row = key_in(session, sheet)
    campaign = make_campaign(session, slug="other")
    other = key_in(session, make_sheet(session, campaign, locale="fr", collected_on=days_ago(9)))
    # PostgreSQL lists the row that was written last at the end where nothing else orders them.
    first = update(Signature).where(Signature.id == row.signature_id)
    session.execute(first.values(confirmed_at=db.utcnow()))
    assert list_members(app, session) == [HOME]
    before = session.scalars(select(NetworkMember.joined_at)).one()
    remove(session, row)
    member = session.scalars(select(NetworkMember)).one()
    assert member.paper_row_id == other.id
    assert read_member(session) == ("fr", words_on_sheet("fr").network)
    assert (before - member.joined_at).days in {8, 9}


def test_a_tick_beside_a_letter_that_does_not_count_now_still_asks(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    letter = sign_from_home(session, sheet.campaign, PIA, 1)
    row = key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    letter.state = SignatureState.WITHDRAWN
    session.flush()
    correct(session, row, region="ON")
    assert session.scalars(select(NetworkMember.email)).all() == [HOME]


def test_of_a_list_without_paper_nobody_says_what_its_people_read(
    app: Flask, session: Session
) -> None:
    sheet = make_sheet(session, origin=Origin.IMPORT)
    reference, row = sheet.campaign.reference, key_in(session, sheet)
    assert row.signature is not None
    wording = session.get_one(ConsentWording, row.signature.consent_wording_id)
    assert (wording.delivery, wording.updates, wording.network) == ("", "", "")
    session.commit()
    session.execute(update(Signature).values(confirmed_at=db.utcnow() - timedelta(hours=3)))
    assert list_members(app, session) == [HOME]
    member = session.scalars(select(NetworkMember)).one()
    assert (member.origin, member.consent_wording) == (MemberOrigin.IMPORT, "")
    assert member.consent_source == reference
    assert find_names(session, [member.email_hmac]) == {}
    row.signature.origin = Origin.PAPER
    session.flush()
    assert find_names(session, [member.email_hmac])[member.email_hmac]["given_name"] == "Pia"


def test_who_joined_before_the_sheet_stays(app: Flask, session: Session, sheet: PaperSheet) -> None:
    memberships.join_signer(
        session,
        sign_online(
            session,
            sheet.campaign,
            replace(PIA, family_name="Roe"),
            email=HOME,
            email_hmac=address_fingerprint(HOME),
            consent_network_at=db.utcnow(),
        ),
        now=db.utcnow(),
    )
    row = key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    remove(session, row)
    assert list_members(app, session) == [HOME]


def test_who_had_left_before_a_mistaken_tick_has_left_still(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    letter = sign_from_home(session, sheet.campaign, PIA, 1)
    letter.consent_network_at = letter.signed_at = db.utcnow() - timedelta(days=30)
    left_at = db.utcnow() - timedelta(days=20)
    memberships.join_signer(session, letter, now=left_at)
    member = session.scalars(select(NetworkMember)).one()
    memberships.leave(session, member, now=left_at)
    row = key_in(session, make_sheet(session, make_campaign(session)))
    assert list_members(app, session) == [HOME]
    remove(session, row)
    session.refresh(member)
    assert (member.state, member.email) == (MemberState.LEFT, None)
    assert member.left_at == left_at
    assert session.scalars(select(ErasedMember)).all() == []


@pytest.mark.both_engines
def test_members_of_before_are_known_by_their_signatures(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    """Not who also asked by a letter, or changed their page."""
    rows = [
        key_in(session, sheet, replace(TICKED, family_name=f"Roe{at}", email=f"{at}@example.org"))
        for at in range(5)
    ]
    list_members(app, session)
    by_name = {member.email: member for member in session.scalars(select(NetworkMember))}
    changed, asked = by_name["1@example.org"], by_name["2@example.org"]
    changed.frequency = Frequency.WEEKLY
    mailbox = {"email": asked.email, "email_hmac": asked.email_hmac}
    other = make_campaign(session, slug="by-letter")
    sign_online(session, other, PIA, **mailbox, consent_network_at=db.utcnow())
    by_name["3@example.org"].locale = "fr"  # chosen
    by_name["4@example.org"].consent_wording = "Email me."  # of a letter that is forgotten
    first_id = rows[0].id
    session.commit()
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, "0069")
    migrations.upgrade(engine)
    members = session.scalars(select(NetworkMember))
    assert {member.email: (member.paper_row_id, member.origin) for member in members} == {
        "0@example.org": (first_id, MemberOrigin.SHEET),
        "1@example.org": (None, MemberOrigin.LETTER),
        "2@example.org": (None, MemberOrigin.LETTER),
        "3@example.org": (None, MemberOrigin.LETTER),
        "4@example.org": (None, MemberOrigin.LETTER),
    }


@pytest.mark.both_engines
def test_a_tick_from_before_somebody_left_does_not_keep_them(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    old = make_sheet(session, make_campaign(session), collected_on=days_ago(9))
    key_in(session, old)
    assert list_members(app, session) == [HOME]
    member = session.scalars(select(NetworkMember)).one()
    memberships.leave(session, member, now=db.utcnow() - timedelta(days=3))
    row = key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    remove(session, row)
    assert list_members(app, session) == [None]


@way
def test_a_tick_that_went_before_the_job_ran_makes_no_member(
    app: Flask, session: Session, sheet: PaperSheet, way: Callable[[Session, PaperRow], None]
) -> None:
    way(session, key_in(session, sheet))
    assert list_members(app, session) == []


@pytest.mark.both_engines
@signer
def test_a_row_removed_while_its_member_is_made_leaves_none(
    app: Flask, session: Session, sheet: PaperSheet, monkeypatch: pytest.MonkeyPatch, signed: str
) -> None:
    """On SQLite whoever removes it waits for the job as a whole."""
    if signed == "online too":
        sign_from_home(session, sheet.campaign, PIA, 1)
    row_id = key_in(session, sheet).id
    join_signer = memberships.join_signer

    def take_out() -> None:
        with app.app_context(), db.transaction() as other:
            remove(other, other.get_one(PaperRow, row_id))

    with ThreadPoolExecutor(1) as pool:
        removals = []

        def overtake(joining: Session, signature: Signature, **facts: Any) -> None:
            removals.append(pool.submit(take_out))
            until_one_waits(app.extensions["database"].engine)
            join_signer(joining, signature, **facts)

        monkeypatch.setattr(memberships, "join_signer", overtake)
        list_members(app, session)
        removals[0].result(timeout=30)
    session.rollback()
    assert session.scalars(select(NetworkMember.email)).all() == []


def test_a_double_joins_in_the_language_of_its_letter(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    sheet.locale = "fr"
    session.flush()
    letter = sign_from_home(session, sheet.campaign, PIA, 1, locale="ar")
    row = key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    assert read_member(session) == ("ar", words_on_sheet("fr").network)
    choose_language(session, sheet, "ar")
    choose_language(session, sheet, "es")
    assert read_member(session) == (letter.locale, words_on_sheet("es").network)
    remove(session, row)
    assert list_members(app, session) == []


@signer
def test_a_corrected_language_leaves_who_asked_by_a_letter_too(
    app: Flask, session: Session, sheet: PaperSheet, signed: str
) -> None:
    sheet.locale = "fr"
    session.flush()
    if signed == "online too":
        sign_from_home(session, sheet.campaign, PIA, 1, locale="fr")
    key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    ask_by_letter(session, session.scalars(select(NetworkMember)).one())
    session.expire_all()
    before = read_member(session)
    choose_language(session, sheet, "es")
    assert read_member(session) == before


def test_a_corrected_language_leaves_that_which_a_member_chose(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    sheet.locale = "fr"
    session.flush()
    key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    member = session.scalars(select(NetworkMember)).one()
    memberships.change(session, member, locale="ar", preferences=memberships.Preferences())
    choose_language(session, sheet, "es")
    assert read_member(session) == ("ar", words_on_sheet("fr").network)


@pytest.mark.both_engines
def test_a_corrected_day_is_that_of_the_consent(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    before = session.scalars(select(NetworkMember.joined_at)).one()
    sheets.edit_sheet(session, sheet, {"collected_on": days_ago(6)}, actor="test")
    session.expire_all()
    assert (before - session.scalars(select(NetworkMember.joined_at)).one()).days in {4, 5}


@pytest.mark.parametrize("facts", [{"place": "Market"}, {}], ids=["place", "day"])
def test_a_member_keeps_the_sentence_that_they_read_while_the_language_stays(
    app: Flask, session: Session, sheet: PaperSheet, facts: dict[str, object]
) -> None:
    key_in(session, sheet)
    assert list_members(app, session) == [HOME]
    session.execute(update(NetworkMember).values(consent_wording="Our sentence of that year."))
    day = sheet.collected_on if facts else days_ago(6)
    sheets.edit_sheet(session, sheet, facts | {"collected_on": day}, actor="test")
    session.expire_all()
    assert read_member(session)[1] == "Our sentence of that year."


def choose_language(session: Session, sheet: PaperSheet, locale: str) -> None:
    facts = {"collected_on": days_ago(1), "locale": locale}
    sheets.edit_sheet(session, sheet, facts, actor="test")
    session.expire_all()


def read_member(session: Session) -> tuple[str, str]:
    member = session.scalars(select(NetworkMember)).one()
    return member.locale, member.consent_wording
