"""The files of envelopes: whose letter was withdrawn is in none that is given out."""

import errno
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import file_names
from campaign.bundles.volumes import print_jobs
from campaign.core import db, jobs
from campaign.core.db.leases import LeasedRow
from campaign.core.errors import NotFound, Refused
from campaign.deliveries.envelopes import envelope_store, make_envelopes
from campaign.deliveries.envelopes.mark_posted import list_ways
from campaign.deliveries.record_delivery import remove_visit
from campaign.models.bundle import Bundle, BundleState, DeliveryOutcome
from campaign.models.delivery import EnvelopeRun, GateVisit, RunState
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.signing.states import empty_signature
from tests.factories import post
from tests.integration.deliveries.conftest import Record, Reroute, let_go, run_of
from tests.integration.deliveries.test_envelopes import after, pages_of, posting

Again = Callable[..., None]


@pytest.fixture
def printed(session: Session, printed: Bundle) -> Bundle:
    """Seven letters that are printed; nothing of them is read while others write."""
    return let_go(session, printed)


def names(bundle: Bundle, run: EnvelopeRun) -> list[str]:
    prefix = f"{file_names.stored_folder(bundle.public_id)}/envelopes-{run.public_id}-"
    stored = storage.storage().names(file_names.stored_folder(bundle.public_id))
    return sorted(name.removeprefix(prefix) for name in stored if name.startswith(prefix))


def take_back(session: Session, number: int, state: SignatureState) -> None:
    session.rollback()
    signature = session.scalars(
        select(Signature).join(Letter).where(Letter.sequence == number)
    ).one()
    if state is SignatureState.ERASED:
        empty_signature(signature)
    else:
        signature.state = state
    session.commit()
    session.rollback()


@pytest.fixture
def make(staff: FlaskClient, session: Session, again: Again) -> Callable[..., EnvelopeRun]:
    """Put what is here of a bundle into envelopes, and make their files."""

    def run(bundle: Bundle, each: int = 3, *, with_letters: bool = True) -> EnvelopeRun:
        typed = {"letters_each": str(each)} | ({"with_letters": "y"} if with_letters else {})
        assert post(staff, after(bundle, "split"), typed).status_code == 303
        again("deliveries.print-envelopes", run_of(session).id)
        printed_run = run_of(session)
        assert printed_run.state is RunState.READY
        return printed_run

    return run


def refused(staff: FlaskClient, bundle: Bundle, record: Record) -> None:
    record(bundle, DeliveryOutcome.REFUSED)


def in_part(staff: FlaskClient, bundle: Bundle, record: Record) -> None:
    record(bundle, DeliveryOutcome.PART, taken=2)
    assert post(staff, after(bundle, "part"), {"numbers": "6, 7"}).status_code == 303


@pytest.mark.parametrize("went", [refused, in_part])
@pytest.mark.parametrize("state", [SignatureState.WITHDRAWN, SignatureState.ERASED])
def test_a_letter_that_was_taken_back_since_is_handed_out_in_no_envelope(
    app: Flask,
    staff: FlaskClient,
    printed: Bundle,
    session: Session,
    record: Record,
    again: Again,
    make: Callable[..., EnvelopeRun],
    went: Callable[..., None],
    state: SignatureState,
) -> None:
    went(staff, printed, record)
    run = make(printed)
    letters = 5 if went is in_part else 7
    assert run.files[1]["letters"] == [[1, letters]]
    file = after(printed, "files/envelopes-001.pdf")
    assert post(staff, file).status_code == 200
    take_back(session, 2, state)
    with app.app_context(), db.transaction() as own:
        its_run = own.get_one(EnvelopeRun, run.id)
        with pytest.raises(Refused, match="taken-back"):
            envelope_store.read_file(own, its_run, "envelopes-001.pdf", actor="test")
    assert post(staff, after(printed, "files/labels.pdf")).status_code == 200, "it names nobody"

    answer = post(staff, file)
    assert answer.status_code == 303
    assert "with the letters that are still here" in staff.get(answer.location).text
    assert run_of(session).state is RunState.WAITING
    waits = post(staff, file)
    assert waits.status_code == 409
    assert "The bundle is not ready yet." in waits.text

    again("deliveries.print-envelopes", run.id)
    remade = run_of(session)
    assert remade.files[1]["letters"] == [[1, 1], [3, letters]]
    body = post(staff, file)
    assert body.status_code == 200
    assert len(pages_of(body.data)) == remade.files[1]["pages"] == run.files[1]["pages"] - 1
    with app.app_context():
        assert names(printed, remade) == ["2/envelopes-001.pdf", "2/labels.pdf"], "the old are gone"


