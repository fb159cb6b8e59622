"""Change a letter until it is in a bundle, or withdraw it as long as it is in our hands."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.bundles.changes.release_letters import keep_waiting
from campaign.campaigns.stop_rule import may_go_out
from campaign.core import clock, db, jobs
from campaign.core.errors import Refused
from campaign.core.settings import current_settings
from campaign.models.screening import Hold
from campaign.models.signature import ASKED, Origin, Signature, SignatureState
from campaign.printing.page_fit import Room
from campaign.signing.campaign_terms import PlannedLetter, SigningPlan, get_plan, merge_points
from campaign.signing.checks import review_decision
from campaign.signing.checks.similar import forget_words
from campaign.signing.clean_text import Problem
from campaign.signing.form import steps
from campaign.signing.form.steps import FormResult, Posted
from campaign.signing.letter.compose import arrange_points, move_point, writer_of
from campaign.signing.letter.draft import point_texts, signed_letters
from campaign.signing.letter.proposed_letters import propose_letters
from campaign.signing.person_fingerprint import person_of
from campaign.signing.sign import asked_values
from campaign.signing.signature_events import announce_confirmed, announce_withdrawn
from campaign.signing.signatures_per_mailbox import is_name_taken, list_seats
from campaign.signing.states import LIVE, move_signature
from campaign.signing.validate import SignedForm
from campaign.tracking.letter_place import Place, find_place
from campaign.tracking.timeline import is_frozen, lock_letters, lock_remaining

EDITABLE = tuple(name for name in ASKED if name != "email")
_MOVING = ("order", "move")  # What the page of points sends besides, for itself
_OVER = {"second-page", "over-card"}


@dataclass(frozen=True, slots=True)
class ChangedLetter:
    posted: Posted
    result: FormResult
    room: Room | None
    """How full its page is; None where that cannot be told, or was never held to it."""
    bounded: bool  # Whether it is held to its page: then lines are told, and no characters


class TooLate(Refused):
    """The letter has gone too far for that. Data: `cards`, whether it is a card; `by_hand`.

    Slugs: `letter-frozen`, `letter-handed-over`, `letter-stopped`, `letter-ended`,
    `letter-rejected`, `letter-decided`, `letter-on-paper`.
    """

    def __init__(self, slug: str, signature: Signature) -> None:
        by_hand = signature.origin is not Origin.ONLINE
        super().__init__(slug, cards=signature.campaign.cards, by_hand=by_hand)
        self.signature = signature  # no data: that is logged


class ChangedMeanwhile(Refused):
    """Since the form was opened the letter was changed in another way, in another tab perhaps."""


class NameTaken(Refused):
    """Since the form was judged, another of the mailbox has signed, or signs, under that name."""


def digest_of(letter: Signature | SignedForm) -> str:
    """Name what a writer may change in a letter, as it is."""
    values = [
        [*letter.points] if name == "points" else str(getattr(letter, name) or "")
        for name in EDITABLE
    ]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:32]


def refuse_without_letter(signature: Signature) -> None:
    """Raise TooLate (`letter-on-paper`) for a signature of a sheet or a file: it has no letter."""
    if signature.origin is not Origin.ONLINE:
        raise TooLate("letter-on-paper", signature)


def refuse_unchangeable(signature: Signature) -> None:
    refuse_without_letter(signature)
    if not may_go_out(signature.campaign.status):
        raise TooLate("letter-stopped", signature)
    _refuse_ended(signature)
    if is_frozen(signature):
        raise TooLate("letter-frozen", signature)


def _refuse_ended(signature: Signature) -> None:
    if signature.shown_state not in LIVE:
        rejected = signature.shown_state is SignatureState.REJECTED
        raise TooLate("letter-rejected" if rejected else "letter-ended", signature)


def plan_for(session: Session, signature: Signature) -> SigningPlan:
    """Return the campaign's plan as it is for this letter: it stays in the words that were signed.

    Whatever was written, ruled out or switched off since, its templates' versions are what it is
    held to, what it says already may stay in it, and so may a text that was rewritten.
    """
    plan = get_plan(session, signature.campaign.slug)
    locale = signature.letter_locale
    letters = tuple(
        PlannedLetter(letter.target_id, letter.template_id) for letter in signature.letters
    )
    pairs = [(letter.target, letter.template) for letter in signature.letters]
    points = merge_points(template for _, template in pairs)
    drafts = propose_letters(signature.campaign, locale, pairs)
    writer = writer_of(signature)
    fits = drafts is not None and drafts.measure_room(writer, _day(signature)).fits
    own_texts = [*(drafts.texts() if drafts else ()), writer.own_words, writer.full_text]
    rewrites = bool(writer.full_text) or locale in plan.facts
    return replace(
        plan,
        letters={locale: letters},
        points={locale: tuple(points.items())},
        drafts={locale: drafts} if drafts else {},
        bounded=frozenset({locale} if fits else ()),
        facts={locale: (drafts.facts() if drafts else None) or {}} if rewrites else {},
        word_rules=plan.word_rules.allowing(own_texts),
    )


def _day(signature: Signature) -> date:
    return clock.day_of(signature.times.signed_at, signature.campaign.timezone)


def as_posted(signature: Signature) -> Posted:
    names = [name for name in (*ASKED, "letter_locale") if name != "points"]
    values = {name: str(getattr(signature, name) or "") for name in names}
    values["town_is_right"] = "y"  # they said so when they signed
    return MultiDict([*values.items(), *(("points", key) for key in signature.points)])


def judge_change(session: Session, signature: Signature, form: Posted) -> ChangedLetter:
    taken = [name for name in (*EDITABLE, *_MOVING) if name in form or name == "points"]
    kept = as_posted(signature).items(multi=True)
    posted = MultiDict(
        [
            *((name, value) for name, value in kept if name not in taken),
            *((name, value) for name in taken for value in form.getlist(name)),
        ]
    )
    if posted.get("locality") != signature.locality:
        posted["town_is_right"] = form.get("town_is_right", "")
    settings = current_settings()
    plan = plan_for(session, signature)
    limit = max(settings.own_words_limit, len(signature.own_words))
    result = steps.judge_form(posted, plan, limit=limit)
    bounded = signature.letter_locale in plan.bounded
    room = _room(plan, signature, result) if bounded else None
    if result.form is not None and _takes_name(session, signature, result.form):
        result = FormResult(None, {"given_name": Problem("name-taken")})
    return ChangedLetter(posted, result, room, bounded)


def _is_renamed(signature: Signature, form: SignedForm) -> bool:
    return person_of(form).name != person_of(signature).name


def _takes_name(session: Session, signature: Signature, form: SignedForm) -> bool:
    """Tell whether it would bear the name of another who has signed from its mailbox."""
    return _is_renamed(signature, form) and is_name_taken(session, signature, person_of(form))


def must_warn(signature: Signature, changed: ChangedLetter) -> bool:
    form, there = changed.result.form, signature.campaign.country
    return form is not None and form.country == there != signature.country


def list_reasons_to_say(
    session: Session, signature: Signature, changed: ChangedLetter
) -> list[str]:
    """Return why staff will read it first, as the page Check would say; none of one they read."""
    form = changed.result.form
    if form is None or signature.shown_state is SignatureState.HELD:
        return []
    templates = [letter.template for letter in signature.letters]
    campaign, letter_id = signature.campaign, signature.id
    return review_decision.list_reasons_told(
        session, campaign, form, templates, letter_id=letter_id
    )


def _room(plan: SigningPlan, signature: Signature, result: FormResult) -> Room | None:
    locale = signature.letter_locale
    if result.form is None:
        over = [
            problem.data["lines"] for problem in result.problems.values() if problem.slug in _OVER
        ]
        return Room(1.01, int(str(over[0])), 0) if over else None
    return plan.drafts[locale].measure_room(result.form, _day(signature))


def offered_points(signature: Signature, posted: Posted) -> list[tuple[str, bool, str]]:
    """Return key, whether required and text of each point, in the order of the form or letter."""
    templates = [letter.template for letter in signature.letters]
    required = merge_points(templates)
    keys = tuple(required)
    writer = replace(writer_of(signature), full_text="", points=keys)
    texts = point_texts(templates, signed_letters(signature, writer=writer), keys)
    order = posted.getlist("order") or posted.getlist("points")
    placed = move_point(arrange_points(order, tuple(required.items())), posted.get("move", ""))
    return [(key, required[key], texts[key]) for key in placed]


def change_letter(
    session: Session, signature: Signature, form: SignedForm, *, seen: str = ""
) -> None:
    """Replace the words, and have the letter judged again.

    Raises TooLate, ChangedMeanwhile or NameTaken.

    `seen` is the digest of the letter that was on the page; without it nothing is compared.
    """
    if _is_renamed(signature, form):  # of two who take one name at once, one waits
        lock_remaining(session, list_seats(session, signature))
    lock_letters(session, signature)
    refuse_unchangeable(signature)
    if seen and digest_of(signature) not in {seen, digest_of(form)}:
        raise ChangedMeanwhile("letter-changed")
    if _takes_name(session, signature, form):
        raise NameTaken("name-taken")
    values = asked_values(form)
    for name in (*EDITABLE, "person_hmac"):
        setattr(signature, name, values[name])
    forget_words(session, signature.id)
    keep_waiting(session, signature)
    session.flush()
    was_confirmed = signature.state is SignatureState.CONFIRMED
    review_decision.judge_changed(session, signature, db.utcnow())
    announce_confirmed(session, signature, db.utcnow())
    if was_confirmed is not (signature.state is SignatureState.CONFIRMED):
        jobs.enqueue(session, "campaigns.count")
    jobs.enqueue(session, "signing.note-words", signature.id)


def refuse_unwithdrawable(session: Session, signature: Signature) -> None:
    _refuse_ended(signature)
    if find_place(session, signature) is Place.GONE:
        raise TooLate("letter-handed-over", signature)


def withdraw_letter(session: Session, signature: Signature, now: datetime) -> None:
    """Withdraw the letter. In a bundle its row stays, as the record of what is to be taken out.

    The name stays, so that the same person can sign again; their words do not.
    """
    lock_letters(session, signature)
    refuse_unwithdrawable(session, signature)
    move_signature(signature, SignatureState.WITHDRAWN)
    announce_withdrawn(session, signature, now)
    signature.state_before = signature.invalidation_id = None
    for name, value in signature.cut_times(signature.times.confirmed_at).items():
        setattr(signature, name, value)
    signature.withdrawn_at = clock.cut_to_day(now, signature.campaign.timezone)
    signature.own_words = ""
    signature.full_text = None
    signature.consent_updates_at = None
    forget_words(session, signature.id)
    session.execute(delete(Hold).where(Hold.signature_id == signature.id))
    session.flush()
