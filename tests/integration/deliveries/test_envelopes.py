"""Refused at the gate: into envelopes and to the post, or through another mission."""

import html
import io
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.bundles.freeze.choices import BundleChoice
from campaign.bundles.volumes import print_jobs
from campaign.core import db, jobs
from campaign.deliveries.envelopes.split_bundle import Span, pack_letters
from campaign.deliveries.remaining_letters import count_here
from campaign.mail.messages import OutboxMail
from campaign.models.bundle import CAME_BACK, Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.delivery import Envelope, EnvelopeRun, LetterMove, Rerouting, RunState
from campaign.models.notice import Notice
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.models.staff import Role
from campaign.storage import storage
from tests.days import today
from tests.factories import add_confirmed, post, sign_in
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.deliveries.conftest import Record
from tests.integration.tracking.conftest import sign


def after(bundle: Bundle, deed: str = "") -> str:
    page = f"/desk/bundles/{bundle.public_id}/after"
    return f"{page}/{deed}" if deed else page


def posting(**facts: Any) -> dict[str, Any]:
    return {
        "key": db.new_public_id(),
        "outcome": "posted",
        "tracking": "",
        "posted_on": today().isoformat(),
        "first": "1",
        "last": "1",
    } | facts


def envelopes(session: Session) -> list[tuple[int, int, bool]]:
    session.rollback()
    session.expire_all()
    rows = session.scalars(select(Envelope).order_by(Envelope.sequence))
    return [
        (envelope.first_number, envelope.last_number, envelope.attempt_id is not None)
        for envelope in rows
    ]


def pages_of(body: bytes) -> list[str]:
    return [
        page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(io.BytesIO(body))
    ]


@pytest.mark.parametrize(
    ("numbers", "each", "taken", "expected"),
    [
        ([1, 2, 3, 4, 5], 2, [], [(1, 2, 2), (3, 4, 2), (5, 5, 1)]),
        ([1, 2, 3], 1, [], [(1, 1, 1), (2, 2, 1), (3, 3, 1)]),
        ([1, 2, 5, 6], 3, [], [(1, 5, 3), (6, 6, 1)]),
        ([1, 2, 5, 6], 3, [(3, 4)], [(1, 2, 2), (5, 6, 2)]),
        ([4, 5], 500, [(1, 3)], [(4, 5, 2)]),
        ([], 3, [], []),
    ],
)
def test_an_envelope_holds_so_many_letters_and_reaches_over_none_that_was_taken(
    numbers: list[int], each: int, taken: list[tuple[int, int]], expected: list[tuple[int, ...]]
) -> None:
    assert list(pack_letters(numbers, each, taken)) == [Span(*facts) for facts in expected]


@pytest.mark.parametrize("came_back", sorted(CAME_BACK))
def test_a_refused_bundle_goes_into_envelopes_and_to_the_post(
    app: Flask,
    staff: FlaskClient,
    printed: Bundle,
    session: Session,
    record: Record,
    came_back: DeliveryOutcome,
) -> None:
    record(printed, came_back)
    assert "You still have 7 letters here" in staff.get(after(printed)).text
    split = post(staff, after(printed, "split"), {"letters_each": "3", "with_letters": "y"})
    assert split.status_code == 303
    assert envelopes(session) == [(1, 3, False), (4, 6, False), (7, 7, False)]
    run = session.scalars(select(EnvelopeRun)).one()
    with app.app_context():
        jobs.run_now("deliveries.print-envelopes", run.id)
    session.rollback()
    session.expire_all()
    run = session.scalars(select(EnvelopeRun)).one()
    assert run.state is RunState.READY
    assert [(file["name"], file["pages"]) for file in run.files] == [
        ("labels.pdf", 1),
        ("envelopes-001.pdf", 10),
    ]
    answer = post(staff, after(printed, "files/envelopes-001.pdf"))
    pages = pages_of(answer.data)
    for at, numbers in ((0, "00001 to 00003"), (4, "00004 to 00006"), (8, "00007")):
        assert "100 Sample Street" in pages[at]
        assert numbers in pages[at]
        assert "Amara Okafor" in pages[at + 1]
    assert "envelope 2 of 3" in pages[4]
    assert post(staff, after(printed, "files/other.pdf")).status_code == 404
    labels = post(staff, after(printed, "files/labels.pdf"))
    assert labels.data.startswith(b"%PDF-")

    assert post(staff, after(printed, "post"), posting(last="2")).status_code == 303
    assert [gone for _a, _b, gone in envelopes(session)] == [True, True, False]
    attempt = session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.id.desc())).first()
    assert attempt is not None
    assert (attempt.outcome, attempt.messages) == (DeliveryOutcome.POSTED, 6)
    assert count_here(session, session.get_one(Bundle, printed.id)) == 1
    assert post(staff, after(printed, "undo")).status_code == 409
    none_left = post(staff, after(printed, "post"), posting(last="2"))
    assert none_left.status_code == 409
    assert "You still have 1 letter here" in staff.get(after(printed)).text


