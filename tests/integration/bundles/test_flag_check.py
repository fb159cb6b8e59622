"""Risk flags that are set once letters are confirmed: what says one is in no later bundle."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles.changes import cancel_bundle, release_letters
from campaign.bundles.freeze.choices import EVERYTHING
from campaign.bundles.freeze.eligible import Why, list_left_out, list_offers
from campaign.bundles.freeze.freeze_bundle import JourneyPart, freeze_parts
from campaign.bundles.volumes import load_letters
from campaign.campaigns.content import risks
from campaign.core import db, jobs
from campaign.core.db.commit_actions import run_after_commit
from campaign.core.errors import Refused
from campaign.core.settings import current_settings
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign, Target
from campaign.models.revision import RiskKind
from campaign.models.screening import Decision, Hold
from campaign.models.signature import WITHDRAWN, Letter, Signature, SignatureState
from campaign.models.staff import Role
from campaign.screening import flag_check, review_queue
from campaign.signing.checks.screening_rules import Reason
from tests.factories import (
    add_confirmed,
    freeze_waiting,
    make_campaign,
    make_staff_user,
    make_target_mission,
    make_target_official,
    post,
    sign_in,
)

CONFIRMED, HELD = SignatureState.CONFIRMED, SignatureState.HELD
NAMED = "My friend Petra Salas told me about it."
SECOND = "Vera Lund told me so."


@pytest.fixture
def campaign(session: Session) -> Campaign:
    campaign = make_campaign(session)
    session.commit()
    return campaign


Flag = Callable[..., None]


@pytest.fixture
def flag(app: Flask, session: Session, campaign: Campaign) -> Flag:
    """Make the campaign's flags these witnesses; the job runs, unless it `is_lost`."""

    def act(*names: str, is_lost: bool = False) -> None:
        number = campaign.id
        session.rollback()
        with app.app_context():
            with db.transaction() as own:
                risks.set_flags(
                    own,
                    own.get_one(Campaign, number),
                    actor="test",
                    words=[(RiskKind.WITNESS, name) for name in names],
                    embargo_until=None,
                )
            if not is_lost:
                jobs.run_now("screening.check-flags", number)
        session.expire_all()

    return act


def write(session: Session, campaign: Campaign, *words: str) -> list[Signature]:
    signatures = add_confirmed(session, campaign, len(words), own_words=lambda at: words[at])
    session.commit()
    return signatures


def run_queue(app: Flask, session: Session) -> None:
    """Commit; do what was sent for."""
    session.commit()
    run_after_commit(session)
    huey = app.extensions["queue"].huey
    while (task := huey.dequeue()) is not None:
        huey.execute(task)


def decide(session: Session, signature: Signature, decision: Decision, note: str = "") -> None:
    by = make_staff_user(session, role=Role.STAFF, name=f"Odile {db.new_public_id()}")
    hold = session.get_one(Hold, signature.id, populate_existing=True)
    review_queue.decide(
        session,
        public_ids=[signature.public_id],
        seen={hold.version},
        decision=decision,
        by=by,
        now=db.utcnow(),
        note=note,
        flagged_seen=True,
    )
    session.commit()


def states(session: Session, signatures: list[Signature]) -> list[SignatureState]:
    session.rollback()
    session.expire_all()
    return [signature.state for signature in signatures]


@pytest.mark.both_engines
def test_letters_confirmed_before_a_flag_are_held_in_silence_and_others_are_not(
    session: Session, campaign: Campaign, flag: Flag
) -> None:
    letters = write(session, campaign, NAMED, "I thank you.", "")
    letters += add_confirmed(session, campaign, 1, given_name="Petra", family_name="Salas")
    letters += add_confirmed(session, campaign, 1, full_text="Salas Petra saw it.", own_words="")
    session.commit()
    flag("Petra Salas")
    assert states(session, letters) == [HELD, CONFIRMED, CONFIRMED, HELD, HELD]
    assert {letter.shown_state for letter in letters} == {CONFIRMED}
    hold = session.get_one(Hold, letters[0].id)
    assert (hold.decision, hold.reasons) == (Decision.OPEN, [Reason.RISK])
    bundle = freeze_waiting(session, campaign)
    assert bundle.letter_count == 2


def test_a_word_that_is_not_allowed_is_secret_by_a_later_flag(
    session: Session, campaign: Campaign, flag: Flag
) -> None:
    campaign.forbidden_words = ["Petra"]
    (letter,) = write(session, campaign, "Petra told me about it.")
    flag("Petra Salas")
    assert states(session, [letter]) == [HELD]
    assert session.get_one(Hold, letter.id).reasons == [Reason.NOT_ALLOWED]


