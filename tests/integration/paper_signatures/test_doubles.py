"""Whose double a row is: its person's; the address alone decides where nobody bears the name."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, time, timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from campaign.bundles.freeze.signed_sheets import list_rows_to_black_out
from campaign.core import clock, db, jobs
from campaign.core.db.commit_actions import run_after_commit
from campaign.core.settings import Settings
from campaign.mail.messages import address_fingerprint
from campaign.models.campaign import Campaign
from campaign.models.network import MemberState, NetworkMember
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.screening import Decision, Hold
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.models.staff import Role, StaffUser
from campaign.paper_signatures import data_entry, duplicates, paper_imports, sheets
from campaign.paper_signatures.check_row import Details
from campaign.paper_signatures.read_file import FileRows
from campaign.privacy.subject_access import gather_data
from campaign.screening import review_queue
from campaign.signing.signed_links import signed_link
from campaign.tracking.change_or_withdraw import withdraw_letter
from campaign.tracking.letter_links import Mailbox
from campaign.tracking.news_subscription import is_still_wanted, switch_news, unsubscribe_url
from tests.days import days_ago
from tests.factories import add_confirmed, make_staff_user, sign_in
from tests.integration.paper_signatures.test_sheets import counted, make_sheet, sign_online
from tests.integration.paper_signatures.test_sheets_in_bundles import freeze
from tests.integration.paper_signatures.test_withdrawn_rows import open_letters
from tests.integration.screening.test_unseen_review import run_queue
from tests.lock_waits import until_one_waits

HOME = "home@example.org"
PIA = Details("Pia", "Miller", "Hamilton", "L8P 1A1", "CA", email=HOME)
TOM = replace(PIA, given_name="Tom")
MOVED = replace(TOM, postal_code="", locality="Dundas")
ON_SHEET = "A sheet was also signed by hand with this email address."


@pytest.fixture
def sheet(session: Session) -> PaperSheet:
    return make_sheet(session)


@pytest.fixture
def pia(session: Session, sheet: PaperSheet) -> Signature:
    return sign_from_home(session, sheet.campaign, PIA, 1)


@pytest.fixture
def tom(session: Session, sheet: PaperSheet, pia: Signature) -> Signature:
    """The letter of the second person of that address."""
    return sign_from_home(session, sheet.campaign, TOM, 2)


def sign_from_home(
    session: Session, campaign: Campaign, person: Details, seat: int, **more: object
) -> Signature:
    mailbox = {"email": HOME, "email_hmac": address_fingerprint(HOME), "seat": seat}
    return sign_online(session, campaign, person, **mailbox, **more)


Enter = Callable[[PaperSheet, Details], PaperRow]


@pytest.fixture(params=["keyed in", "imported", "matched later", "corrected", "put back"])
def enter(request: pytest.FixtureRequest, app: Flask, session: Session) -> Enter:
    def key_in(sheet: PaperSheet, details: Details) -> PaperRow:
        return data_entry.add_row(session, sheet, details, actor="test")

    def import_it(sheet: PaperSheet, details: Details) -> PaperRow:
        reading = FileRows([(1, details)], [])
        judged = paper_imports.sort_rows(session, sheet.campaign_id, reading)
        staff = make_staff_user(session, Role.STAFF)
        paper_imports.insert_rows(session, sheet, judged, staff.id)
        return session.scalars(select(PaperRow).where(PaperRow.sheet_id == sheet.id)).one()

    def match_later(sheet: PaperSheet, details: Details) -> PaperRow:
        row = key_in(sheet, details)
        if row.verdict is RowVerdict.DOUBLE:
            data_entry.count_row(session, row, actor="test")
            row.told_apart = False
        run_job(app, session)
        return row

    def correct(sheet: PaperSheet, details: Details) -> PaperRow:
        row = key_in(sheet, Details("Eva", "Park", "Hull", "", "CA"))
        data_entry.correct_row(session, row, details, actor="test")
        return row

    def put_back(sheet: PaperSheet, details: Details) -> PaperRow:
        row = key_in(sheet, details)
        data_entry.remove_row(session, row, actor="test")
        data_entry.restore_row(session, row, actor="test")
        return row

    ways = {
        "keyed in": key_in,
        "imported": import_it,
        "matched later": match_later,
        "corrected": correct,
    }
    return ways.get(request.param, put_back)


def run_job(app: Flask, session: Session) -> None:
    session.commit()
    with app.app_context():
        jobs.run_now("paper.match")
    session.expire_all()


@pytest.mark.parametrize("has_withdrawn", [False, True])
@pytest.mark.parametrize("details", [TOM, MOVED], ids=["person", "name"])
def test_a_row_of_a_shared_mailbox_is_its_persons(
    session: Session,
    sheet: PaperSheet,
    tom: Signature,
    enter: Enter,
    details: Details,
    *,
    has_withdrawn: bool,
) -> None:
    if has_withdrawn:
        withdraw_letter(session, tom, db.utcnow())
    row = enter(sheet, details)
    assert (row.verdict, row.twin) == (RowVerdict.DOUBLE, tom)
    if not has_withdrawn:
        withdraw_letter(session, tom, db.utcnow())
    assert sheets.list_black_out(session, sheet) == [row]


def test_a_row_is_not_blacked_out_because_somebody_else_of_its_mailbox_withdrew(
    session: Session, sheet: PaperSheet, pia: Signature, tom: Signature, enter: Enter
) -> None:
    row = enter(sheet, TOM)
    withdraw_letter(session, pia, db.utcnow())
    assert row.twin is tom
    assert sheets.list_black_out(session, sheet) == []


def test_where_nobody_bears_the_name_the_first_who_counts_goes_by_the_address(
    session: Session, sheet: PaperSheet, pia: Signature, tom: Signature, enter: Enter
) -> None:
    withdraw_letter(session, pia, db.utcnow())
    row = enter(sheet, replace(PIA, given_name="P."))
    assert (row.verdict, row.twin) == (RowVerdict.DOUBLE, tom)


def test_rows_of_one_file_are_doubles_of_their_own_people(
    session: Session, sheet: PaperSheet, pia: Signature, tom: Signature
) -> None:
    reading = FileRows(list(enumerate((PIA, TOM, MOVED), start=1)), [])
    judged = paper_imports.sort_rows(session, sheet.campaign_id, reading)
    paper_imports.insert_rows(session, sheet, judged, make_staff_user(session, Role.STAFF).id)
    rows = session.scalars(select(PaperRow).order_by(PaperRow.position)).all()
    assert [row.twin for row in rows] == [pia, tom, tom]


def test_a_row_goes_over_to_its_person_who_signs_online_later(
    app: Flask, session: Session, sheet: PaperSheet, pia: Signature
) -> None:
    row = data_entry.add_row(session, sheet, TOM, actor="test")
    assert row.twin is pia, "the address alone decides as long as nobody of it is called Tom"
    tom = sign_from_home(session, sheet.campaign, TOM, 2)
    run_job(app, session)
    assert (row.verdict, row.twin) == (RowVerdict.DOUBLE, tom)
    assert counted(session, sheet.campaign) == (2, 0)


@pytest.mark.both_engines
def test_a_row_that_counted_goes_over_to_its_person_although_its_address_was_not_kept(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    row = data_entry.add_row(session, sheet, MOVED, actor="test")
    assert row.verdict is RowVerdict.COUNTED
    pia = sign_from_home(session, sheet.campaign, PIA, 1)
    run_job(app, session)
    assert (row.verdict, row.twin) == (RowVerdict.DOUBLE, pia)
    details = data_entry.details_of(row)
    assert details is not None
    assert details.email == ""
    tom = sign_from_home(session, sheet.campaign, TOM, 2)
    run_job(app, session)
    assert row.twin is tom
    withdraw_letter(session, pia, db.utcnow())
    assert sheets.list_black_out(session, sheet) == []
    withdraw_letter(session, tom, db.utcnow())
    assert sheets.list_black_out(session, sheet) == [row]


@pytest.mark.both_engines
@pytest.mark.parametrize("way", ["removed", "called another person"])
def test_a_row_keeps_the_fingerprint_of_its_address_until_it_is_entered_anew(
    app: Flask, session: Session, sheet: PaperSheet, way: str
) -> None:
    row = data_entry.add_row(session, sheet, MOVED, actor="test")
    if way == "removed":
        data_entry.remove_row(session, row, actor="test")
        data_entry.restore_row(session, row, actor="test")
    else:
        sign_from_home(session, sheet.campaign, PIA, 1)
        run_job(app, session)
        data_entry.count_row(session, row, actor="test")
    assert (row.verdict, row.email_hmac) == (RowVerdict.COUNTED, address_fingerprint(HOME))
    data_entry.correct_row(session, row, replace(MOVED, email=""), actor="test")
    assert row.email_hmac is None


def test_a_double_of_a_row_goes_with_it_to_the_letter(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    data_entry.add_row(session, sheet, PIA, actor="test")
    double = data_entry.add_row(session, sheet, PIA, actor="test")
    letter = sign_from_home(session, sheet.campaign, PIA, 1)
    run_job(app, session)
    assert (double.verdict, double.twin) == (RowVerdict.DOUBLE, letter)
    withdraw_letter(session, letter, db.utcnow())
    assert [row.position for row in sheets.list_black_out(session, sheet)] == [1, 2]


def test_the_queries_of_a_run_are_as_many_for_many_doubles_as_for_few(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    people = 30
    add_confirmed(
        session,
        sheet.campaign,
        people,
        given_name="Mika",
        family_name="Ng",
        email=lambda at: f"mika{at}@example.org",
        email_hmac=lambda at: address_fingerprint(f"mika{at}@example.org"),
    )
    for at in range(people):
        mika = Details("Mika", "Ng", "Hull", "", "CA", email=f"mika{at}@example.org")
        row = data_entry.add_row(session, sheet, replace(mika, locality=f"Hull {at}"), actor="test")
        assert row.verdict is RowVerdict.DOUBLE
    session.commit()
    asked: list[object] = []
    engine = app.extensions["database"].engine

    def note(*statement: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    run_job(app, session)
    event.remove(engine, "before_cursor_execute", note)
    assert len(asked) < people / 2


@pytest.mark.both_engines
def test_a_run_and_who_enters_a_row_at_that_moment_do_not_wait_for_each_other(
    app: Flask, session: Session, sheet: PaperSheet, pia: Signature
) -> None:
    """The run holds the lock of no address while it waits for the next person of that address."""
    tim = replace(PIA, given_name="Tim")
    rows = [data_entry.add_row(session, sheet, person, actor="test") for person in (TOM, tim)]
    assert [row.twin for row in rows] == [pia, pia]
    letters = [
        sign_from_home(session, sheet.campaign, person, seat)
        for seat, person in enumerate((TOM, tim), start=2)
    ]
    prints = duplicates.fingerprints_of(tim)
    session.commit()

    def run() -> None:
        with app.app_context():
            jobs.run_now("paper.match")

    with ThreadPoolExecutor(1) as pool:
        with app.app_context(), db.transaction() as entering:
            duplicates.lock_person(entering, replace(prints, email=None))
            running = pool.submit(run)
            until_one_waits(app.extensions["database"].engine)
            duplicates.lock_person(entering, prints)
        running.result(timeout=30)
    session.expire_all()
    assert [row.twin for row in rows] == letters


def test_a_withdrawn_row_stays_blacked_out_while_somebody_types_its_person_anew(
    session: Session, sheet: PaperSheet, pia: Signature
) -> None:
    row = data_entry.add_row(session, sheet, PIA, actor="test")
    withdraw_letter(session, pia, now=db.utcnow())
    session.flush()
    rows = {sheet.id: [row.position]}
    assert list_rows_to_black_out(session) == rows
    pia.state, pia.withdrawn_at = SignatureState.PENDING, None  # as a new letter takes its place
    session.flush()
    assert list_rows_to_black_out(session) == rows, "whoever typed it has confirmed nothing"
    session.delete(pia)
    session.flush()
    assert list_rows_to_black_out(session) == rows, "nor did anybody in time"


def test_the_letter_of_the_person_tells_of_the_row_and_no_other_of_the_mailbox(
    client: FlaskClient, session: Session, sheet: PaperSheet, pia: Signature, tom: Signature
) -> None:
    data_entry.add_row(session, sheet, TOM, actor="test")
    box = open_letters(session, pia)
    assert ON_SHEET not in client.get(f"{box}/{pia.public_id}").text
    assert ON_SHEET in client.get(f"{box}/{tom.public_id}").text
    assert "unreadable" in client.get(f"{box}/{tom.public_id}/withdraw").text


@pytest.fixture
def held(session: Session, sheet: PaperSheet) -> Signature:
    """A letter under review."""
    letter = sign_from_home(session, sheet.campaign, PIA, 1, state=SignatureState.HELD)
    session.add(Hold(signature_id=letter.id, campaign_id=letter.campaign_id, reasons=["first"]))
    session.flush()
    return letter


@pytest.fixture
def reject(app: Flask, session: Session, held: Signature) -> Callable[[], Callable[[], None]]:
    """Reject the letter, and have rows matched; return what undoes both."""

    def decide() -> Callable[[], None]:
        held_id, public_id, staff_id = held.id, held.public_id, make_staff_user(session).id
        session.commit()
        with app.app_context(), db.transaction() as deciding:
            act = review_queue.decide(
                deciding,
                public_ids=[public_id],
                decision=Decision.REJECTED,
                by=deciding.get_one(StaffUser, staff_id),
                now=db.utcnow(),
                seen=[deciding.get_one(Hold, held_id).version],
                note="Advertising.",
            )
            act_id = act.id
        run_queue(app, session)
        session.expire_all()

        def undo() -> None:
            session.commit()
            with app.app_context(), db.transaction() as undoing:
                staff = undoing.get_one(StaffUser, staff_id)
                review_queue.undo(undoing, by=staff, now=db.utcnow(), act_id=act_id)
            run_queue(app, session)
            session.expire_all()

        return undo

    return decide


def test_the_row_of_a_letter_that_is_rejected_counts_and_no_more_once_that_is_undone(
    session: Session, sheet: PaperSheet, held: Signature, reject: Callable[[], Callable[[], None]]
) -> None:
    row = data_entry.add_row(session, sheet, PIA, actor="test")
    again = data_entry.add_row(session, sheet, PIA, actor="test")
    assert (row.verdict, row.twin) == (RowVerdict.DOUBLE, held)
    undo = reject()  # the job is sent by the act: nothing else runs it here
    assert (row.verdict, row.twin) == (RowVerdict.COUNTED, None)
    assert (again.verdict, again.twin) == (RowVerdict.DOUBLE, row.signature)
    assert counted(session, sheet.campaign) == (1, 1)
    undo()
    assert [row.twin, again.twin] == [held, held]
    assert counted(session, sheet.campaign) == (0, 0)


def test_a_row_that_counted_before_the_letter_counts_once_with_it_after_a_decision_is_undone(
    app: Flask,
    session: Session,
    sheet: PaperSheet,
    held: Signature,
    reject: Callable[[], Callable[[], None]],
) -> None:
    held.state = SignatureState.PENDING
    row = data_entry.add_row(session, sheet, MOVED, actor="test")
    held.state = SignatureState.HELD
    run_job(app, session)
    assert (row.verdict, row.twin) == (RowVerdict.DOUBLE, held)
    undo = reject()
    assert (row.verdict, row.email_hmac) == (RowVerdict.COUNTED, address_fingerprint(HOME))
    undo()
    held.state = SignatureState.CONFIRMED
    run_job(app, session)
    assert (row.verdict, row.twin) == (RowVerdict.DOUBLE, held)
    assert counted(session, sheet.campaign) == (1, 0)


@pytest.mark.parametrize("decision", [Decision.APPROVED, Decision.REJECTED])
def test_rows_of_the_campaign_are_compared_after_a_rejection_alone(
    app: Flask, session: Session, held: Signature, decision: Decision
) -> None:
    review_queue.decide(
        session,
        public_ids=[held.public_id],
        decision=decision,
        by=make_staff_user(session),
        now=db.utcnow(),
        seen=[session.get_one(Hold, held.id).version],
        note="Advertising.",
    )
    session.commit()
    run_after_commit(session)
    waiting = [list(task.args) for task in app.extensions["queue"].huey.pending()]
    is_rejected = decision is Decision.REJECTED
    assert (["paper.match", held.campaign_id] in waiting) is is_rejected


def test_while_a_letter_is_under_review_its_page_does_not_say_that_it_counts(
    client: FlaskClient, session: Session, sheet: PaperSheet, held: Signature
) -> None:
    data_entry.add_row(session, sheet, PIA, actor="test")
    url = f"{open_letters(session, held)}/{held.public_id}"
    page = client.get(url).text
    assert ON_SHEET in page
    assert "We count the two as one signature." not in page
    read = "When we have read what you wrote, we will count one signature."
    assert read in page
    hold = session.get_one(Hold, held.id)
    hold.decision, hold.note = Decision.RETURNED, "Leave out the phone number."
    session.commit()
    page = client.get(url).text
    assert "Change what you wrote as we ask. When we have read it again, we will count one" in page
    assert read not in page
    held.state = SignatureState.CONFIRMED
    session.commit()
    assert "We count the two as one signature." in client.get(url).text


@pytest.mark.both_engines
def test_an_address_on_a_double_is_pointed_out_for_the_row_that_counts(
    app: Flask, client: FlaskClient, session: Session, sheet: PaperSheet
) -> None:
    """Only who holds the sheets can tell whether it is the same person."""
    counting = data_entry.add_row(session, sheet, replace(PIA, email=""), actor="test")
    double = data_entry.add_row(session, sheet, replace(PIA, news=True), actor="test")
    assert double.twin is counting.signature
    session.commit()
    sign_in(client, app, Role.STAFF)
    url = f"/desk/paper/{sheet.public_id}"
    words = "The row that counts has no email address."
    page = client.get(url).text
    assert page.count(words) == 1
    assert f'href="{url}/rows/{counting.public_id}"' in page
    data_entry.correct_row(session, counting, replace(PIA, news=True), actor="test")
    session.commit()
    assert words not in client.get(url).text


ONE_CLICK = {"List-Unsubscribe": "One-Click"}
STOPS_NOTHING = "This link no longer stops any emails"


@pytest.fixture
def row(session: Session, sheet: PaperSheet) -> PaperRow:
    """Of Pia, who wants news."""
    return data_entry.add_row(session, sheet, replace(PIA, news=True), actor="test")


def news_link(row: PaperRow) -> str:
    """Return the path that an email to the row names."""
    assert row.signature is not None
    return urlsplit(unsubscribe_url(row.signature)).path


@pytest.fixture
def travel(session: Session, row: PaperRow, settings: Settings) -> Callable[[], str]:
    """Let the sheet travel, so that the signature of a double stays, emptied; return its link."""

    def run() -> str:
        assert row.signature is not None
        add_confirmed(session, row.sheet.campaign, 1)
        freeze(session, row.sheet.campaign, settings)
        return f"/news-off/{signed_link('case-news', row.signature.public_id)}"

    return run


@pytest.mark.parametrize("kept", [False, True])
def test_the_link_to_stop_news_of_a_row_goes_over_to_the_letter_signed_since(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    row: PaperRow,
    travel: Callable[[], str],
    *,
    kept: bool,
) -> None:
    links = [news_link(row), *([travel()] if kept else [])]
    letter = sign_from_home(session, sheet.campaign, PIA, 1, consent_updates_at=db.utcnow())
    run_job(app, session)
    assert (row.verdict, row.twin) == (RowVerdict.DOUBLE, letter)
    assert (row.signature is not None) is kept
    for link in links:
        assert is_still_wanted(session, link)
        for url, data in ((f"/en{link}", {"on": "0"}), (link, ONE_CLICK)):
            session.commit()
            assert "Stop news about this case?" in client.get(link).text
            assert "No more news about this case" in client.post(url, data=data).text
            session.expire_all()
            assert letter.consent_updates_at is None
            assert not is_still_wanted(session, link)
            switch_news(session, letter, on=True, now=db.utcnow())


def test_the_link_of_a_row_goes_over_to_the_row_that_counts(
    client: FlaskClient, session: Session, sheet: PaperSheet, row: PaperRow
) -> None:
    link, again = news_link(row), data_entry.add_row(session, sheet, PIA, actor="test")
    data_entry.remove_row(session, row, actor="test")
    data_entry.correct_row(session, again, replace(PIA, news=True), actor="test")
    data_entry.restore_row(session, row, actor="test")
    assert (row.verdict, row.twin) == (RowVerdict.DOUBLE, again.signature)
    session.commit()
    assert client.post(link, data=ONE_CLICK).status_code == 200
    session.expire_all()
    assert again.signature is not None
    assert again.signature.consent_updates_at is None


@pytest.mark.both_engines
@pytest.mark.parametrize("address", ["pia@example.org", "home+pia@example.org"])
@pytest.mark.parametrize("way", ["signed", "signed, kept", "keyed in anew"])
def test_the_link_of_a_row_opens_nothing_of_another_mailbox(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    row: PaperRow,
    travel: Callable[[], str],
    *,
    way: str,
    address: str,
) -> None:
    assert row.signature is not None
    links = [news_link(row), *([travel()] if way == "signed, kept" else [])]
    if way == "keyed in anew":
        corrected = replace(PIA, email=address, news=True)
        data_entry.correct_row(session, row, corrected, actor="test")
        letter = row.signature
    else:
        mailbox = {"email": address, "email_hmac": address_fingerprint(address)}
        letter = sign_online(
            session, sheet.campaign, PIA, **mailbox, consent_updates_at=db.utcnow()
        )
        run_job(app, session)
        assert row.twin is letter
    for link in links:
        session.commit()
        for page in (client.get(link), client.post(link, data=ONE_CLICK)):
            assert STOPS_NOTHING in page.text
            assert address not in page.text
        session.expire_all()
        assert letter.consent_updates_at is not None
        assert not is_still_wanted(session, link)


TICKED = replace(PIA, news=True, network=True)


def get_noon(sheet: PaperSheet) -> datetime:
    return clock.moment_of(sheet.collected_on, time(12), sheet.campaign.timezone)


def list_members(app: Flask, session: Session) -> list[str | None]:
    """List the addresses in the network once the job has run, hours after rows were entered."""
    hours_ago = db.utcnow() - timedelta(hours=3)
    session.execute(update(PaperRow).values(keyed_at=hours_ago))
    on_paper = Signature.origin == Origin.PAPER
    session.execute(update(Signature).where(on_paper).values(confirmed_at=hours_ago))
    session.commit()
    with app.app_context():
        jobs.run_now("paper.join-network")
    session.expire_all()
    return list(session.scalars(select(NetworkMember.email)))


@pytest.mark.parametrize("first", ["sheet", "letter"])
def test_ticks_on_a_row_count_for_the_letter_of_the_same_mailbox(
    app: Flask, session: Session, sheet: PaperSheet, enter: Enter, first: str
) -> None:
    if first == "letter":
        letter = sign_from_home(session, sheet.campaign, PIA, 1)
        row = enter(sheet, TICKED)
    else:
        row = enter(sheet, TICKED)
        letter = sign_from_home(session, sheet.campaign, PIA, 1)
        run_job(app, session)
    assert (row.verdict, row.twin) == (RowVerdict.DOUBLE, letter)
    assert letter.consent_updates_at == get_noon(sheet)
    assert list_members(app, session) == [HOME]


@pytest.mark.parametrize("address", ["pia@example.org", "home+pia@example.org"])
@pytest.mark.parametrize("first", ["sheet", "letter"])
def test_ticks_on_a_row_change_no_letter_of_another_mailbox(
    app: Flask, session: Session, sheet: PaperSheet, first: str, address: str
) -> None:
    details = replace(TICKED, email=address)
    if first == "sheet":
        data_entry.add_row(session, sheet, details, actor="test")
    letter = sign_from_home(session, sheet.campaign, PIA, 1)
    if first == "letter":
        data_entry.add_row(session, sheet, details, actor="test")
    run_job(app, session)
    row = session.scalars(select(PaperRow)).one()
    assert row.twin is letter
    assert (letter.email, letter.consent_updates_at) == (HOME, None)
    assert list_members(app, session) == []


@pytest.mark.both_engines
@pytest.mark.parametrize("way", ["before", "since"])
def test_a_tick_does_not_bring_back_what_the_writer_of_the_letter_stopped(
    app: Flask, session: Session, sheet: PaperSheet, pia: Signature, way: str
) -> None:
    now = db.utcnow()
    session.add(
        NetworkMember(
            email_hmac=pia.email_hmac,
            state=MemberState.LEFT,
            locale="en",
            consent_wording="",
            joined_at=now,
            left_at=now,
        )
    )
    if way == "before":
        switch_news(session, pia, on=False, now=now)
    row = data_entry.add_row(session, sheet, TICKED, actor="test")
    if way == "since":
        switch_news(session, pia, on=False, now=now)
    assert pia.consent_updates_at is None
    data_entry.correct_row(session, row, TICKED, actor="test")
    assert (row.twin, pia.consent_updates_at) == (pia, None)
    assert list_members(app, session) == [None]
    pia.state = SignatureState.REJECTED
    run_job(app, session)
    assert row.signature is not None
    assert row.signature.consent_updates_at is None
    data_entry.correct_row(session, row, TICKED, actor="test")
    assert row.signature.consent_updates_at is None


UNTICKED = replace(PIA, network=True)
ELSEWHERE = replace(TICKED, email="other@example.org")


@pytest.fixture
def stopped(session: Session, sheet: PaperSheet) -> PaperRow:
    """A row whose person stopped the news that they ticked."""
    row = data_entry.add_row(session, sheet, TICKED, actor="test")
    assert row.signature is not None
    switch_news(session, row.signature, on=False, now=db.utcnow())
    return row


@pytest.mark.parametrize(
    "between",
    [ELSEWHERE, UNTICKED, PIA, replace(PIA, email=""), None],
    ids=["mistyped", "no news", "no tick", "no address", "taken out"],
)
def test_no_tick_brings_back_the_news_that_were_stopped_on_its_row(
    session: Session, stopped: PaperRow, between: Details | None
) -> None:
    for _time in range(2):
        if between is not None:
            data_entry.correct_row(session, stopped, between, actor="test")
        else:
            data_entry.remove_row(session, stopped, actor="test")
            data_entry.restore_row(session, stopped, actor="test")
        data_entry.correct_row(session, stopped, TICKED, actor="test")
        assert stopped.signature is not None
        assert (stopped.signature.email, stopped.signature.consent_updates_at) == (HOME, None)
    switch_news(session, stopped.signature, on=True, now=db.utcnow())
    data_entry.correct_row(session, stopped, TICKED, actor="test")
    assert stopped.signature.consent_updates_at is not None


def test_a_stop_goes_along_when_its_row_is_corrected_into_a_double(
    app: Flask, session: Session, sheet: PaperSheet, stopped: PaperRow
) -> None:
    letter = sign_from_home(session, sheet.campaign, PIA, 1)
    data_entry.correct_row(session, stopped, TICKED, actor="test")
    again = data_entry.add_row(session, sheet, TICKED, actor="test")
    assert [stopped.twin, again.twin, letter.consent_updates_at] == [letter, letter, None]
    letter.state = SignatureState.REJECTED
    run_job(app, session)
    assert stopped.signature is not None
    assert stopped.signature.consent_updates_at is None


@pytest.mark.parametrize("way", ["taken out", "another person", "no address"])
def test_a_double_that_counts_instead_does_not_bring_back_what_was_stopped(
    session: Session, sheet: PaperSheet, stopped: PaperRow, way: str
) -> None:
    double = data_entry.add_row(session, sheet, TICKED, actor="test")
    assert double.twin is stopped.signature
    if way == "another person":
        eva = Details("Eva", "Park", "Hull", "", "CA", email="eva@example.org", news=True)
        data_entry.correct_row(session, stopped, eva, actor="test")
    else:
        if way == "no address":
            data_entry.correct_row(session, stopped, replace(PIA, email=""), actor="test")
        data_entry.remove_row(session, stopped, actor="test")
    assert double.signature is not None
    assert (double.signature.email, double.signature.consent_updates_at) == (HOME, None)


@pytest.mark.parametrize("ticks", [TICKED, UNTICKED, PIA], ids=["news", "no news", "none"])
def test_no_other_row_brings_its_mailbox_the_news_that_were_stopped(
    session: Session, sheet: PaperSheet, stopped: PaperRow, ticks: Details
) -> None:
    data_entry.correct_row(session, stopped, ticks, actor="test")
    other = data_entry.add_row(session, sheet, replace(TOM, news=True), actor="test")
    if other.verdict is RowVerdict.DOUBLE:
        data_entry.count_row(session, other, actor="test")
    assert other.signature is not None
    assert other.signature.consent_updates_at is None


def test_a_stop_of_the_news_of_a_row_holds_for_the_letter_signed_since(
    app: Flask, session: Session, sheet: PaperSheet
) -> None:
    row = data_entry.add_row(session, sheet, TICKED, actor="test")
    assert row.signature is not None
    switch_news(session, row.signature, on=False, now=db.utcnow())
    data_entry.correct_row(session, row, TICKED, actor="test")
    assert row.signature.consent_updates_at is None
    letter = sign_from_home(session, sheet.campaign, PIA, 1)
    run_job(app, session)
    again = data_entry.add_row(session, sheet, TICKED, actor="test")
    assert [row.twin, again.twin, letter.consent_updates_at] == [letter, letter, None]


def test_a_row_that_is_no_double_any_more_takes_its_tick_along(
    app: Flask, session: Session, sheet: PaperSheet, pia: Signature
) -> None:
    row = data_entry.add_row(session, sheet, replace(TOM, news=True), actor="test")
    assert (row.twin, pia.consent_updates_at) == (pia, get_noon(sheet))
    data_entry.count_row(session, row, actor="test")
    assert row.signature is not None
    assert (row.signature.consent_updates_at, pia.consent_updates_at) == (get_noon(sheet), None)
    row.told_apart = False
    tom = sign_from_home(session, sheet.campaign, TOM, 2)
    run_job(app, session)
    assert (row.twin, tom.consent_updates_at) == (tom, get_noon(sheet))
    data_entry.remove_row(session, row, actor="test")
    assert tom.consent_updates_at is None
    data_entry.restore_row(session, row, actor="test")
    assert tom.consent_updates_at == get_noon(sheet)


def test_a_tick_stays_with_the_letter_as_long_as_another_row_has_it(
    session: Session, sheet: PaperSheet, pia: Signature
) -> None:
    rows = [data_entry.add_row(session, sheet, TICKED, actor="test") for _ in range(2)]
    data_entry.remove_row(session, rows[0], actor="test")
    assert pia.consent_updates_at == get_noon(sheet)
    data_entry.correct_row(session, rows[1], PIA, actor="test")
    assert pia.consent_updates_at is None


def test_what_the_letter_has_by_itself_is_its_own(
    session: Session, sheet: PaperSheet, pia: Signature
) -> None:
    switch_news(session, pia, on=True, now=db.utcnow())
    own = pia.consent_updates_at
    row = data_entry.add_row(session, sheet, TICKED, actor="test")
    data_entry.remove_row(session, row, actor="test")
    assert pia.consent_updates_at == own


def test_what_is_held_of_somebody_says_what_was_ticked_on_the_sheet(
    session: Session, sheet: PaperSheet, pia: Signature
) -> None:
    data_entry.add_row(session, sheet, TICKED, actor="test")
    facts = {"place": "Hull", "collected_on": days_ago(3)}
    sheets.edit_sheet(session, sheet, facts, actor="test")
    session.expire_all()
    mailbox = Mailbox(pia.email, pia.email_hmac, db.utcnow())
    (letter,) = gather_data(session, mailbox, db.utcnow()).data["letters"]  # type: ignore[misc, attr-defined]
    consents = {consent["what"]: consent for consent in letter["consents"]}
    assert consents["updates"]["agreed_at"] == letter["consent_updates_at"] == days_ago(3)
    assert consents["updates"]["wording"] == "News about this case"
    assert consents["delivery"]["wording"] != "News about this case"