def test_a_letter_alone_shows_its_own_address_and_sheets_that_came_back_are_used(
    app: Flask, staff: FlaskClient, printed: Bundle, session: Session, record: Record
) -> None:
    record(printed, DeliveryOutcome.REFUSED)
    for form, pages in (
        ({"letters_each": "1", "with_letters": "y"}, [1, 7]),
        ({"letters_each": "4"}, [1, 2]),
    ):
        assert post(staff, after(printed, "split"), form).status_code == 303
        session.rollback()
        run_id = session.scalars(select(EnvelopeRun.id)).one()
        session.rollback()
        with app.app_context():
            jobs.run_now("deliveries.print-envelopes", run_id)
        session.expire_all()
        run = session.scalars(select(EnvelopeRun)).one()
        assert [file["pages"] for file in run.files] == pages
        session.rollback()
        assert post(staff, after(printed, "undo")).status_code == 303
    assert envelopes(session) == []


def test_one_worker_makes_the_files_and_a_letter_that_was_taken_back_is_not_in_them(
    app: Flask, staff: FlaskClient, printed: Bundle, session: Session, record: Record
) -> None:
    record(printed, DeliveryOutcome.REFUSED)
    post(staff, after(printed, "split"), {"letters_each": "7", "with_letters": "y"})
    session.rollback()
    second = session.scalars(select(Letter.signature_id).where(Letter.sequence == 2)).one()
    session.execute(
        update(Signature).where(Signature.id == second).values(state=SignatureState.WITHDRAWN)
    )
    session.commit()
    run_id = session.scalars(select(EnvelopeRun.id)).one()
    session.rollback()
    with app.app_context():
        jobs.run_now("deliveries.print-envelopes", run_id)
        jobs.run_now("deliveries.print-envelopes", run_id)
    session.expire_all()
    run = session.scalars(select(EnvelopeRun)).one()
    assert (run.state, run.attempt) == (RunState.READY, 1)
    assert run.files[1]["pages"] == 1 + 6


def test_a_stop_holds_envelopes_back(
    app: Flask, staff: FlaskClient, bundle: Bundle, session: Session, record: Record
) -> None:
    record(bundle, DeliveryOutcome.REFUSED)
    post(staff, after(bundle, "split"), {"letters_each": "3"})
    session.rollback()
    session.execute(
        update(Campaign).values(
            status=CampaignStatus.STOPPED,
            stopped_at=db.utcnow(),
            status_reasons={"en": "She asked us to."},
        )
    )
    session.commit()
    run_id = session.scalars(select(EnvelopeRun.id)).one()
    session.rollback()
    with app.app_context():
        jobs.run_now("deliveries.print-envelopes", run_id)
    session.expire_all()
    assert session.scalars(select(EnvelopeRun)).one().state is RunState.WAITING
    session.rollback()
    page = staff.get(after(bundle)).text
    assert "Stop: do not deliver anything" in page
    assert "Make the envelopes" not in page
    assert post(staff, after(bundle, "split"), {"letters_each": "3"}).status_code == 409
    assert post(staff, after(bundle, "files/labels.pdf")).status_code == 409
    assert post(staff, after(bundle, "reroute"), {"mission": ""}).status_code == 422