def test_what_nobody_asks_for_is_made_anew_too(
    printed: Bundle,
    staff: FlaskClient,
    session: Session,
    record: Record,
    app: Flask,
    make: Callable[..., EnvelopeRun],
) -> None:
    refused(staff, printed, record)
    make(printed)
    with app.app_context():
        jobs.run_now("deliveries.sweep")
    assert run_of(session).state is RunState.READY
    take_back(session, 2, SignatureState.WITHDRAWN)
    with app.app_context():
        jobs.run_now("deliveries.sweep")
    assert run_of(session).state is RunState.WAITING


@pytest.mark.both_engines
@pytest.mark.parametrize(("lasts", "letters"), [("1", [[4, 7]]), ("3", [])])
def test_letters_that_lie_in_their_envelopes_again_are_printed_again(
    printed: Bundle,
    staff: FlaskClient,
    session: Session,
    record: Record,
    again: Again,
    make: Callable[..., EnvelopeRun],
    lasts: str,
    letters: list[list[int]],
) -> None:
    refused(staff, printed, record)
    run = make(printed)
    assert post(staff, after(printed, "post"), posting(last=lasts)).status_code == 303
    again("deliveries.bundle-remade", printed.id)
    again("deliveries.print-envelopes", run.id)
    again("deliveries.sweep")
    current = run_of(session)
    assert current.state is RunState.READY, "what was posted is not missed"
    assert [file["letters"] for file in current.files[1:]] == [letters][: len(letters)]

    visit = session.scalars(select(GateVisit).order_by(GateVisit.id.desc()).limit(1)).one()
    remove_visit(session, visit, actor="test")
    session.commit()
    session.rollback()
    file = after(printed, "files/envelopes-001.pdf")
    if letters:
        assert post(staff, file).status_code == 303
        assert run_of(session).state is RunState.WAITING
    again("deliveries.sweep")
    assert run_of(session).state is RunState.WAITING
    again("deliveries.print-envelopes", run.id)
    assert run_of(session).files[1]["letters"] == [[1, 7]]
    again("deliveries.sweep")
    assert run_of(session).state is RunState.READY
    assert post(staff, file).status_code == 200


def test_letters_that_moved_lie_in_no_envelope_and_no_file_that_is_made_again(
    printed: Bundle,
    staff: FlaskClient,
    session: Session,
    record: Record,
    reroute: Reroute,
    again: Again,
    make: Callable[..., EnvelopeRun],
) -> None:
    refused(staff, printed, record)
    run = make(printed)
    assert post(staff, after(printed, "post"), posting(first="3", last="3")).status_code == 303
    reroute(printed.id)
    again("deliveries.sweep")
    assert run_of(session).state is RunState.READY, "there is nothing to make again"

    visit = session.scalars(select(GateVisit).order_by(GateVisit.id.desc()).limit(1)).one()
    remove_visit(session, visit, actor="test")
    session.commit()
    assert post(staff, after(printed, "files/envelopes-001.pdf")).status_code == 303
    assert run_of(session).state is RunState.WAITING
    again("deliveries.print-envelopes", run.id)
    assert run_of(session).files[1]["letters"] == [[7, 7]]
    ways = list_ways(session, session.scalars(select(EnvelopeRun)).one(), here=1)
    assert sorted(ways.empty) == [1, 2]
    session.rollback()
    again("deliveries.sweep")
    assert run_of(session).state is RunState.READY


def test_a_letter_that_counts_again_is_printed_again(
    printed: Bundle,
    staff: FlaskClient,
    session: Session,
    record: Record,
    again: Again,
    make: Callable[..., EnvelopeRun],
) -> None:
    refused(staff, printed, record)
    run = make(printed)
    for state, letters in (
        (SignatureState.WITHDRAWN, [[1, 1], [3, 7]]),
        (SignatureState.CONFIRMED, [[1, 7]]),
    ):
        take_back(session, 2, state)
        again("deliveries.sweep")
        again("deliveries.print-envelopes", run.id)
        assert run_of(session).files[1]["letters"] == letters


def test_single_letters_of_which_nothing_is_printed_are_missed_in_no_file(
    printed: Bundle,
    staff: FlaskClient,
    session: Session,
    record: Record,
    again: Again,
    make: Callable[..., EnvelopeRun],
) -> None:
    refused(staff, printed, record)
    make(printed, 1, with_letters=False)
    again("deliveries.sweep")
    assert run_of(session).state is RunState.READY
    assert post(staff, after(printed, "files/labels.pdf")).status_code == 200


@pytest.mark.both_engines
def test_files_from_before_their_letters_were_written_down_are_made_anew_once(
    printed: Bundle,
    staff: FlaskClient,
    session: Session,
    record: Record,
    app: Flask,
    again: Again,
    make: Callable[..., EnvelopeRun],
) -> None:
    refused(staff, printed, record)
    take_back(session, 2, SignatureState.WITHDRAWN)
    run = make(printed)
    bare = [{key: value for key, value in file.items() if key != "letters"} for file in run.files]
    session.execute(update(EnvelopeRun).values(files=bare))
    session.commit()
    for state in (RunState.WAITING, RunState.READY):
        session.rollback()
        with app.app_context():
            jobs.run_now("deliveries.sweep")
        assert run_of(session).state is state
        again("deliveries.print-envelopes", run.id)


