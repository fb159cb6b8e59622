"""A delivery recorded late counts the letters of the paper that was carried, not those of today."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, null, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from campaign.bundles.changes import prints
from campaign.bundles.documents.contents_and_delivery_sheet import say_what_to_destroy
from campaign.bundles.letter_codes.stored_codes import find_proof
from campaign.core import clock, db, jobs
from campaign.core.errors import Invalid
from campaign.core.i18n import say_moment_in_zone
from campaign.core.text.desk_texts import group_code
from campaign.deliveries import correct_record, publish_delivery, record_delivery, remaining_letters
from campaign.deliveries.carried_paper import list_papers
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.envelopes.mark_posted import list_ways
from campaign.deliveries.recording_rules import Numbers
from campaign.models.bundle import (
    Bundle,
    BundlePrint,
    BundleState,
    DeliveryAttempt,
    DeliveryOutcome,
)
from campaign.models.delivery import EnvelopeRun, GateVisit, RunState
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.public.pages import list_check_codes
from campaign.signing.states import empty_signature
from campaign.tracking.letter_place import (
    Place,
    find_kept_letters,
    find_place,
    is_in_print_files,
    say_withdrawn,
)
from campaign.tracking.letter_trips import trips_of
from tests.days import today
from tests.factories import post
from tests.integration.bundles.conftest import Print, reload
from tests.integration.conftest import Keep
from tests.integration.deliveries.conftest import Record, form

ENDS = [
    DeliveryOutcome.ACCEPTED,
    DeliveryOutcome.LEFT,
    DeliveryOutcome.POSTED,
    DeliveryOutcome.COURIER,
]
TakePart = Callable[..., None]
FIRST_PRINT, BEFORE, REMADE, AFTER = (timedelta(minutes=ago) for ago in (90, 60, 30, 10))
"""How long ago: the bundle was printed, carried, made again without a letter, carried again."""


@pytest.fixture
def withdrawn(session: Session, printed: Bundle) -> Callable[..., Signature]:
    """Withdraw the third of the seven letters, printed a while ago."""
    old = db.utcnow() - FIRST_PRINT
    bundle_id = printed.id
    session.execute(update(Bundle).values(created_at=old - timedelta(days=1)))
    session.execute(update(BundlePrint).values(made_at=old))
    session.commit()

    def run(state: SignatureState = SignatureState.WITHDRAWN, number: int = 3) -> Signature:
        signature_id = session.scalar(
            select(Letter.signature_id).where(
                Letter.bundle_id == bundle_id, Letter.sequence == number
            )
        )
        signature = session.get_one(Signature, signature_id)
        if state is SignatureState.ERASED:
            empty_signature(signature)
        else:
            signature.state = state
        session.commit()
        return signature

    return run


@pytest.fixture
def remade(
    session: Session,
    printed: Bundle,
    withdrawn: Callable[..., Signature],
    print_bundle: Print,
    keep: Keep,
) -> Bundle:
    """The bundle, made again without the third letter."""

    def make() -> int:
        withdrawn()
        remake(session, printed, print_bundle)
        return printed.id

    return reload(session, keep("remade", make))


@pytest.fixture
def take_part(session: Session, record: Record) -> TakePart:
    """Record that letters were taken, from the first to this one."""

    def run(bundle: Bundle, last: int, **facts: Any) -> None:
        visit = record(reload(session, bundle.id), DeliveryOutcome.PART, taken=last, **facts)
        session.rollback()
        attempt = session.get_one(DeliveryAttempt, visit.attempts[0].id)
        split_bundle.name_part(session, attempt, [Numbers(1, last)], actor="test")
        session.commit()

    return run


@pytest.fixture(params=[False, True])
def is_remade(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def take_back(session: Session, print_bundle: Print, is_remade: bool) -> Callable[..., None]:
    """Withdraw a letter; the bundle stays as it was printed, or is made again without it."""

    def run(bundle: Bundle, day: date | None = None, number: int = 3) -> None:
        withdraw_on(session, bundle, day or today(), number)
        if is_remade:
            remake(session, bundle, print_bundle)

    return run


def find_removed(session: Session, bundle: Bundle) -> str:
    """Find how a form names the paper of which the withdrawn sheets were removed."""
    papers = list_papers(session, reload(session, bundle.id))
    removed = next(paper.value for paper in papers if paper.removed)
    session.rollback()
    return removed


def remake(session: Session, bundle: Bundle, print_bundle: Print, ago: timedelta = REMADE) -> None:
    bundle_id = bundle.id
    session.rollback()
    jobs.run_now("bundles.remake")
    print_bundle(bundle_id)
    newest = select(func.max(BundlePrint.id)).scalar_subquery()
    statement = (
        update(BundlePrint).where(BundlePrint.id == newest).values(made_at=db.utcnow() - ago)
    )
    session.execute(statement)
    session.commit()


def at(bundle: Bundle, ago: timedelta, **more: Any) -> dict[str, Any]:
    """The day and time of a visit, by the clocks at the mission."""
    moment: datetime = db.utcnow() - ago
    return {
        "day": clock.day_of(moment, bundle.zone),
        "happened_time": clock.time_of(moment, bundle.zone),
    } | more


def counts(session: Session) -> list[int]:
    session.rollback()
    return list(session.scalars(select(DeliveryAttempt.messages).order_by(DeliveryAttempt.id)))


def third(session: Session, bundle: Bundle) -> Signature:
    letter = select(Letter.signature_id).where(Letter.bundle_id == bundle.id, Letter.sequence == 3)
    return session.get_one(Signature, session.scalar(letter))


def is_handed_over(session: Session, signature: Signature) -> bool:
    return any(trip.is_gone for trip in trips_of(session, signature.letters))


def check_code_of(session: Session, bundle: Bundle) -> str:
    return prints.find_check_code(session, reload(session, bundle.id))


def asked(bundle: Bundle) -> dict[str, str]:
    return {f"paper_{bundle.id}": "paper-unsaid"}


@pytest.mark.parametrize("outcome", ENDS)
def test_what_was_carried_before_the_bundle_was_remade_held_the_withdrawn_letter(
    session: Session, remade: Bundle, record: Record, outcome: DeliveryOutcome
) -> None:
    first, second = prints.list_prints(session, remade)
    visit = record(remade, outcome, **at(remade, BEFORE))
    assert counts(session) == [7]
    assert is_handed_over(session, third(session, remade))
    assert check_code_of(session, remade) == first.check_code != second.check_code
    proofs = [find_proof(session, letter) for letter in letters_of(session, remade)]
    assert {proof.check_code for proof in proofs if proof} == {first.check_code}
    assert len([proof for proof in proofs if proof]) == 7
    assert remaining_letters.count_paper(session, reload(session, remade.id)) == 0
    # Taken back as a mistake, the bundle is what it was.
    record_delivery.remove_visit(session, session.get_one(GateVisit, visit.id), actor="test")
    session.commit()
    assert check_code_of(session, remade) == second.check_code
    assert not is_handed_over(session, third(session, remade))
    assert [paper.letters for paper in list_papers(session, reload(session, remade.id))] == [
        6,
        7,
        6,
        6,
    ]


def letters_of(session: Session, bundle: Bundle) -> list[Letter]:
    mine = select(Letter).where(Letter.bundle_id == bundle.id).order_by(Letter.sequence)
    return list(session.scalars(mine))


@pytest.mark.parametrize("ago", [REMADE, AFTER])
def test_after_it_was_remade_it_is_asked_which_print_it_was(
    session: Session, remade: Bundle, record: Record, ago: timedelta
) -> None:
    with pytest.raises(Invalid) as refused:
        record(remade, DeliveryOutcome.ACCEPTED, **at(remade, ago))
    assert refused.value.fields == asked(remade)
    papers = list_papers(session, reload(session, remade.id))
    assert [(paper.letters, paper.removed) for paper in papers] == [
        (6, False),
        (7, False),
        (6, True),
        (6, True),
    ]
    newer = papers[0]
    record_with(record, remade, newer.value, at(remade, ago))
    assert counts(session) == [6]
    assert not is_handed_over(session, third(session, remade))


def record_with(
    record: Record,
    bundle: Bundle,
    paper: str,
    facts: dict[str, Any],
    outcome: DeliveryOutcome = DeliveryOutcome.ACCEPTED,
) -> GateVisit:
    return record(bundle, outcome, paper=paper, **facts)


def place_of(session: Session, bundle: Bundle) -> Place:
    """Return where the third letter is said to be to who withdrew or deleted it."""
    session.rollback()
    session.expire_all()
    return find_place(session, third(session, bundle))


@pytest.mark.parametrize("state", [SignatureState.WITHDRAWN, SignatureState.ERASED])
def test_who_withdrew_is_not_promised_that_an_earlier_print_stays_here(
    session: Session,
    printed: Bundle,
    withdrawn: Callable[..., Signature],
    print_bundle: Print,
    record: Record,
    state: SignatureState,
) -> None:
    withdrawn(state)
    assert place_of(session, printed) is Place.PRINTED
    remake(session, printed, print_bundle)
    assert place_of(session, printed) is Place.PRINTED
    assert find_kept_letters(session, [third(session, printed)]).undelivered
    record(printed, DeliveryOutcome.REFUSED, **at(printed, BEFORE))
    assert place_of(session, printed) is Place.PRINTED
    newer = list_papers(session, reload(session, printed.id))[0].value
    record_with(record, printed, newer, at(printed, AFTER))
    assert place_of(session, printed) is Place.UNPRINTED
    kept = find_kept_letters(session, [third(session, printed)])
    assert (kept.printed, kept.undelivered, kept.delivered) == (True, False, False)
    assert not is_in_print_files(session, third(session, printed))
    assert not kept.copied


def test_a_letter_in_an_envelope_that_is_not_posted_yet_may_still_be_delivered(
    staff: FlaskClient, session: Session, in_envelopes: Callable[..., Bundle], print_bundle: Print
) -> None:
    bundle = in_envelopes()
    withdraw_on(session, bundle, today())
    remake(session, bundle, print_bundle)
    assert post_envelopes(staff, bundle, first="2", last="3").status_code == 303
    assert place_of(session, bundle) is Place.PRINTED
    assert post_envelopes(staff, bundle, withdrawn_in="no").status_code == 303
    assert place_of(session, bundle) is Place.UNPRINTED
    run = session.scalars(select(EnvelopeRun)).one()
    assert sum(line.letters for line in list_ways(session, run, here=0).lines) == 6


@pytest.mark.parametrize("way", ["", "-kept-"])
def test_a_print_that_was_made_after_the_visit_is_refused(
    staff: FlaskClient, session: Session, remade: Bundle, way: str
) -> None:
    papers = list_papers(session, remade)
    kept = [paper.value for paper in papers if "-kept-" in paper.value]
    chosen = kept[0] if way else papers[0].value
    url = f"/desk/bundles/{remade.public_id}/deliver"

    def send(ago: timedelta) -> TestResponse:
        day, clock_time = at(remade, ago).values()
        when = {"happened_on": day.isoformat(), "happened_time": clock_time.isoformat("minutes")}
        typed = form(outcome="left", place="Mailbox", **when)
        return post(staff, url, typed | {f"paper_{remade.id}": chosen})

    refused = send(BEFORE)
    assert refused.status_code == 422
    assert "This print was made after the date and time you entered." in refused.text
    assert 'value="Mailbox"' in refused.text
    assert re.search(rf'value="{chosen}"[^>]*checked|checked[^>]*value="{chosen}"', refused.text)
    assert counts(session) == []
    assert send(REMADE).status_code == 303  # within the minute in which it was made


@pytest.mark.both_engines
@pytest.mark.parametrize("state", [SignatureState.WITHDRAWN, SignatureState.ERASED])
def test_while_the_letter_is_still_in_the_volume_it_is_asked_whether_it_was_removed(
    session: Session,
    printed: Bundle,
    withdrawn: Callable[..., Signature],
    record: Record,
    state: SignatureState,
) -> None:
    withdrawn(state)
    with pytest.raises(Invalid) as refused:
        record(printed, DeliveryOutcome.POSTED, **at(printed, BEFORE))
    assert refused.value.fields == asked(printed)
    whole, removed = list_papers(session, reload(session, printed.id))
    assert (whole.letters, removed.letters) == (7, 6)
    visit = record_with(record, printed, removed.value, at(printed, BEFORE))
    assert counts(session) == [6]
    assert not is_handed_over(session, third(session, printed))
    assert place_of(session, printed) is Place.UNPRINTED
    assert is_in_print_files(session, third(session, printed)), "nothing remakes its volume now"
    assert find_kept_letters(session, [third(session, printed)]).copied
    record_delivery.remove_visit(session, session.get_one(GateVisit, visit.id), actor="test")
    session.commit()
    record_with(record, printed, whole.value, at(printed, BEFORE))
    assert counts(session) == [7]
    assert is_handed_over(session, third(session, printed))


def test_erased_meanwhile_the_letter_still_counts(
    session: Session,
    printed: Bundle,
    withdrawn: Callable[..., Signature],
    print_bundle: Print,
    record: Record,
) -> None:
    withdrawn(SignatureState.ERASED)
    remake(session, printed, print_bundle)
    record(reload(session, printed.id), DeliveryOutcome.ACCEPTED, **at(printed, BEFORE))
    assert counts(session) == [7]


def test_of_several_prints_it_is_the_one_of_that_moment(
    session: Session,
    remade: Bundle,
    withdrawn: Callable[..., Signature],
    print_bundle: Print,
    record: Record,
) -> None:
    withdrawn(number=5)
    remake(session, remade, print_bundle, ago=timedelta(minutes=5))
    bundle = reload(session, remade.id)
    assert [paper.letters for paper in list_papers(session, bundle)] == [5, 6, 5, 5, 7, 5, 5]
    record(bundle, DeliveryOutcome.ACCEPTED, **at(bundle, BEFORE))
    assert counts(session) == [7]
    assert remaining_letters.count_paper(session, reload(session, bundle.id)) == 0


@pytest.mark.parametrize("outcome", ENDS)
def test_an_earlier_print_went_with_the_withdrawn_sheet_removed_by_hand(
    session: Session, remade: Bundle, record: Record, outcome: DeliveryOutcome
) -> None:
    first, second = prints.list_prints(session, remade)
    paper = list_papers(session, remade)[-1]
    assert (paper.removed, paper.check_code) == (True, first.check_code)
    visit = record_with(record, remade, paper.value, at(remade, AFTER), outcome)
    assert counts(session) == [6]
    assert not is_handed_over(session, third(session, remade))
    assert check_code_of(session, remade) == first.check_code
    letters = [letter for letter in letters_of(session, remade) if letter.sequence != 3]
    proofs = [find_proof(session, letter) for letter in letters]
    assert [proof.check_code for proof in proofs if proof] == [first.check_code] * 6
    bundle = reload(session, remade.id)
    assert remaining_letters.find_sheet_fates(session, bundle) == {"00003": "removed"}
    assert list_papers(session, bundle) == []
    assert remaining_letters.count_paper(session, bundle) == 0
    # Taken back as a mistake, the bundle is what it was.
    record_delivery.remove_visit(session, session.get_one(GateVisit, visit.id), actor="test")
    session.commit()
    assert check_code_of(session, remade) == second.check_code
    bundle = reload(session, remade.id)
    assert [each.letters for each in list_papers(session, bundle)] == [6, 7, 6, 6]
    assert bundle.taken_out == bundle.taken_out.with_nothing_gone()


@pytest.mark.both_engines
def test_a_volume_that_was_kept_as_we_ask_went_with_the_papers_of_the_newest_print(
    session: Session, remade: Bundle, record: Record
) -> None:
    _first, second = prints.list_prints(session, remade)
    paper = list_papers(session, remade)[2]
    assert (paper.letters, paper.lacks, paper.check_code) == (6, ("00003",), second.check_code)
    visit = record_with(record, remade, paper.value, at(remade, AFTER))
    assert counts(session) == [6]
    assert check_code_of(session, remade) == second.check_code
    assert not is_handed_over(session, third(session, remade))
    assert [entry.carried for entry in reload(session, remade.id).taken_out] == [False]
    proofs = [find_proof(session, letter) for letter in letters_of(session, remade)]
    assert [proof.check_code for proof in proofs if proof] == [second.check_code] * 6
    record_delivery.remove_visit(session, session.get_one(GateVisit, visit.id), actor="test")
    session.commit()
    bundle = reload(session, remade.id)
    assert [each.letters for each in list_papers(session, bundle)] == [6, 7, 6, 6]
    assert bundle.taken_out == bundle.taken_out.with_nothing_gone()


def is_handed_over_by_number(session: Session, bundle: Bundle) -> dict[int, bool]:
    letters = letters_of(session, reload(session, bundle.id))
    return {
        letter.sequence: is_handed_over(session, letter.signature)
        for letter in letters
        if letter.sequence
    }


@pytest.mark.both_engines
@pytest.mark.parametrize("place", [1, 3])
def test_of_two_withdrawn_sheets_the_one_that_was_not_removed_went_along(
    session: Session,
    remade: Bundle,
    withdrawn: Callable[..., Signature],
    print_bundle: Print,
    record: Record,
    place: int,
) -> None:
    withdrawn(number=5)
    if place == 3:
        remake(session, remade, print_bundle, ago=timedelta(minutes=20))
    bundle = reload(session, remade.id)
    before = bundle.taken_out
    first = prints.list_prints(session, bundle)[0].made_at
    paper = next(
        each for each in list_papers(session, bundle) if each.removed and each.printed_at == first
    )
    facts = at(bundle, AFTER, removed=[Numbers(3, 3)])
    visit = record_with(record, bundle, paper.value, facts)
    assert counts(session) == [6]
    went = {number: number != 3 for number in range(1, 8)}
    assert is_handed_over_by_number(session, bundle) == went
    # Taken back as a mistake, the bundle is what it was; then all of them were removed.
    record_delivery.remove_visit(session, session.get_one(GateVisit, visit.id), actor="test")
    session.commit()
    assert reload(session, bundle.id).taken_out == before
    both = at(bundle, AFTER, removed=[Numbers(3, 3), Numbers(5, 5)])
    record_with(record, bundle, paper.value, both)
    assert counts(session) == [5]
    assert is_handed_over_by_number(session, bundle) == went | {5: False}


@pytest.mark.parametrize(("removed", "chosen"), [((3, 4), -1), ((5, 5), -1), ((3, 3), 1)])
def test_only_withdrawn_sheets_of_the_print_can_be_named_as_removed(
    session: Session, remade: Bundle, record: Record, removed: tuple[int, int], chosen: int
) -> None:
    paper = list_papers(session, remade)[chosen]
    facts = at(remade, AFTER, removed=[Numbers(*removed)])
    with pytest.raises(Invalid) as refused:
        record_with(record, remade, paper.value, facts)
    assert refused.value.fields == {f"removed_{remade.id}": "removed-not-in-print"}


def test_the_page_asks_which_of_several_sheets_were_removed(
    staff: FlaskClient, session: Session, remade: Bundle, withdrawn: Callable[..., Signature]
) -> None:
    gate, label = f"/desk/bundles/{remade.public_id}/deliver", "Numbers of the sheets you removed"
    assert label not in staff.get(gate).text
    withdrawn(number=5)
    paper = list_papers(session, reload(session, remade.id))[-1].value
    session.rollback()
    assert label in staff.get(gate).text
    typed = form(
        happened_on=clock.day_of(db.utcnow(), remade.zone).isoformat(), happened_time=""
    ) | {f"paper_{remade.id}": paper}
    name = f"removed_{remade.id}"
    for numbers, words in (
        ("3 and 5", "“3 and 5” is not a number or a range."),
        ("3, 4", "Enter only numbers of such letters in it."),
    ):
        answer = post(staff, gate, typed | {name: numbers})
        assert answer.status_code == 422
        assert words in answer.text
        assert f'value="{numbers}"' in answer.text
    assert counts(session) == []
    assert post(staff, gate, typed | {name: "00003"}).status_code == 303
    assert counts(session) == [6]


@pytest.mark.parametrize("removed", [[], [Numbers(3, 3)]])
def test_what_was_removed_by_hand_and_counts_again_is_not_taken_for_delivered(
    session: Session,
    printed: Bundle,
    withdrawn: Callable[..., Signature],
    record: Record,
    removed: list[Numbers],
) -> None:
    excluded = withdrawn(SignatureState.INVALID)
    paper = list_papers(session, reload(session, printed.id))[-1].value
    excluded.state = SignatureState.CONFIRMED
    session.commit()
    with pytest.raises(Invalid) as refused:
        record_with(record, printed, paper, at(printed, BEFORE, removed=removed))
    assert refused.value.fields == {f"removed_{printed.id}": "removed-wanted"}


def test_what_a_phone_sends_late_of_removed_sheets_is_named_where_they_count_again(
    staff: FlaskClient, session: Session, printed: Bundle, withdrawn: Callable[..., Signature]
) -> None:
    gate, paper = f"/desk/bundles/{printed.public_id}/deliver", f"paper_{printed.id}"
    excluded = [withdrawn(SignatureState.INVALID, number) for number in (3, 5)]
    by_hand = list_papers(session, reload(session, printed.id))[-1].value
    day = clock.day_of(db.utcnow(), printed.zone).isoformat()
    typed = form(happened_on=day, happened_time="") | {paper: by_hand}
    numbers = {f"removed_{printed.id}": "00003, 00005"}
    again = "Since then, some of them count again."
    for signature in excluded:
        session.get_one(Signature, signature.id).state = SignatureState.CONFIRMED
        session.commit()
        answer = post(staff, gate, typed | numbers)
        assert answer.status_code == 422
        assert f"removed by hand: 00003, 00005. {again}" in answer.text
        assert "Planted note." in answer.text
        told = post(staff, gate, typed | numbers, headers={"Accept": "application/json"}).get_json()
        assert told["asked"][-1] == "anew", "the page that the phone kept asks what is past"
    assert again in post(staff, gate, typed).text, "nor is the choice of the print lost"
    assert counts(session) == []
    assert post(staff, gate, form(happened_on=day, happened_time="")).status_code == 303
    assert counts(session) == [7]


@pytest.mark.both_engines
def test_a_record_with_removed_sheets_that_is_sent_twice_is_the_same_and_of_another_one_is_named(
    staff: FlaskClient, session: Session, remade: Bundle
) -> None:
    gate = f"/desk/bundles/{remade.public_id}/deliver"
    by_hand = list_papers(session, remade)[-1].value
    day = clock.day_of(db.utcnow(), remade.zone).isoformat()
    typed = form(happened_on=day, happened_time="") | {f"paper_{remade.id}": by_hand}
    first = post(staff, gate, typed, headers={"Accept": "application/json"})
    again = post(staff, gate, typed, headers={"Accept": "application/json"})
    assert again.get_json() == first.get_json()
    assert again.status_code == 200
    answer = post(staff, gate, typed | {"key": "k" * 24}, headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert answer.get_json()["recorded"], "it leads to the record"
    assert "count again" not in " ".join(answer.get_json()["problems"])
    assert counts(session) == [6]


@pytest.mark.parametrize("state", [BundleState.PRINTING, BundleState.CANCELLED])
def test_what_is_sent_twice_is_the_same_record_also_where_the_bundle_is_not_ready_any_more(
    staff: FlaskClient, session: Session, printed: Bundle, state: BundleState
) -> None:
    gate = f"/desk/bundles/{printed.public_id}/deliver"
    day = clock.day_of(db.utcnow(), printed.zone).isoformat()
    typed = form(happened_on=day, happened_time="", outcome="refused")
    first = post(staff, gate, typed, headers={"Accept": "application/json"})
    bundle = reload(session, printed.id)
    bundle.state = state
    session.commit()
    again = post(staff, gate, typed, headers={"Accept": "application/json"})
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    another = post(staff, gate, typed | {"key": "k" * 24}, headers={"Accept": "application/json"})
    assert another.status_code == 422
    assert counts(session) == [7]


def test_what_nobody_can_do_is_not_advised_where_removed_sheets_count_again(
    staff: FlaskClient, session: Session, printed: Bundle, withdrawn: Callable[..., Signature]
) -> None:
    gate = f"/desk/bundles/{printed.public_id}/deliver"
    excluded = withdrawn(SignatureState.INVALID)
    by_hand = list_papers(session, reload(session, printed.id))[-1].value
    reload(session, printed.id).letter_count = 1
    session.get_one(Signature, excluded.id).state = SignatureState.CONFIRMED
    session.commit()
    day = clock.day_of(db.utcnow(), printed.zone).isoformat()
    typed = form(happened_on=day, happened_time="") | {f"paper_{printed.id}": by_hand}
    page = post(staff, gate, typed).text
    assert "Check what you delivered, then record it again." in page
    assert "If you did not deliver those" not in page
    refused = post(staff, gate, typed | {"outcome": "refused"})
    assert refused.status_code == 303, "nothing went, so nothing is to be told apart"


def test_of_an_earlier_print_a_part_leaves_the_rest_without_the_removed_sheet(
    session: Session, remade: Bundle, record: Record
) -> None:
    paper = list_papers(session, remade)[-1].value
    record_with(record, remade, paper, at(remade, AFTER, taken=2), DeliveryOutcome.PART)
    bundle = reload(session, remade.id)
    assert remaining_letters.count_left(session, bundle) == 4
    assert list_papers(session, bundle) == []


def test_what_a_phone_kept_says_nothing_of_a_letter_that_was_withdrawn_since(
    session: Session, remade: Bundle, withdrawn: Callable[..., Signature], record: Record
) -> None:
    kept = list_papers(session, remade)[-1].value
    withdrawn(number=5)
    with pytest.raises(Invalid) as refused:
        record_with(record, remade, kept, at(remade, AFTER))
    assert refused.value.fields == asked(remade)


def test_the_page_says_that_the_earlier_print_went_without_the_removed_sheet(
    staff: FlaskClient, session: Session, remade: Bundle, record: Record
) -> None:
    record_with(record, remade, list_papers(session, remade)[-1].value, at(remade, AFTER))
    session.rollback()
    page = staff.get(f"/desk/bundles/{remade.public_id}").text
    moment = say_moment_in_zone(prints.list_prints(session, remade)[0].made_at, remade.zone)
    assert f"The bundle went out as printed on {moment}, with 6 letters." in page
    assert "Its sheet was removed by hand." in page
    assert "We remade its volume without it." not in page


def test_a_refusal_counts_the_paper_that_came_back_and_the_bundle_stays_remade(
    session: Session, remade: Bundle, record: Record
) -> None:
    second = prints.list_prints(session, remade)[-1].check_code
    record(remade, DeliveryOutcome.REFUSED, **at(remade, BEFORE))
    assert counts(session) == [7]
    assert check_code_of(session, remade) == second
    assert not is_handed_over(session, third(session, remade))


def test_a_withdrawn_letter_can_be_named_in_a_part(
    session: Session, remade: Bundle, take_part: TakePart
) -> None:
    take_part(remade, 4, **at(remade, BEFORE))
    assert counts(session) == [4]
    assert is_handed_over(session, third(session, remade))
    assert remaining_letters.count_left(session, reload(session, remade.id)) == 3


def test_a_withdrawn_letter_that_was_not_in_the_part_is_to_be_removed_by_hand(
    session: Session, remade: Bundle, take_part: TakePart
) -> None:
    take_part(remade, 2, **at(remade, BEFORE))
    bundle = reload(session, remade.id)
    papers = list_papers(session, bundle)
    assert [(paper.letters, paper.holds) for paper in papers] == [(5, ("00003",)), (4, ())]


@pytest.mark.parametrize("in_post", [False, True])
def test_of_the_rest_that_was_refused_the_sheet_removed_by_hand_is_gone(
    app: Flask,
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    withdrawn: Callable[..., Signature],
    take_part: TakePart,
    in_envelopes: Callable[..., Bundle],
    in_post: bool,
) -> None:
    if in_post:
        in_envelopes(letters_each=1)
        assert post_envelopes(staff, printed, last="2").status_code == 303
    else:
        withdrawn(SignatureState.CONFIRMED)
        take_part(printed, 2, **at(printed, BEFORE))
    session.rollback()
    withdraw_on(session, printed, today())
    before = counts(session)
    bundle = reload(session, printed.id)
    gate, paper = f"/desk/bundles/{bundle.public_id}/deliver", f"paper_{bundle.id}"
    moment = at(bundle, timedelta(0))
    sent = form(
        outcome="refused",
        happened_on=moment["day"].isoformat(),
        happened_time=moment["happened_time"].isoformat("minutes"),
    )
    session.rollback()
    unsaid = post(staff, gate, sent)
    assert unsaid.status_code == 422
    assert "Choose which print you had." in unsaid.text
    chosen = find_removed(session, printed)
    recorded = post(staff, gate, sent | {paper: chosen})
    assert counts(session) == [*before, 4]
    page = staff.get(recorded.location).text
    assert "Sheets removed by hand: 00003." in page
    shown = staff.get(f"/desk/bundles/{printed.public_id}").text
    assert "Its sheet was removed by hand." in shown
    assert remaining_letters.count_paper(session, reload(session, printed.id)) == 4
    assert place_of(session, printed) is Place.UNPRINTED
    assert list_papers(session, reload(session, printed.id)) == []
    # A record that was a mistake says nothing of the sheet any more.
    visit = session.scalars(select(GateVisit).order_by(GateVisit.id.desc())).first()
    assert visit is not None
    record_delivery.remove_visit(session, visit, actor="test")
    session.commit()
    assert place_of(session, printed) is Place.PRINTED
    assert len(list_papers(session, reload(session, printed.id))) == 2


def remove_first_visit(session: Session) -> None:
    session.rollback()
    visit = session.scalars(select(GateVisit).order_by(GateVisit.id)).first()
    assert visit is not None
    record_delivery.remove_visit(session, visit, actor="test")
    session.commit()


@pytest.mark.parametrize("outcome", [DeliveryOutcome.PART, DeliveryOutcome.REFUSED])
def test_a_sheet_removed_by_hand_did_not_go_with_the_rest_where_its_record_is_deleted(
    session: Session, remade: Bundle, record: Record, take_part: TakePart, outcome: DeliveryOutcome
) -> None:
    removed = list_papers(session, remade)[-1].value
    if outcome is DeliveryOutcome.PART:
        take_part(remade, 2, paper=removed, **at(remade, AFTER))
    else:
        record_with(record, remade, removed, at(remade, AFTER), outcome)
    paper = next((paper.value for paper in list_papers(session, reload(session, remade.id))), "")
    record_with(record, remade, paper, at(remade, timedelta(0)))
    assert place_of(session, remade) is Place.UNPRINTED
    remove_first_visit(session)
    assert place_of(session, remade) is Place.UNPRINTED
    assert not is_handed_over(session, third(session, remade))


def test_no_record_left_says_that_a_sheet_was_removed_whichever_is_deleted_first(
    session: Session,
    printed: Bundle,
    withdrawn: Callable[..., Signature],
    record: Record,
    take_part: TakePart,
) -> None:
    withdrawn(SignatureState.CONFIRMED)
    take_part(printed, 2, **at(printed, BEFORE))
    part_id = session.scalar(select(GateVisit.id))
    withdraw_on(session, printed, today())
    for minutes, outcome in ((2, DeliveryOutcome.REFUSED), (1, DeliveryOutcome.ACCEPTED)):
        bundle = reload(session, printed.id)
        papers = [paper.value for paper in list_papers(session, bundle) if paper.removed]
        moment = at(bundle, timedelta(minutes=minutes))
        record_with(record, bundle, next(iter(papers), ""), moment, outcome)
    session.rollback()
    for visit in session.scalars(select(GateVisit).where(GateVisit.id > part_id)).all():
        record_delivery.remove_visit(session, visit, actor="test")
        session.commit()
    assert place_of(session, printed) is Place.PRINTED
    assert len(list_papers(session, reload(session, printed.id))) == 2


@pytest.mark.both_engines
def test_of_a_refusal_before_the_part_went_the_answer_counts_where_one_can(
    session: Session, remade: Bundle, record: Record, take_part: TakePart
) -> None:
    newest = list_papers(session, remade)[0].value
    take_part(remade, 2, paper=newest, **at(remade, timedelta(minutes=5)))
    withdraw_on(session, remade, today(), number=5)
    whole, removed = list_papers(session, reload(session, remade.id))
    # Only the older print was there then, and no answer tells of it.
    record_with(record, remade, removed.value, at(remade, BEFORE), DeliveryOutcome.REFUSED)
    assert place_of(session, remade) is Place.UNPRINTED
    assert len(list_papers(session, reload(session, remade.id))) == 2
    refused = DeliveryOutcome.REFUSED
    record_with(record, remade, whole.value, at(remade, AFTER, place="Gate"), refused)
    record_with(record, remade, removed.value, at(remade, AFTER, place="Door"), refused)
    assert counts(session) == [2, 7, 6, 5]
    assert list_papers(session, reload(session, remade.id)) == []


@pytest.mark.parametrize("with_lists", [True, False])
def test_names_are_made_unreadable_only_on_lists_that_are_here(
    app: Flask,
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    record: Record,
    take_part: TakePart,
    with_lists: bool,
) -> None:
    if with_lists:
        record(printed, DeliveryOutcome.REFUSED)
        session.rollback()
    else:
        take_part(printed, 2)
    withdraw_on(session, printed, today())
    for page in ("deliver", "after"):
        shown = staff.get(f"/desk/bundles/{printed.public_id}/{page}").text
        assert "<p>00003</p>" in shown
        assert ("Make their names unreadable by hand: 00003" in shown) is with_lists
    gate = staff.get(f"/desk/bundles/{printed.public_id}/deliver").text
    assert ("and their names made unreadable on its lists." in gate) is with_lists
    with app.test_request_context():
        words = say_withdrawn(session, third(session, printed))
        kept = find_kept_letters(session, [third(session, printed)])
    assert "we told our staff to take out the sheet" in words
    assert ("A list with your name went out on" in words) is not with_lists
    assert kept.delivered is not with_lists


def test_who_was_unreadable_on_the_lists_is_on_none_that_went_with_the_rest(
    app: Flask, session: Session, printed: Bundle, record: Record, take_part: TakePart
) -> None:
    withdraw_on(session, printed, today())
    take_part(printed, 2, paper=find_removed(session, printed))
    record(reload(session, printed.id), DeliveryOutcome.ACCEPTED)
    session.rollback()
    with app.test_request_context():
        words = say_withdrawn(session, third(session, printed))
    assert "A list with your name went out on" not in words


@pytest.mark.parametrize("went_before", [True, False])
def test_a_list_that_went_is_told_of_also_where_the_sheet_was_removed_since(
    app: Flask,
    session: Session,
    printed: Bundle,
    record: Record,
    take_part: TakePart,
    went_before: bool,
) -> None:
    if went_before:
        take_part(printed, 2)
    withdraw_on(session, printed, today())
    removed = find_removed(session, printed)
    record(reload(session, printed.id), DeliveryOutcome.ACCEPTED, paper=removed)
    session.rollback()
    with app.test_request_context():
        words = say_withdrawn(session, third(session, printed))
        kept = find_kept_letters(session, [third(session, printed)])
    assert ("A list with your name went out on" in words) is went_before
    assert kept.delivered is went_before


def test_another_time_of_a_record_is_not_moved_over_a_remake(
    session: Session, remade: Bundle, record: Record
) -> None:
    visit = record(remade, DeliveryOutcome.ACCEPTED, **at(remade, BEFORE))
    session.rollback()
    mine = session.get_one(GateVisit, visit.id)
    late = at(remade, AFTER)
    facts = record_delivery.RecordFacts(
        happened_on=late["day"], happened_time=late["happened_time"]
    )
    with pytest.raises(Invalid) as refused:
        correct_record.correct_visit(session, mine, facts, actor="test")
    assert refused.value.fields == {"happened_on": "remade-between"}


def test_a_visit_before_the_remake_is_not_recorded_beside_one_with_the_new_print(
    session: Session, remade: Bundle, record: Record
) -> None:
    newer = list_papers(session, remade)[0].value
    record_with(record, remade, newer, at(remade, AFTER, taken=2), DeliveryOutcome.PART)
    with pytest.raises(Invalid) as refused:
        record(remade, DeliveryOutcome.LEFT, **at(remade, BEFORE))
    assert refused.value.fields == {"outcome": "remade-since"}


@pytest.mark.parametrize("letters", [7, 6])
def test_the_public_page_gives_the_code_of_the_paper_that_went_and_of_how_many_it_is(
    session: Session, remade: Bundle, record: Record, letters: int
) -> None:
    first = prints.list_prints(session, remade)[0]
    papers = list_papers(session, remade)
    facts = (letters, letters == 6, None)
    paper = next(each for each in papers if (each.letters, each.removed, each.papers_at) == facts)
    visit = record_with(record, remade, paper.value, at(remade, AFTER))
    session.rollback()
    attempt = session.get_one(DeliveryAttempt, visit.attempts[0].id)
    words = publish_delivery.DeliveryPost(words={"en": ("Delivered", "Seven letters.")})
    publish_delivery.publish(
        session, attempt, session.get_one(GateVisit, visit.id), words, actor="test"
    )
    session.commit()
    [told] = list_check_codes(session, attempt.campaign).values()
    assert told.letters == first.letters, "also those that were removed by hand"
    assert told.code.replace(" ", "") == first.check_code


def test_pages_and_files_are_said_to_be_of_their_print(
    staff: FlaskClient, session: Session, printed: Bundle, remade: Bundle
) -> None:
    url = f"/desk/bundles/{remade.public_id}"
    first, second = (
        say_moment_in_zone(each.made_at, remade.zone)
        for each in prints.list_prints(session, remade)
    )
    session.rollback()
    page = staff.get(url).text
    assert f"Letter 00003, volume 001, page 3 – in the print of {first} – " in page
    again = staff.get(f"{url}/reprint").text
    assert f"You get the file that we made on {second}, byte for byte." in again
    assert "printed first" not in again


def test_no_file_of_the_first_print_is_given_out(
    staff: FlaskClient, session: Session, remade: Bundle, record: Record
) -> None:
    url = f"/desk/bundles/{remade.public_id}"
    record(remade, DeliveryOutcome.ACCEPTED, **at(remade, BEFORE))
    session.rollback()
    page = staff.get(url).text
    assert "Letter 00003, volume 001" in page
    assert "We remade its volume without it." not in page
    assert "Download the bundle" not in page


def test_of_an_earlier_print_the_page_of_a_letter_is_named_only_where_it_is_known(
    staff: FlaskClient,
    session: Session,
    remade: Bundle,
    withdrawn: Callable[..., Signature],
    record: Record,
    print_bundle: Print,
) -> None:
    url, gone = f"/desk/bundles/{remade.public_id}", r"Letter 0000(\d), volume 001(, page \d+)? –"
    [third_place] = re.findall(gone, staff.get(url).text)
    withdrawn(number=4)
    remake(session, remade, print_bundle, ago=AFTER)
    pages_in_newest = dict(re.findall(gone, staff.get(url).text))
    assert [*pages_in_newest] == ["3", "4"]
    assert all(pages_in_newest.values())
    record(reload(session, remade.id), DeliveryOutcome.ACCEPTED, **at(remade, BEFORE))
    session.rollback()
    withdrawn(number=6)
    # The volume that held the fourth was made without the third, and the sixth stands in the
    # newest: in the print that went, both began on other pages.
    places = re.findall(gone, staff.get(url).text)
    assert places == [third_place, ("4", ""), ("6", "")]


@pytest.mark.both_engines
def test_the_page_says_which_paper_was_carried_and_asks_for_nothing_that_is_past(
    staff: FlaskClient, session: Session, remade: Bundle, record: Record
) -> None:
    url = f"/desk/bundles/{remade.public_id}"
    before = staff.get(url).text
    assert "Volume 1: printed, 6 letters" in before
    assert "Destroy the lists, cover letter, delivery sheet, contents and labels" in before
    record(remade, DeliveryOutcome.ACCEPTED, **at(remade, BEFORE))
    session.rollback()
    page = staff.get(url).text
    moment = say_moment_in_zone(prints.list_prints(session, remade)[0].made_at, remade.zone)
    assert f"The bundle went out as printed on {moment}, with 7 letters." in page
    assert "Volume 1: printed, 7 letters" in page
    assert '<td class="num" data-label="Letters">7</td>' in page
    assert "It went out with the others." in page
    assert "remove" not in page
    assert "Destroy" not in page


def test_the_page_of_a_delivery_says_which_print_it_was(
    staff: FlaskClient, session: Session, remade: Bundle, record: Record
) -> None:
    first = prints.list_prints(session, remade)[0]
    moment = say_moment_in_zone(first.made_at, remade.zone)
    words = (
        f"The cover letter and lists with it were printed on {moment}. Its check code begins with "
    )
    code = group_code(first.check_code or "")[:9].replace(" ", "\u00a0")
    refused = record(remade, DeliveryOutcome.REFUSED, **at(remade, BEFORE))
    visit = record(remade, DeliveryOutcome.ACCEPTED, **at(remade, BEFORE))
    session.rollback()
    page = staff.get(f"/desk/deliveries/{visit.public_id}").text
    assert words in page
    assert code in page
    assert (
        "The cover letter and lists with it"
        not in staff.get(f"/desk/deliveries/{refused.public_id}").text
    )


def test_a_delivery_of_the_only_print_says_nothing_of_it(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record
) -> None:
    visit = record(printed, DeliveryOutcome.ACCEPTED)
    session.rollback()
    assert (
        "The cover letter and lists with it"
        not in staff.get(f"/desk/deliveries/{visit.public_id}").text
    )


def test_prints_of_one_minute_are_told_apart_by_their_number(
    staff: FlaskClient, session: Session, remade: Bundle
) -> None:
    gate, counted = f"/desk/bundles/{remade.public_id}/deliver", ", counted from the oldest."
    assert counted not in staff.get(gate).text
    session.execute(update(BundlePrint).values(made_at=db.utcnow() - BEFORE))
    session.commit()
    page = staff.get(gate).text
    for number in (1, 2):
        assert f"It is print {number}{counted}" in page


def test_after_the_remade_print_went_no_older_sheet_is_asked_for(
    staff: FlaskClient, session: Session, remade: Bundle, record: Record
) -> None:
    record_with(record, remade, list_papers(session, remade)[0].value, at(remade, AFTER))
    session.rollback()
    page = staff.get(f"/desk/bundles/{remade.public_id}").text
    assert "We remade its volume without it." in page
    assert "Volume 1: printed, 6 letters" in page
    assert "went out as printed" not in page
    assert "remove this sheet" not in page


@pytest.mark.parametrize("taken", [None, 2])
def test_what_was_removed_by_hand_is_not_asked_for_again(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    withdrawn: Callable[..., Signature],
    record: Record,
    taken: int | None,
) -> None:
    withdrawn()
    removed = list_papers(session, printed)[1]
    assert removed.removed
    outcome = DeliveryOutcome.PART if taken else DeliveryOutcome.ACCEPTED
    record_with(record, printed, removed.value, at(printed, BEFORE, taken=taken), outcome)
    session.rollback()
    page = staff.get(f"/desk/bundles/{printed.public_id}").text
    assert "Its sheet was removed by hand." in page
    assert "remove it by hand" not in page
    assert list_papers(session, printed) == []


def test_the_page_at_the_gate_asks_and_keeps_what_was_typed(
    staff: FlaskClient, session: Session, remade: Bundle
) -> None:
    gate, name = f"/desk/bundles/{remade.public_id}/deliver", f"paper_{remade.id}"
    papers = {
        paper.letters: paper.value for paper in list_papers(session, remade) if not paper.removed
    }
    day = clock.today(remade.zone).isoformat()
    session.rollback()
    assert "Which print did you have?" in staff.get(gate).text
    typed = form(happened_on=day, happened_time="")
    answer = post(staff, gate, typed)
    assert answer.status_code == 422
    assert "Choose which print you had." in answer.text
    assert "Planted note." in answer.text
    sent = post(staff, gate, typed, headers={"Accept": "application/json"})
    assert (sent.status_code, sent.get_json()["asked"]) == (422, [name])
    assert counts(session) == []
    assert post(staff, gate, typed | {name: papers[7]}).status_code == 303
    assert counts(session) == [7]


def test_each_print_is_named_by_what_is_seen_on_the_paper(
    staff: FlaskClient, session: Session, remade: Bundle, withdrawn: Callable[..., Signature]
) -> None:
    withdrawn(number=5)
    gate = f"/desk/bundles/{remade.public_id}/deliver"
    first, second = prints.list_prints(session, remade)
    times = [say_moment_in_zone(each.made_at, remade.zone) for each in (first, second)]
    codes = [begin_of(each) for each in (first, second)]
    session.rollback()
    page = staff.get(gate).text
    assert "Which print did you have?" in page
    assert "of 7" not in page, "how many it is of depends on the print"
    newest = "Number 00005 is in it. Number 00003 is not in it."
    removed = "Numbers 00003, 00005 are not in it. Its sheets that must not go were removed by hand"
    names = "and their names made unreadable on its lists."
    begins = [f"Its check code begins with {code}." for code in codes]
    for words in (
        f"6 letters, printed on {times[1]}. {newest} {begins[1]}",
        f"5 letters, printed on {times[1]}. {removed}, {names} {begins[1]}",
        f"7 letters, printed on {times[0]}. Numbers 00003, 00005 are in it. {begins[0]}",
        f"5 letters, printed on {times[0]}. {removed}, {names} {begins[0]}",
        (
            f"5 letters, printed on {times[0]}. {removed}. The cover letter and lists with it were "
            f"printed on {times[1]}. {begins[1]}"
        ),
    ):
        assert words in page


def test_what_is_to_be_removed_is_listed_for_each_print_that_staff_may_have(
    app: Flask,
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    withdrawn: Callable[..., Signature],
    print_bundle: Print,
    record: Record,
) -> None:
    gate = f"/desk/bundles/{printed.public_id}/deliver"
    withdrawn()
    page = staff.get(gate).text
    blacken = (
        "The lists name people whose letter or signature must not go. Make their names unreadable "
        "by hand:"
    )
    assert list_to_remove(page) == [("Remove 1 letter first", "00003", f"{blacken} 00003")]
    remake(session, printed, print_bundle)
    bundle = reload(session, printed.id)
    first, second = (
        f"{letters} letters, printed on {say_moment_in_zone(each.made_at, bundle.zone)}. "
        f"Its check code begins with {begin_of(each)}."
        for letters, each in zip((7, 6), prints.list_prints(session, bundle), strict=True)
    )
    session.rollback()
    old = f"If you have this print: {first}"
    with app.app_context():
        destroy = str(say_what_to_destroy())
    named = "Its lists name people whose letter or signature must not go:"
    assert list_to_remove(staff.get(gate).text) == [
        ("Remove 1 letter first", old, "00003", destroy, f"{named} 00003")
    ]
    withdrawn(number=5)
    listed = [
        ("Remove 1 letter first", f"If you have this print: {second}", "00005", f"{blacken} 00005"),
        ("Remove 2 letters first", old, "00003, 00005", destroy, f"{named} 00003, 00005"),
    ]
    assert list_to_remove(staff.get(gate).text) == listed
    # What was refused lies here still, as whichever print it is.
    bundle = reload(session, printed.id)
    whole = list_papers(session, bundle)[2].value
    record_with(record, bundle, whole, at(bundle, AFTER), DeliveryOutcome.REFUSED)
    session.rollback()
    assert list_to_remove(staff.get(gate.replace("deliver", "after")).text) == listed


def begin_of(recorded: BundlePrint) -> str:
    """Return how a check code begins, without a space at which a line could end."""
    return group_code(recorded.check_code or "")[:9].replace(" ", "\u00a0")


def list_to_remove(page: str) -> list[tuple[str, ...]]:
    """List title and paragraphs of each notice that asks for sheets to be removed."""
    notices = re.findall(r"<h2>(Remove .*?)</h2>(.*?)</div>", page, re.DOTALL)
    return [(title, *re.findall(r"<p>(.*?)</p>", body)) for title, body in notices]


def test_a_bundle_of_which_nothing_was_withdrawn_asks_nothing(
    staff: FlaskClient, printed: Bundle, session: Session
) -> None:
    gate = f"/desk/bundles/{printed.public_id}/deliver"
    session.rollback()
    page = staff.get(gate).text
    assert "Which print did you have?" not in page
    assert "of 7" in page


ALL = {1, 2, 3, 4, 5, 6, 7}


@pytest.fixture
def in_envelopes(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record
) -> Callable[..., Bundle]:
    """Put the seven letters into envelopes, refused three days ago and filled two days ago."""
    bundle_id, url = printed.id, f"/desk/bundles/{printed.public_id}/after/split"

    def run(letters_each: int = 3, withdrawn_on: date | None = None) -> Bundle:
        days = timedelta(days=1)
        session.execute(update(Bundle).values(created_at=db.utcnow() - 10 * days))
        session.execute(update(BundlePrint).values(made_at=db.utcnow() - 9 * days))
        session.commit()
        record(printed, DeliveryOutcome.REFUSED, day=today() - 3 * days)
        if withdrawn_on is not None:
            withdraw_on(session, printed, withdrawn_on)
        assert post(staff, url, {"letters_each": str(letters_each)}).status_code == 303
        session.execute(update(EnvelopeRun).values(created_at=db.utcnow() - 2 * days))
        session.commit()
        return reload(session, bundle_id)

    return run


def withdraw_on(session: Session, bundle: Bundle, day: date, number: int = 3) -> None:
    mine = select(Letter.signature_id).where(
        Letter.bundle_id == bundle.id, Letter.sequence == number
    )
    at = clock.moment_of(day, time.min, bundle.campaign.timezone)
    values = {"state": SignatureState.WITHDRAWN, "withdrawn_at": at}
    session.execute(update(Signature).where(Signature.id == mine.scalar_subquery()).values(values))
    session.commit()


def post_envelopes(staff: FlaskClient, bundle: Bundle, **facts: Any) -> TestResponse:
    typed = {
        "key": db.new_public_id(),
        "outcome": "posted",
        "tracking": "",
        "posted_on": today().isoformat(),
        "first": "1",
        "last": "1",
    }
    return post(staff, f"/desk/bundles/{bundle.public_id}/after/post", typed | facts)


def reads_delivered(session: Session, bundle: Bundle) -> bool:
    """Whether who withdrew the third letter reads that it went, and no doubt of that."""
    session.rollback()
    session.expire_all()
    trips = trips_of(session, third(session, bundle).letters)
    return any(trip.is_gone and not trip.doubtful for trip in trips)


def trips_to(session: Session, bundle: Bundle, number: int) -> set[str]:
    """Return whether a withdrawn letter reads that it went, or that this is not known."""
    session.rollback()
    session.expire_all()
    letter = select(Letter).where(Letter.bundle_id == bundle.id, Letter.sequence == number)
    trips = trips_of(session, [session.scalars(letter).one()])
    return {"unknown" if trip.doubtful else "went" for trip in trips if trip.is_gone}


def prove_all(session: Session, bundle: Bundle) -> set[int]:
    """Return the numbers of letters that can be proved to be in the print that went."""
    code = check_code_of(session, bundle)
    letters = letters_of(session, bundle)
    proofs = {letter.sequence: find_proof(session, letter) for letter in letters}
    assert {proof.check_code for proof in proofs.values() if proof} == {code}
    return {number for number, proof in proofs.items() if proof and number}


@pytest.mark.parametrize("days_ago", [0, 1])
@pytest.mark.parametrize(("withdrawn_in", "letters"), [("yes", 3), ("no", 2)])
def test_of_envelopes_it_is_asked_whether_the_withdrawn_letter_was_in_them(
    staff: FlaskClient,
    session: Session,
    in_envelopes: Callable[..., Bundle],
    take_back: Callable[..., None],
    withdrawn_in: str,
    letters: int,
    is_remade: bool,
    days_ago: int,
) -> None:
    bundle = in_envelopes()
    take_back(bundle, today() - timedelta(days=days_ago))
    refused = post_envelopes(staff, bundle, tracking="RR 1")
    assert refused.status_code == 422
    assert "Choose whether they were still in them." in refused.text
    assert "They were still in the envelopes" in refused.text
    assert 'value="RR 1"' in refused.text
    assert counts(session) == [7]
    assert post_envelopes(staff, bundle, withdrawn_in=withdrawn_in).status_code == 303
    assert counts(session) == [7, letters]
    assert reads_delivered(session, bundle) is (withdrawn_in == "yes")
    session.rollback()
    assert post_envelopes(staff, bundle, first="2", last="3").status_code == 303
    assert counts(session) == [7, letters, 4]
    # Removed by hand it is in the print all the same; made again without it, it is not.
    was_in = withdrawn_in == "yes" or not is_remade
    assert prove_all(session, bundle) == (ALL if was_in else ALL - {3})


def test_what_was_posted_before_the_day_of_the_withdrawal_held_the_letter(
    staff: FlaskClient,
    session: Session,
    in_envelopes: Callable[..., Bundle],
    take_back: Callable[..., None],
) -> None:
    bundle = in_envelopes()
    take_back(bundle)
    yesterday = (today() - timedelta(days=1)).isoformat()
    assert post_envelopes(staff, bundle, posted_on=yesterday).status_code == 303
    assert counts(session) == [7, 3]
    assert reads_delivered(session, bundle)
    assert prove_all(session, bundle) == ALL


@pytest.mark.parametrize(("withdrawn_in", "letters"), [("yes", 3), ("no", 2)])
def test_of_two_withdrawn_on_the_day_the_envelopes_were_filled_the_right_letter_went(
    staff: FlaskClient,
    session: Session,
    in_envelopes: Callable[..., Bundle],
    take_back: Callable[..., None],
    withdrawn_in: str,
    letters: int,
) -> None:
    day = today() - timedelta(days=2)
    bundle = in_envelopes(withdrawn_on=day)  # the third letter, before they were filled
    take_back(bundle, day, number=4)
    posted_on = day.isoformat()
    assert post_envelopes(staff, bundle, posted_on=posted_on).status_code == 422
    answered = post_envelopes(staff, bundle, posted_on=posted_on, withdrawn_in=withdrawn_in)
    assert answered.status_code == 303
    assert counts(session) == [7, letters]
    ways = {number: trips_to(session, bundle, number) for number in (3, 4)}
    assert ways == {3: set(), 4: {"went"} if withdrawn_in == "yes" else set()}


def test_a_letter_that_files_made_since_hold_is_asked_about_again(
    staff: FlaskClient,
    session: Session,
    in_envelopes: Callable[..., Bundle],
    again: Callable[[str, int], None],
) -> None:
    bundle = in_envelopes(withdrawn_on=today() - timedelta(days=2))
    third = select(Letter.signature_id).where(Letter.sequence == 3).scalar_subquery()
    back = {"state": SignatureState.CONFIRMED, "withdrawn_at": None}
    session.execute(update(Signature).where(Signature.id == third).values(back))
    run_id = session.scalars(select(EnvelopeRun.id)).one()
    session.execute(update(EnvelopeRun).values(state=RunState.WAITING))
    session.commit()
    again("deliveries.print-envelopes", run_id)
    withdraw_on(session, bundle, today())
    assert post_envelopes(staff, bundle).status_code == 422
    assert post_envelopes(staff, bundle, withdrawn_in="yes").status_code == 303
    assert counts(session) == [7, 4]


@pytest.mark.both_engines
def test_of_envelopes_from_before_it_was_written_down_it_is_not_said_which_letter_went(
    staff: FlaskClient,
    session: Session,
    in_envelopes: Callable[..., Bundle],
    take_back: Callable[..., None],
) -> None:
    day = today() - timedelta(days=2)
    bundle = in_envelopes(withdrawn_on=day)
    session.execute(update(EnvelopeRun).values(left_out=null()))
    take_back(bundle, day, number=4)
    posted_on = day.isoformat()
    assert post_envelopes(staff, bundle, posted_on=posted_on).status_code == 422
    answered = post_envelopes(staff, bundle, posted_on=posted_on, withdrawn_in="yes")
    assert answered.status_code == 303
    assert counts(session) == [7, 3]
    assert [trips_to(session, bundle, number) for number in (3, 4)] == [{"unknown"}] * 2


def test_posted_after_others_of_the_remade_print_the_letter_counts_without_a_proof(
    staff: FlaskClient, session: Session, in_envelopes: Callable[..., Bundle], print_bundle: Print
) -> None:
    bundle = in_envelopes()
    withdraw_on(session, bundle, today())
    remake(session, bundle, print_bundle)
    assert post_envelopes(staff, bundle, first="2", last="3").status_code == 303
    assert post_envelopes(staff, bundle, withdrawn_in="yes").status_code == 303
    assert counts(session) == [7, 4, 3]
    assert reads_delivered(session, bundle)
    assert prove_all(session, bundle) == ALL - {3}


@pytest.mark.parametrize(("withdrawn_in", "letters"), [("yes", 4), ("no", 3)])
def test_an_envelope_with_the_withdrawn_letter_alone_is_asked_about_once(
    staff: FlaskClient,
    session: Session,
    in_envelopes: Callable[..., Bundle],
    take_back: Callable[..., None],
    withdrawn_in: str,
    letters: int,
) -> None:
    bundle = in_envelopes(letters_each=1)
    take_back(bundle)
    page = staff.get(f"/desk/bundles/{bundle.public_id}/after").text
    assert "do not post the envelopes listed here." in page
    assert post_envelopes(staff, bundle, last="4").status_code == 422
    assert post_envelopes(staff, bundle, last="4", withdrawn_in=withdrawn_in).status_code == 303
    assert post_envelopes(staff, bundle, last="7").status_code == 303
    assert counts(session) == [7, letters, 3]
    assert reads_delivered(session, bundle) is (withdrawn_in == "yes")


def test_a_posting_that_was_a_mistake_is_taken_back_with_what_was_said(
    staff: FlaskClient,
    session: Session,
    in_envelopes: Callable[..., Bundle],
    take_back: Callable[..., None],
) -> None:
    bundle = in_envelopes()
    take_back(bundle)
    bundle, code = reload(session, bundle.id), check_code_of(session, bundle)
    before, page = bundle.taken_out, f"/desk/bundles/{bundle.public_id}/after"
    to_replace = "Print the file again and replace the address sheets"
    assert to_replace in staff.get(page).text
    assert "Envelope 1: 00003" in staff.get(page).text
    assert post_envelopes(staff, bundle, withdrawn_in="yes").status_code == 303
    assert to_replace not in staff.get(page).text
    session.rollback()
    visit = session.scalars(select(GateVisit).order_by(GateVisit.id.desc())).first()
    assert visit is not None
    record_delivery.remove_visit(session, visit, actor="test")
    session.commit()
    bundle = reload(session, bundle.id)
    assert (bundle.taken_out, check_code_of(session, bundle)) == (before, code)
    assert not reads_delivered(session, bundle)
    assert post_envelopes(staff, bundle).status_code == 422


def test_withdrawn_before_it_was_put_in_it_is_not_asked_about(
    staff: FlaskClient, session: Session, in_envelopes: Callable[..., Bundle]
) -> None:
    bundle = in_envelopes(letters_each=4, withdrawn_on=today() - timedelta(days=3))
    page = staff.get(f"/desk/bundles/{bundle.public_id}/after").text
    assert "Withdrawn since the envelopes were made" not in page
    assert post_envelopes(staff, bundle).status_code == 303
    assert counts(session) == [7, 4]
    assert not reads_delivered(session, bundle)


@pytest.mark.parametrize("is_remade", [False, True])
def test_withdrawn_days_before_it_was_with_the_others_all_the_same(
    session: Session, printed: Bundle, print_bundle: Print, record: Record, is_remade: bool
) -> None:
    session.execute(update(BundlePrint).values(made_at=db.utcnow() - FIRST_PRINT))
    withdraw_on(session, printed, today() - timedelta(days=2))
    if is_remade:
        remake(session, printed, print_bundle)
    papers = list_papers(session, reload(session, printed.id))
    whole = next(paper for paper in papers if paper.letters == 7)
    record(printed, DeliveryOutcome.ACCEPTED, paper=whole.value)
    assert counts(session) == [7]
    assert reads_delivered(session, printed)