def test_a_part_is_split_only_once_it_is_known_which_letters_it_was(
    staff: FlaskClient, bundle: Bundle, session: Session, record: Record
) -> None:
    visit = record(bundle, DeliveryOutcome.PART, taken=3)
    assert "Which letters did they accept?" in staff.get(after(bundle)).text
    assert post(staff, after(bundle, "split"), {"letters_each": "3"}).status_code == 409
    for typed, words in (
        ("", "Enter the numbers"),
        ("3-1, 5", "Write 1-3"),
        ("1, 2", "fewer letters than"),
        ("6-8", "Its letters are 1 to 7"),
        ("1-3, 2", "contain the same letters"),
        ("1-4", "more letters than"),
        ("all", "“all” is not a number"),
    ):
        wrong = post(staff, after(bundle, "part"), {"numbers": typed})
        assert wrong.status_code == 422, typed
        assert words in html.unescape(wrong.text), typed
        assert f'value="{typed}"' in wrong.text, "what was typed is kept"
    assert post(staff, after(bundle, "part"), {"numbers": "2, 00005–6"}).status_code == 303
    session.rollback()
    attempt = session.scalars(select(DeliveryAttempt)).one()
    assert attempt.visit_id == visit.id
    assert count_here(session, session.get_one(Bundle, bundle.id)) == 4
    assert post(staff, after(bundle, "split"), {"letters_each": "9"}).status_code == 303
    assert envelopes(session) == [(1, 1, False), (3, 4, False), (7, 7, False)]


def test_what_went_out_before_is_in_no_part_and_letters_taken_back_count_either_way(
    staff: FlaskClient, bundle: Bundle, session: Session, record: Record
) -> None:
    record(bundle, DeliveryOutcome.PART, taken=2)
    assert post(staff, after(bundle, "part"), {"numbers": "1, 4"}).status_code == 303
    record(bundle, DeliveryOutcome.PART, taken=2, place="the back door")
    again = post(staff, after(bundle, "part"), {"numbers": "4, 5"})
    assert "were already delivered" in again.text
    session.rollback()
    sixth = select(Letter.signature_id).where(Letter.sequence == 6)
    session.execute(
        update(Signature).where(Signature.id.in_(sixth)).values(state=SignatureState.WITHDRAWN)
    )
    session.commit()
    assert post(staff, after(bundle, "part"), {"numbers": "5-7"}).status_code == 303
    assert count_here(session, reload(session, bundle.id)) == 2


@pytest.mark.parametrize("came_back", sorted(CAME_BACK))
def test_refused_letters_go_through_another_mission_in_a_bundle_of_their_own(
    app: Flask,
    staff: FlaskClient,
    printed: Bundle,
    session: Session,
    record: Record,
    other_mission: str,
    fresh_pages: None,
    came_back: DeliveryOutcome,
) -> None:
    record(printed, came_back)
    post(staff, after(printed, "split"), {"letters_each": "2"})
    post(staff, after(printed, "post"), posting(last="1"))
    answer = post(staff, after(printed, "reroute"), {"mission": other_mission})
    assert answer.status_code == 303
    session.rollback()
    session.expire_all()
    moved = session.scalars(select(Rerouting)).one()
    assert moved.letters == 5
    kept = [(1, 2, True), (3, 4, False), (5, 6, False), (7, 7, False)]
    assert envelopes(session) == kept, "so that the letters can come back into them"
    assert "Empty: none of their letters are here" in staff.get(after(printed)).text
    new = session.get_one(Bundle, moved.to_bundle_id)
    assert (new.mission.slug, new.sequence, new.letter_count) == (other_mission, 1, 5)
    letters = session.scalars(select(Letter).order_by(Letter.id)).all()
    assert sorted((letter.bundle_id, letter.sequence) for letter in letters) == [
        *[(printed.id, number) for number in (1, 2)],
        *[(new.id, number) for number in range(1, 6)],
    ]
    kept = session.scalars(select(LetterMove).order_by(LetterMove.sequence)).all()
    assert [move.sequence for move in kept] == [3, 4, 5, 6, 7]
    new_id = new.id
    session.rollback()
    with app.app_context():
        state = print_jobs.print_here(new_id, at_once=1, progress=lambda _done: None)
    assert state is BundleState.READY
    new = reload(session, new_id)
    [volume] = new.volumes
    name = file_names.stored_volume(new.public_id, volume.sequence, volume.attempt)
    with app.app_context(), storage().open(name) as pdf:
        text = pages_of(pdf.read())
    assert len(text) == 5
    assert all("Montréal" in page and "7 Rue Exemple" in page for page in text)
    assert all("100 Sample Street" not in page for page in text)
    assert "00001" in text[0]
    old_page = staff.get(f"/desk/bundles/{printed.public_id}").text
    assert "5 letters now go through this mission" in old_page
    assert (
        "These letters were in this bundle before:"
        in staff.get(f"/desk/bundles/{new.public_id}").text
    )
    gate = staff.get(f"/desk/bundles/{printed.public_id}/deliver").text
    assert "You have no letters of this bundle left" in gate
    record(new, DeliveryOutcome.ACCEPTED)
    assert count_here(session, reload(session, new_id)) == 0