def test_a_bundle_that_is_made_again_keeps_its_envelopes_and_has_them_made_after_it(
    printed: Bundle,
    staff: FlaskClient,
    session: Session,
    record: Record,
    app: Flask,
    again: Again,
    make: Callable[..., EnvelopeRun],
) -> None:
    refused(staff, printed, record)
    run = make(printed)
    take_back(session, 2, SignatureState.WITHDRAWN)
    with app.app_context():
        jobs.run_now("bundles.remake")
    again("deliveries.bundle-remade", printed.id)
    again("deliveries.print-envelopes", run.id)
    assert run_of(session).state is RunState.WAITING, "its volumes are being printed"
    with app.app_context():
        state = print_jobs.print_here(printed.id, at_once=1, progress=lambda _done: None)
        assert state is BundleState.READY
        assert names(printed, run) == ["1/envelopes-001.pdf", "1/labels.pdf"]
    again("deliveries.print-envelopes", run.id)
    remade = run_of(session)
    assert remade.state is RunState.READY
    assert remade.files[1]["letters"] == [[1, 1], [3, 7]]
    assert post(staff, after(printed, "files/envelopes-001.pdf")).status_code == 200


@pytest.mark.both_engines
def test_envelopes_of_a_bundle_from_which_everyone_withdraws_are_kept_by_no_one(
    printed: Bundle,
    staff: FlaskClient,
    session: Session,
    record: Record,
    app: Flask,
    again: Again,
    make: Callable[..., EnvelopeRun],
) -> None:
    refused(staff, printed, record)
    run = make(printed)
    again("deliveries.bundle-remade", printed.id)  # they are to be made once more
    with app.app_context():
        with db.transaction() as own:
            hold = make_envelopes.RUNS.claim(own, run.id, *make_envelopes._may_print())
        assert hold is not None
        files = make_envelopes.make_files(run.id, hold.attempt)
        for number in range(1, 8):
            take_back(session, number, SignatureState.WITHDRAWN)
        jobs.run_now("bundles.remake")
        assert not make_envelopes._finish(hold, RunState.READY, files=files)
        assert names(printed, run) == []
    again("deliveries.bundle-remade", printed.id)
    again("deliveries.sweep")
    again("deliveries.print-envelopes", run.id)  # its volumes are gone: it would fail
    assert run_of(session).state is RunState.WAITING
    assert post(staff, after(printed, "files/envelopes-001.pdf")).status_code == 409


def inside(file: bytes) -> list[str]:
    """What the address sheets say that is in their envelopes."""
    sheets = (" ".join(page.split()) for page in pages_of(file))
    lines = (
        re.search(r"Inside: (\d+ letters?) about .*?, (no\. [^.]+)\.", page) for page in sheets
    )
    return [f"{line[1]} … {line[2]}" for line in lines if line]


def test_address_sheets_name_the_letters_that_are_in_their_envelopes(
    printed: Bundle,
    staff: FlaskClient,
    session: Session,
    record: Record,
    app: Flask,
    again: Again,
    make: Callable[..., EnvelopeRun],
) -> None:
    refused(staff, printed, record)
    run = make(printed, with_letters=False)
    file = after(printed, "files/envelopes-001.pdf")
    assert inside(post(staff, file).data) == [
        "3 letters … no. 00001 to 00003",
        "3 letters … no. 00004 to 00006",
        "1 letter … no. 00007",
    ]
    take_back(session, 2, SignatureState.WITHDRAWN)
    with app.app_context():
        jobs.run_now("bundles.remake")
        print_jobs.print_here(printed.id, at_once=1, progress=lambda _done: None)
    again("deliveries.bundle-remade", printed.id)
    assert post(staff, file).status_code == 303
    again("deliveries.print-envelopes", run.id)
    assert inside(post(staff, file).data)[0] == "2 letters … no. 00001, 00003"


def test_a_file_that_is_lost_is_made_anew(
    printed: Bundle,
    staff: FlaskClient,
    session: Session,
    record: Record,
    app: Flask,
    again: Again,
    make: Callable[..., EnvelopeRun],
) -> None:
    refused(staff, printed, record)
    run = make(printed)
    with app.app_context():
        envelope_store.delete_files(printed.public_id, run.public_id)
    file = after(printed, "files/envelopes-001.pdf")
    assert post(staff, file).status_code == 303
    again("deliveries.print-envelopes", run.id)
    assert post(staff, file).status_code == 200
    assert post(staff, after(printed, "files/other.pdf")).status_code == 404


