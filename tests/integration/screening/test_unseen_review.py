"""Who writes of a witness learns on no path that the letter is held."""

import re

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from campaign.bundles.freeze.waiting_counts import list_waiting
from campaign.core import db, jobs
from campaign.models.campaign import Campaign
from campaign.models.revision import RiskFlag, RiskKind
from campaign.models.screening import Decision, Hold
from campaign.models.signature import Signature, SignatureState
from campaign.screening import invalidate, review_queue
from tests.integration.screening.conftest import Write, the_signature
from tests.integration.screening.test_invalidate import by, change_words, counted, run, undo

CONFIRMED, HELD, INVALID = SignatureState.CONFIRMED, SignatureState.HELD, SignatureState.INVALID
NAMED = "Halldora Lysing saw it all."
DOMAIN = {"domains": ("example.org",)}


@pytest.fixture(autouse=True)
def _witness(campaign: Campaign, session: Session) -> None:
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Halldora Lysing")]
    session.commit()


def seen(signature: Signature) -> tuple[SignatureState, SignatureState]:
    return signature.state, signature.shown_state


def test_a_silent_hold_stays_silent_when_it_is_set_aside_changed_and_restored(
    app: Flask, session: Session, write: Write
) -> None:
    link = write(NAMED)
    assert seen(the_signature(session)) == (HELD, CONFIRMED)
    made = run(session, counted(app, session, None, **DOMAIN))
    assert seen(the_signature(session)) == (INVALID, CONFIRMED)
    assert seen(change_words(session, f"{NAMED} Indeed.")) == (INVALID, CONFIRMED)
    assert undo(session, made).restored == 1
    signature = the_signature(session)
    assert seen(signature) == (HELD, CONFIRMED)
    assert session.get_one(Hold, signature.id).decision is Decision.OPEN
    assert "Thank you. Your letter is confirmed." in app.test_client().get(link).text


def test_one_that_comes_to_a_standing_invalidation_is_shown_as_confirmed_and_restored_held(
    app: Flask, session: Session, write: Write
) -> None:
    write("Honest.")
    made = run(session, counted(app, session, None, **DOMAIN), standing=True)
    write(NAMED)
    assert seen(the_signature(session)) == (INVALID, CONFIRMED)
    undo(session, made)
    assert seen(the_signature(session)) == (HELD, CONFIRMED)


def test_who_was_asked_to_change_it_sees_so_after_an_undo_too(
    app: Flask, session: Session, write: Write
) -> None:
    write(NAMED)
    names = [the_signature(session).public_id]
    staff, now = by(session), db.utcnow()
    review_queue.decide(
        session,
        public_ids=names,
        decision=Decision.RETURNED,
        by=staff,
        now=now,
        note="Leave it out.",
    )
    session.commit()
    assert seen(the_signature(session)) == (HELD, HELD)
    made = run(session, counted(app, session, None, **DOMAIN))
    assert seen(the_signature(session)) == (INVALID, HELD)
    assert seen(change_words(session, "Somebody saw it all.")) == (INVALID, HELD)
    undo(session, made)
    assert seen(the_signature(session)) == (HELD, HELD)


def numbers(app: Flask, campaign: Campaign, link: str) -> tuple[int, int, int]:
    """How many have written, on the case's page, in the list of cases, on the writer's own page."""
    reader = app.test_client()
    pages = [reader.get(url).text for url in (f"/en/actions/{campaign.slug}", "/en/", link)]
    first, second, own = (
        int(found[1])
        if (found := re.search(r"(\d+) (?:person has|people have) written", page))
        else 0
        for page in pages
    )
    return first, second, own


def count_all(app: Flask) -> None:
    with app.app_context():
        jobs.run_now("campaigns.count")


def test_in_a_quiet_case_no_number_tells_that_a_letter_is_held(
    app: Flask, session: Session, campaign: Campaign, write: Write
) -> None:
    count_all(app)
    link, told = "", []
    for words in ("I thank you.", NAMED):
        link = write(words)
        at_once = numbers(app, campaign, link)
        count_all(app)
        told.append((at_once[0], at_once[2], *numbers(app, campaign, link)))
    # Before the next count the writer alone sees it counted, held or not.
    assert told == [(0, 1, 1, 1, 1), (1, 2, 2, 2, 2)]
    assert seen(the_signature(session)) == (HELD, CONFIRMED)
    assert [one.letters for one in list_waiting(session)] == [1], "of what is printed it is no part"
    found = counted(app, session, None, **DOMAIN)
    (effect,) = invalidate.list_effects(session, found)
    assert (effect.before, effect.after) == (2, 0)
    review_queue.decide(
        session,
        public_ids=[the_signature(session).public_id],
        decision=Decision.REJECTED,
        by=by(session),
        now=db.utcnow(),
        note="No.",
    )
    session.commit()
    count_all(app)
    assert numbers(app, campaign, link)[:2] == (1, 1)