def test_the_same_mission_is_no_other_and_nothing_is_half_moved(
    staff: FlaskClient, bundle: Bundle, session: Session, record: Record, other_mission: str
) -> None:
    assert post(staff, after(bundle, "reroute"), {"mission": ""}).status_code == 422
    record(bundle, DeliveryOutcome.ACCEPTED)
    gone = post(staff, after(bundle, "reroute"), {"mission": other_mission})
    assert gone.status_code == 409
    session.rollback()
    assert session.scalars(select(Rerouting)).all() == []
    assert session.scalars(select(LetterMove)).all() == []


def test_those_who_wrote_are_told_when_their_letter_goes_out_and_only_then(
    app: Flask,
    bundle: Bundle,
    session: Session,
    record: Record,
    staff: FlaskClient,
    again: Callable[[str, int], None],
) -> None:
    record(bundle, DeliveryOutcome.PART, taken=2)
    session.rollback()
    attempt_id = session.scalars(select(DeliveryAttempt.id)).one()
    session.rollback()
    again("following.delivery-recorded", attempt_id)
    assert session.scalars(select(Notice)).all() == [], "nobody knows yet whose letters it were"
    session.rollback()
    post(staff, after(bundle, "part"), {"numbers": "1, 2"})
    again("following.delivery-recorded", attempt_id)
    session.rollback()
    [notice] = session.scalars(select(Notice)).all()
    assert notice.delivery_id == attempt_id


def test_only_those_whose_letters_were_posted_get_a_mail_and_see_their_envelope(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    record: Record,
    make_ready: Callable[[], int],
    again: Callable[[str, int], None],
    fresh_pages: None,
) -> None:
    letters = [sign(session, campaign, email=f"{name}@example.org") for name in ("first", "second")]
    links = [f"/en/letter/token-{signature.id}" for signature in letters]
    bundle = reload(session, make_ready())
    record(bundle, DeliveryOutcome.REFUSED)
    sign_in(client, app, Role.STAFF)
    post(client, after(bundle, "split"), {"letters_each": "1"})
    post(client, after(bundle, "post"), posting(last="1", tracking="RN 123"))
    session.rollback()
    attempt_id = session.scalars(
        select(DeliveryAttempt.id).where(DeliveryAttempt.outcome == DeliveryOutcome.POSTED)
    ).one()
    session.rollback()
    again("following.delivery-recorded", attempt_id)
    notice_id = session.scalars(select(Notice.id)).one()
    session.rollback()
    again("following.tell", notice_id)
    again("following.tell", notice_id)
    page = client.get(f"{after(bundle)}?letter=2").text
    assert "How you sent them" in page
    assert page.count("<td>00002</td>") == 1
    assert "00001</span>" not in page
    lost = client.get(f"{after(bundle)}?letter=3").text
    assert "No envelope contains a letter with this number. Check the number." in lost
    told = session.scalars(select(OutboxMail).where(OutboxMail.kind == "letter-handed-over")).all()
    assert [mail.recipient for mail in told] == ["first@example.org"]
    session.rollback()
    first, second = (client.get(link).text for link in links)
    assert "Envelope 1 · Tracking number RN 123" in first
    assert "Sent by post" in first
    assert "Refused at the door" in second
    assert "Sent by post" not in second