def lose_volume(bundle: Bundle) -> None:
    [volume] = bundle.volumes
    storage.storage().delete(file_names.stored_volume_of(bundle, volume))


def test_what_cannot_be_made_is_given_up_after_five_tries_and_tried_again_by_hand(
    printed: Bundle, staff: FlaskClient, session: Session, record: Record, app: Flask, again: Again
) -> None:
    refused(staff, printed, record)
    assert post(staff, after(printed, "split"), {"letters_each": "3"}).status_code == 303
    run = run_of(session)
    assert post(staff, after(printed, "again")).status_code == 409, "it did not fail"
    with app.app_context(), db.reading() as own:
        lose_volume(own.get_one(Bundle, printed.id))
    for at in range(1, 6):
        assert run_of(session).state is RunState.WAITING, at
        with pytest.raises(NotFound):
            again("deliveries.print-envelopes", run.id)
    again("deliveries.print-envelopes", run.id)
    given_up = run_of(session)
    assert (given_up.state, given_up.attempt) == (RunState.FAILED, 5)
    page = staff.get(after(printed)).text
    assert "We tried several times" in page
    assert "We are making" not in page
    assert post(staff, after(printed, "again")).status_code == 303
    assert run_of(session).state is RunState.WAITING
    with pytest.raises(NotFound):
        again("deliveries.print-envelopes", run.id)
    assert run_of(session).state is RunState.FAILED, "one try for each press of the button"


@pytest.mark.both_engines
def test_for_want_of_room_it_is_tried_until_there_is_some(
    printed: Bundle, staff: FlaskClient, session: Session, record: Record, app: Flask
) -> None:
    refused(staff, printed, record)
    assert post(staff, after(printed, "split"), {"letters_each": "3"}).status_code == 303
    run = run_of(session)
    full = RuntimeError("not written")
    full.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    away = storage.FilesAway("ConnectError")
    with app.app_context():
        for problem, slug in ((full, "no-room"), (away, "storage-away")):
            told = make_envelopes._decide_state(problem, LeasedRow(run.id, 90))
            assert told == (RunState.WAITING, slug)
            session.execute(update(EnvelopeRun).values(state=told[0], failure=slug))
            session.commit()
            page = staff.get(after(printed)).text
            assert "make the files automatically" in page
        assert (
            make_envelopes._decide_state(ValueError(), LeasedRow(run.id, 4))[0] is RunState.WAITING
        )
        assert (
            make_envelopes._decide_state(ValueError(), LeasedRow(run.id, 5))[0] is RunState.FAILED
        )
        assert (
            make_envelopes._decide_state(SystemExit(), LeasedRow(run.id, 9))[0] is RunState.WAITING
        )


def test_empty_envelopes_are_left_out_of_what_is_to_be_posted(
    staff: FlaskClient,
    printed: Bundle,
    session: Session,
    record: Record,
    make: Callable[..., EnvelopeRun],
) -> None:
    refused(staff, printed, record)
    make(printed, 2)  # 1-2, 3-4, 5-6, 7
    record(printed, DeliveryOutcome.PART, taken=3)
    assert post(staff, after(printed, "part"), {"numbers": "1, 2, 4"}).status_code == 303
    assert post(staff, after(printed, "post"), posting(last="4")).status_code == 303
    page = staff.get(after(printed)).text
    assert "Envelopes posted: 3 of 3." in page
    assert "Empty: their letters were accepted at the mission or withdrawn" in page
    assert "At the post office" not in page
    assert "Ready to post" not in page


def test_the_form_begins_with_the_first_envelope_that_holds_a_letter(
    staff: FlaskClient,
    printed: Bundle,
    session: Session,
    record: Record,
    make: Callable[..., EnvelopeRun],
) -> None:
    refused(staff, printed, record)
    make(printed, 1)
    record(printed, DeliveryOutcome.PART, taken=2)
    assert post(staff, after(printed, "part"), {"numbers": "1, 7"}).status_code == 303
    take_back(session, 2, SignatureState.WITHDRAWN)
    page = staff.get(after(printed)).text
    numbers = re.findall(r'<input[^>]*name="(first|last)"[^>]*value="(\d+)"', page)
    assert sorted(numbers) == [("first", "3"), ("last", "6")]
    assert "Envelopes posted: 0 of 4." in page
    assert "Cancel the envelopes" in page
    *notices, table = page.split("<table")
    assert table.count("Empty: none of its letters are here") == 3
    assert "".join(notices).count("Empty: none of its letters are here") == 1  # as withdrawn
    assert post(staff, after(printed, "post"), posting(first="3", last="6")).status_code == 303
    assert "Envelopes posted: 4 of 4." in staff.get(after(printed)).text
