"""Which letters are gone is asked of each letter, and counted for the bundle: with one answer."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.bundle_status import has_letters_here
from campaign.core import db
from campaign.core.errors import DomainError, NotFound
from campaign.deliveries.carried_paper import list_papers
from campaign.deliveries.envelopes.mark_posted import Posting, post_envelopes
from campaign.deliveries.envelopes.split_bundle import (
    find_run,
    get_run,
    name_part,
    split_bundle,
    split_rest,
)
from campaign.deliveries.record_delivery import (
    CarriedBundle,
    VisitFacts,
    record_visit,
    remove_visit,
)
from campaign.deliveries.recording_rules import GONE_OUT, join_spans, list_inside
from campaign.deliveries.remaining_letters import (
    count_here,
    count_paper,
    find_unnamed_part,
    has_paper_here,
    is_gone,
)
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.delivery import Envelope, GateVisit
from campaign.models.signature import Letter, Signature, SignatureState
from tests.days import days_ago

Deed = Callable[[Session, Bundle, int, int], object]
"""What somebody does, with two numbers from 0 to 6 that say to what, or how."""


def carry(
    session: Session, bundle: Bundle, outcome: DeliveryOutcome, paper: int, taken: int | None = None
) -> None:
    papers = list_papers(session, bundle)
    value = papers[paper % len(papers)].value if papers else ""
    happened = VisitFacts(outcome=outcome, happened_on=days_ago(1 + paper % 3))
    carried = [CarriedBundle(bundle, taken, value)]
    record_visit(session, carried=carried, happened=happened, key=db.new_public_id(), actor="test")


def hand_over(session: Session, bundle: Bundle, paper: int, _other: int) -> None:
    carry(session, bundle, DeliveryOutcome.ACCEPTED, paper)


def be_refused(session: Session, bundle: Bundle, paper: int, _other: int) -> None:
    carry(session, bundle, DeliveryOutcome.REFUSED, paper)


def hand_over_part(session: Session, bundle: Bundle, paper: int, taken: int) -> None:
    carry(session, bundle, DeliveryOutcome.PART, paper, taken)


def name_part_taken(session: Session, bundle: Bundle, _first: int, at: int) -> None:
    part = find_unnamed_part(session, bundle)
    if part is None:
        raise NotFound("delivery")
    numbers = [1 + (at + each) % 7 for each in range(part.messages)]
    name_part(session, part, join_spans((number, number) for number in numbers), actor="test")


def hand_over_named_part(session: Session, bundle: Bundle, taken: int, at: int) -> None:
    hand_over_part(session, bundle, at, 1 + taken // 2)
    name_part_taken(session, bundle, 0, at)


def fill_envelopes(session: Session, bundle: Bundle, letters: int, _other: int) -> None:
    split_bundle(session, bundle, letters_each=1 + letters // 2, with_letters=False, actor="test")


def fill_more_envelopes(session: Session, bundle: Bundle, _first: int, _other: int) -> None:
    split_rest(session, get_run(session, bundle), actor="test")


def post_some(session: Session, bundle: Bundle, which: int, more: int) -> None:
    if find_run(session, bundle) is None:
        fill_envelopes(session, bundle, which // 2, 0)
    run = get_run(session, bundle)
    first = 1 + which % run.envelope_count if more < 4 else 1
    last = first + more // 2 if more < 4 else run.envelope_count
    posting = Posting(first, last, days_ago(1), sure=True, withdrawn_in=more % 2 == 1)
    post_envelopes(session, run, posting, key=db.new_public_id(), actor="test")


def delete_record(session: Session, _bundle: Bundle, which: int, _other: int) -> None:
    visits = session.scalars(select(GateVisit).order_by(GateVisit.id)).all()
    if not visits:
        raise NotFound("visit")
    remove_visit(session, visits[which % len(visits)], actor="test")


def withdraw(session: Session, bundle: Bundle, which: int, days: int) -> None:
    signature = get_letter(session, bundle, which).signature
    signature.state = SignatureState.WITHDRAWN
    signature.withdrawn_at = db.utcnow() - timedelta(days=days)


def forget(session: Session, bundle: Bundle, which: int, _other: int) -> None:
    get_letter(session, bundle, which).signature.forgotten_at = db.utcnow()


def get_letter(session: Session, bundle: Bundle, which: int) -> Letter:
    its = select(Letter).where(Letter.bundle_id == bundle.id, Letter.sequence == 1 + which)
    return session.scalars(its).one()


DEEDS: list[Deed] = [
    *(3 * [hand_over_named_part, post_some, delete_record]),
    *(2 * [hand_over_part, name_part_taken, hand_over, withdraw]),
    *(fill_envelopes, fill_more_envelopes, be_refused, forget),
]
LEAST_DONE = 6  # of these; the others are refused as things stand


def find_gone(session: Session, bundle: Bundle) -> set[int]:
    """Find the numbers of what went, record by record, without the queries that are tried."""
    numbers = {*session.scalars(select(Letter.sequence).where(Letter.bundle_id == bundle.id))}
    gone = set[int]()
    attempts = select(DeliveryAttempt).where(DeliveryAttempt.bundle_id == bundle.id)
    for attempt in session.scalars(attempts):
        spans = [(span.first_number, span.last_number) for span in attempt.taken]
        envelopes = select(Envelope).where(Envelope.attempt_id == attempt.id)
        spans += [(each.first_number, each.last_number) for each in session.scalars(envelopes)]
        gone |= numbers.intersection(list_inside(spans))
        if not spans and attempt.outcome in GONE_OUT - {DeliveryOutcome.PART}:
            gone |= numbers
    return gone


def compare_answers(session: Session, bundle: Bundle, done: object) -> None:
    session.flush()
    session.expire_all()
    gone = find_gone(session, bundle)
    in_bundle = select(Letter.sequence).where(Letter.bundle_id == bundle.id)
    assert {*session.scalars(in_bundle.where(is_gone()))} == gone, done
    here = {*session.scalars(in_bundle.where(Letter.set_aside.is_(None)))} - gone
    confirmed = in_bundle.join(Signature).where(Signature.state == SignatureState.CONFIRMED)
    wanted = here.intersection(session.scalars(confirmed.where(Signature.forgotten_at.is_(None))))
    assert count_here(session, bundle) == len(wanted), done
    counted = select(has_letters_here(), has_paper_here()).where(Bundle.id == bundle.id)
    assert session.execute(counted).one() == (bool(wanted), bool(here)), done
    unnamed = select(DeliveryAttempt.messages).where(
        DeliveryAttempt.bundle_id == bundle.id,
        DeliveryAttempt.outcome == DeliveryOutcome.PART,
        ~DeliveryAttempt.taken.any(),
    )
    assert count_paper(session, bundle) == max(len(here) - sum(session.scalars(unnamed)), 0), done


@pytest.mark.parametrize("seed", [0, 1, 3, 5, 9, 18])
def test_the_same_letters_are_gone_whichever_way_they_are_asked_for(
    session: Session, bundle: Bundle, seed: int
) -> None:
    chance = Random(seed)
    done: list[tuple[str, int, int]] = []
    for deed in chance.sample(DEEDS, len(DEEDS)):
        numbers = chance.randrange(7), chance.randrange(7)
        try:
            with session.begin_nested():
                deed(session, bundle, *numbers)
        except DomainError:
            continue
        done.append((deed.__name__, *numbers))
        compare_answers(session, bundle, done)
    assert len(done) >= LEAST_DONE, done
    session.rollback()