@pytest.mark.both_engines
def test_nothing_is_frozen_before_the_check_and_the_refusal_sends_for_it(
    app: Flask, session: Session, campaign: Campaign, flag: Flag, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = write(session, campaign, NAMED, "I thank you.")
    flag("Petra Salas", is_lost=True)
    sent = list[tuple[str, tuple[int, ...]]]()
    monkeypatch.setattr(jobs.Queue, "send", lambda _, name, ids=(): sent.append((name, ids)))
    with pytest.raises(Refused, match="letters-unchecked"):
        freeze_waiting(session, campaign)
    assert sent == [("screening.check-flags", (campaign.id,))]
    session.rollback()
    # The message was lost as well: a periodic job finds it.
    jobs.run_now("screening.resume-flags")
    assert states(session, letters) == [HELD, CONFIRMED]
    assert campaign.flags_checked == risks.newest_flag(campaign) > 0
    assert freeze_waiting(session, campaign).letter_count == 1


def test_one_confirmed_while_the_flag_was_set_is_checked_before_it_is_frozen(
    session: Session, campaign: Campaign, flag: Flag
) -> None:
    flag("Petra Salas")
    (late,) = write(session, campaign, NAMED)  # judged by the flags of before
    with pytest.raises(Refused, match="letters-unchecked"):
        freeze_waiting(session, campaign)
    session.rollback()
    jobs.run_now("screening.check-flags", campaign.id)
    assert states(session, [late]) == [HELD]


def test_what_was_done_stays_done_where_the_job_dies(
    session: Session, campaign: Campaign, flag: Flag, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = write(session, campaign, NAMED, NAMED, NAMED)
    flag("Petra Salas", is_lost=True)
    check, calls = flag_check.find_silent_reasons, iter(range(3))

    def die(signature: Signature, *, after: int) -> list[str]:
        if next(calls) == 2:
            raise RuntimeError
        return check(signature, after=after)

    with monkeypatch.context() as dying:
        dying.setattr(flag_check, "find_silent_reasons", die)
        dying.setattr(flag_check.Pace, "__init__", lambda pace: setattr(pace, "size", 1))
        with pytest.raises(RuntimeError):
            flag_check.check_letters(campaign.id)
    assert states(session, letters).count(HELD) in {1, 2}
    assert campaign.flags_checked == 0
    jobs.run_now("screening.resume-flags")
    assert states(session, letters) == [HELD] * 3


def test_letters_in_a_bundle_are_held_too_and_wait_once_it_is_cancelled(
    app: Flask, session: Session, campaign: Campaign, flag: Flag
) -> None:
    letters = write(session, campaign, NAMED, "I thank you.")
    bundle = freeze_waiting(session, campaign)
    session.commit()
    flag("Petra Salas")
    assert states(session, letters) == [HELD, CONFIRMED]
    assert {letter.shown_state for letter in letters} == {CONFIRMED}
    assert letters[0].letters[0].bundle_id == bundle.id
    cancel_bundle.let_wait(session, campaign, Letter.bundle_id == bundle.id)
    session.commit()
    assert freeze_waiting(session, campaign).letter_count == 1


def test_an_approved_letter_comes_back_for_a_new_flag_alone(
    session: Session, campaign: Campaign, flag: Flag
) -> None:
    letters = write(session, campaign, NAMED, f"{NAMED} {SECOND}")
    flag("Petra Salas")
    for letter in letters:
        decide(session, letter, Decision.APPROVED)
    flag("Petra Salas", "Nobody Else")
    assert states(session, letters) == [CONFIRMED, CONFIRMED]
    flag("Petra Salas", "Nobody Else", "Vera Lund")
    assert states(session, letters) == [CONFIRMED, HELD]
    decide(session, letters[1], Decision.APPROVED)
    flag("Vera Lund")
    flag("Vera Lund", "Petra Salas")  # as new as any other
    assert states(session, letters) == [HELD, HELD]


def test_who_has_a_letter_in_a_bundle_is_held_and_the_other_is_frozen_by_nobody(
    session: Session, campaign: Campaign, flag: Flag
) -> None:
    second = make_target_mission(7)
    campaign.targets.append(Target(official=make_target_official(7), mission=second, position=1))
    letters = write(session, campaign, NAMED, "I thank you.")
    freeze_waiting(session, campaign)
    session.commit()
    flag("Petra Salas")
    assert states(session, letters) == [HELD, CONFIRMED]
    chosen = {campaign.slug: EVERYTHING}
    offers = list_offers(session, second)
    left = list_left_out(session, second, offers, chosen, sheets_travel=False)
    assert [offer.letters for offer in offers] == [1]
    assert [(each.why, each.count) for each in left] == [(Why.HELD, 1)]
    parts, settings = [JourneyPart(campaign)], current_settings()
    (other,) = freeze_parts(
        session, parts, mission=second, settings=settings, locale="en", actor="test"
    )
    assert other.letter_count == 1


Leave = Callable[[Session, Bundle], int]


def cancel(session: Session, bundle: Bundle) -> int:
    return cancel_bundle.cancel(session, bundle, storage.storage(), reason="", actor="test")


def release(session: Session, bundle: Bundle) -> int:
    bundle.state = BundleState.FAILED
    session.flush()
    return release_letters.release(session, bundle, storage.storage(), actor="test")


def restore(session: Session, bundle: Bundle) -> int:
    bundle.state = BundleState.READY
    letters = Letter.bundle_id == bundle.id
    db.update_rows(session, Letter, letters, set_aside=WITHDRAWN)
    session.flush()
    return release_letters.restore(session, bundle, actor="test")


@pytest.mark.both_engines
@pytest.mark.parametrize("leave", [cancel, release, restore])
def test_what_leaves_a_bundle_is_checked_and_all_that_names_no_flag_is_frozen(
    app: Flask, session: Session, campaign: Campaign, flag: Flag, leave: Leave
) -> None:
    second = make_target_mission(7)
    campaign.targets.append(Target(official=make_target_official(7), mission=second, position=1))
    letters = write(session, campaign, NAMED, "I thank you.")
    freeze_waiting(session, campaign)

    def freeze_second() -> Bundle:
        parts = [JourneyPart(campaign)]
        settings = current_settings()
        (bundle,) = freeze_parts(
            session, parts, mission=second, settings=settings, locale="en", actor="test"
        )
        return bundle

    other = freeze_second()
    session.commit()
    flag("Petra Salas", is_lost=True)
    app.extensions["queue"].huey.flush()
    assert leave(session, other) == 2
    run_queue(app, session)
    assert states(session, letters) == [HELD, CONFIRMED]
    assert freeze_second().letter_count == 1


@pytest.mark.both_engines
def test_what_did_not_open_is_checked_once_it_does(
    app: Flask, session: Session, campaign: Campaign, flag: Flag
) -> None:
    letter, other = write(session, campaign, NAMED, "I thank you.")
    number, seal = letter.id, letter.seal_id

    def seal_with(seal_id: bytes) -> None:
        session.execute(update(Signature).filter_by(id=number).values(seal_id=seal_id))
        session.commit()
        session.expire_all()

    seal_with(b"x" * len(seal))
    flag("Petra Salas")
    bundle = freeze_waiting(session, campaign)
    assert bundle.letter_count == 2
    aside = Letter.signature_id == number
    db.update_rows(session, Letter, aside, set_aside=load_letters.UNREADABLE)
    bundle.state = BundleState.READY
    session.commit()
    seal_with(seal)
    assert release_letters.release(session, bundle, storage.storage(), actor="test") == 1
    run_queue(app, session)
    assert states(session, [letter, other]) == [HELD, CONFIRMED]


def test_pages_say_what_is_checked_and_that_nothing_is_frozen_meanwhile(
    app: Flask, session: Session, campaign: Campaign
) -> None:
    write(session, campaign, "I thank you.")
    freeze_waiting(session, campaign)
    session.commit()
    write(session, campaign, NAMED, "I thank you.")
    organizer, staff = app.test_client(), app.test_client()
    sign_in(organizer, app, Role.ADMIN)
    sign_in(staff, app, Role.STAFF, name="Odile Marchand")
    url = f"/desk/campaigns/{campaign.slug}/risks"
    saved = post(organizer, url, {"witness": "Petra Salas"}, follow_redirects=True).text
    assert "We now check the confirmed letters that have not gone out." in saved
    assert "Staff review those that name a flag, and read on Today which not to deliver." in saved
    form = {"mission": campaign.targets[0].mission.slug, "campaign": campaign.slug}
    refused = post(staff, "/desk/bundles/new", form)
    assert refused.status_code == 409
    assert "We are checking confirmed letters against new risk flags." in refused.text
    jobs.run_now("screening.check-flags", campaign.id)
    assert post(staff, "/desk/bundles/new", form).status_code == 303