def test_an_envelope_whose_letters_left_at_the_gate_is_empty_and_not_posted(
    staff: FlaskClient, bundle: Bundle, session: Session, record: Record
) -> None:
    record(bundle, DeliveryOutcome.REFUSED)
    post(staff, after(bundle, "split"), {"letters_each": "1"})
    record(bundle, DeliveryOutcome.PART, taken=2)
    post(staff, after(bundle, "part"), {"numbers": "1, 2"})
    page = staff.get(after(bundle)).text
    assert page.count("Empty: none of its letters are here") == 2
    post(staff, after(bundle, "post"), posting(first="1", last="3"))
    session.rollback()
    assert [posted for _first, _last, posted in envelopes(session)][:4] == [
        False,
        False,
        True,
        False,
    ]
    posted = select(DeliveryAttempt).where(DeliveryAttempt.outcome == DeliveryOutcome.POSTED)
    assert [attempt.messages for attempt in session.scalars(posted)] == [1]


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("9" * 20, "3", "Enter a number from 1 to 3."),
        ("1", "9" * 20, "Enter a number from 1 to 3."),
        ("1", "4", "Enter a number from 1 to 3."),
        ("0", "2", "Enter a number from 1 to 3."),
        ("-5", "2", "Enter a number from 1 to 3."),
        ("3", "2", "The last number comes before the first. Enter the two in order."),
        ("one", "2", "Enter a whole number, in figures."),
        ("1", "", "Enter the last number."),
    ],
)
def test_envelopes_are_posted_by_numbers_that_they_have(
    staff: FlaskClient,
    bundle: Bundle,
    session: Session,
    record: Record,
    first: str,
    last: str,
    words: str,
) -> None:
    record(bundle, DeliveryOutcome.REFUSED)
    post(staff, after(bundle, "split"), {"letters_each": "3"})
    session.rollback()
    session.execute(update(EnvelopeRun).values(state=RunState.READY))
    session.commit()
    wrong = post(staff, after(bundle, "post"), posting(first=first, last=last))
    assert wrong.status_code == 422
    assert words in wrong.text
    assert [posted for _first, _last, posted in envelopes(session)] == [False, False, False]


def test_a_tracking_number_is_that_of_one_envelope(
    staff: FlaskClient, bundle: Bundle, session: Session, record: Record
) -> None:
    record(bundle, DeliveryOutcome.REFUSED)
    post(staff, after(bundle, "split"), {"letters_each": "3"})
    session.rollback()
    session.execute(update(EnvelopeRun).values(state=RunState.READY))
    session.commit()
    tracked = posting(last="2", tracking="RN 123")
    wrong = post(staff, after(bundle, "post"), tracked)
    assert wrong.status_code == 422
    assert "A tracking number belongs to one envelope." in wrong.text
    assert 'value="RN 123"' in wrong.text
    assert [posted for _first, _last, posted in envelopes(session)] == [False, False, False]
    alone = posting(last="1", tracking="RN 123")
    assert post(staff, after(bundle, "post"), alone).status_code == 303
    untracked = posting(first="2", last="3")
    assert post(staff, after(bundle, "post"), untracked).status_code == 303
    numbers = select(Envelope.tracking).order_by(Envelope.sequence)
    session.rollback()
    assert list(session.scalars(numbers)) == ["RN 123", "", ""]


def test_on_both_sides_address_sheets_and_letters_begin_on_sheets_of_their_own(
    app: Flask,
    staff: FlaskClient,
    session: Session,
    record: Record,
    campaign: Campaign,
    freeze: Freeze,
    print_bundle: Print,
) -> None:
    add_confirmed(session, campaign, 3, letter_locale="en")
    session.commit()
    bundle_id = freeze(campaign.id, choice=BundleChoice(duplex=True))
    print_bundle(bundle_id)
    bundle = reload(session, bundle_id)
    record(bundle, DeliveryOutcome.REFUSED)
    post(staff, after(bundle, "split"), {"letters_each": "2", "with_letters": "y"})
    session.rollback()
    run_id = session.scalars(select(EnvelopeRun.id)).one()
    session.rollback()
    with app.app_context():
        jobs.run_now("deliveries.print-envelopes", run_id)
    pages = pages_of(post(staff, after(bundle, "files/envelopes-001.pdf")).data)
    fronts, backs = pages[::2], pages[1::2]
    assert ["Inside:" in page for page in fronts] == [True, False, False, True, False]
    assert all(page.strip() for page in fronts)
    assert not any(page.strip() for page in backs)
    assert "Print on both sides" in staff.get(after(bundle)).text
