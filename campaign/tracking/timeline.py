"""What has happened to a letter, as dated marks: signed, confirmed, printed, delivered."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from flask import url_for
from flask_babel import gettext, pgettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.destinations import destination_of
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import clock, db, i18n
from campaign.core.errors import NotFound
from campaign.deliveries.attempt_order import estimate_moment
from campaign.deliveries.visits import list_late
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome, Destination
from campaign.models.campaign import Campaign, StopKind, UpdateKind
from campaign.models.directory import Mission, Official, mission_name, official_name
from campaign.models.signature import WITHDRAWN, Letter, Origin, Signature, SignatureState
from campaign.public.case_page import CasePicture, CasePost, posts_of
from campaign.signing.checks.review_decision import note_for
from campaign.signing.confirm_letter import can_confirm
from campaign.signing.letter.compose import number_of
from campaign.tracking.letter_trips import Stay, Trip, find_bundle_of_sheet, list_released, stays_of

_ENDED = {SignatureState.WITHDRAWN, SignatureState.REJECTED}
_LAST = datetime.max.replace(tzinfo=UTC)
_GONE_WORDS = {
    DeliveryOutcome.LEFT: "left_at_door",
    DeliveryOutcome.POSTED: "posted",
    DeliveryOutcome.COURIER: "courier",
}  # What a tag says of letters that are out of our hands otherwise than handed over


def lock_letters(session: Session, *signatures: Signature) -> None:
    """Lock all of these as `lock_remaining` does. Raises NotFound where one was deleted."""
    if len(lock_remaining(session, signatures)) < len({*signatures}):
        raise NotFound("letter")


def lock_remaining(session: Session, signatures: Sequence[Signature]) -> list[Signature]:
    """Lock these signatures, read them and their letters anew, and keep bundles from freezing.

    A freeze holds its campaign in the same way, so each sees what the other did. In the order of
    ids, so that two who hold several never wait for each other. Return those, in the order given,
    that nobody has deleted meanwhile.
    """
    ids = {signature.id for signature in signatures}
    campaigns = (
        select(Campaign)
        .where(Campaign.id.in_({signature.campaign_id for signature in signatures}))
        .order_by(Campaign.id)
    )
    mine = select(Signature).where(Signature.id.in_(ids)).order_by(Signature.id)
    letters = select(Letter).where(Letter.signature_id.in_(ids))
    # `key_share` makes it FOR NO KEY UPDATE: people who sign meanwhile need not wait. Objects are
    # seen anew only as their rows are read, hence `all`.
    _campaigns, rows, _letters = (
        session.scalars(query.execution_options(populate_existing=True)).all()
        for query in (campaigns.with_for_update(key_share=True), mine.with_for_update(), letters)
    )
    return [signature for signature in signatures if signature in rows]


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark on a letter's way; `state` is `done`, `now` or `ahead`."""

    title: str
    state: str
    at: datetime = _LAST  # When it happened: what is still ahead comes last
    when: str = ""
    iso: str = ""
    text: str = ""
    url: str = ""
    lang: str = ""  # Language of the title, where it is not the page's
    picture: CasePicture | None = None


def marks_of(session: Session, signature: Signature, trips: Sequence[Trip]) -> list[Mark]:
    """List the marks on the way of what somebody signed; `trips` are its own (`list_trips`)."""
    campaign = signature.campaign
    stays = _list_stays(session, signature, trips)
    bundles = _load_bundles(session, {stay.bundle_id for stay in stays})
    ways = [_destination_of_letter(letter, bundles) for letter in signature.letters]
    posts = posts_of(campaign, i18n.locale())
    told = [post for post in posts if _is_told(post, signature, _signed_on(signature, ways))]
    to_others = [post for post in told if _is_to_others(post, trips)]
    told = [post for post in told if post not in to_others]
    several = len(signature.letters) > 1
    late = list_late([trip.attempt for trip in trips])
    in_time = [trip for trip in trips if trip.attempt.id not in late]
    too_late = [trip for trip in trips if trip.attempt.id in late]
    past = [
        *_signed_marks(session, signature),
        *_printed_marks(signature, stays, bundles),
        *_delivery_marks(in_time, posts, several=several),
        *_stop_marks(campaign),
        *_say_unaware(_delivery_marks(too_late, posts, several=several)),
        *_outcome_marks(campaign, told, trips),
        *_other_reply_marks(signature, to_others, trips),
        *_withdrawn_marks(signature),
    ]
    past.sort(key=lambda mark: mark.at)  # stable: of one moment, in the order of the way
    has_ended = signature.shown_state in _ENDED
    on_paper = signature.origin is not Origin.ONLINE  # no letter of theirs is printed
    if has_ended or is_stopped(campaign.status) or _waits_in_vain(session, signature):
        return past
    if on_paper:
        return past + _sheet_ahead(session, signature, trips)
    return past + _marks_ahead(signature, trips, told, ways)


def _list_stays(session: Session, signature: Signature, trips: Sequence[Trip]) -> list[Stay]:
    """List them; of those that a letter was taken out of, the ones with which it was carried."""
    stays = stays_of(session, signature.letters)
    tried = {(letter.id, trip.attempt.bundle_id) for trip in trips for letter in trip.letters}
    if tried <= {(stay.letter.id, stay.bundle_id) for stay in stays}:
        return stays
    released = list_released(session, signature.letters)
    return [stay for stay in released if (stay.letter.id, stay.bundle_id) in tried] + stays


def _load_bundles(session: Session, ids: Collection[int]) -> dict[int, Bundle]:
    if not ids:
        return {}
    query = select(Bundle).where(Bundle.id.in_(ids))
    return {bundle.id: bundle for bundle in session.scalars(query)}


def _stop_marks(campaign: Campaign) -> list[Mark]:
    if not is_stopped(campaign.status) or campaign.stopped_at is None:
        return []
    title = gettext("This action has been stopped")
    if campaign.stop_kind is StopKind.SAFE:
        cards, letters = gettext("No more cards needed"), gettext("No more letters needed")
        title = cards if campaign.cards else letters
    return [_mark_at(title, campaign.stopped_at, campaign.timezone)]


def _say_unaware(marks: Sequence[Mark]) -> list[Mark]:
    """Say of what went out after a stop that its bearers may not have known."""
    words = gettext(
        "This was after the stop. The people who delivered it may not have known about the stop."
    )
    return [replace(mark, text=f"{mark.text} · {words}" if mark.text else words) for mark in marks]


def status_of(signature: Signature, trips: Sequence[Trip]) -> str:
    """Return where a letter is, as its tag says it: printed, gone or stopped, it does not wait."""
    state = signature.shown_state
    if state not in {SignatureState.CONFIRMED, SignatureState.HELD}:
        return state.value
    gone = [trip for trip in trips if trip.is_gone]
    if gone and {letter.id for trip in gone for letter in trip.letters} >= {
        letter.id for letter in signature.letters
    }:
        fate = gone[-1].fate
        if fate is DeliveryOutcome.PART:  # A sheet: whether it was accepted nobody is asked
            return "some_cards_accepted" if signature.campaign.cards else "some_accepted"
        return _GONE_WORDS.get(fate, "handed_over")
    if is_stopped(signature.campaign.status):
        return "stopped"
    tried = {letter.id for trip in trips for letter in trip.letters}
    printed = [
        letter.id in tried if letter.bundle_id is None else _seems_printed(letter)
        for letter in signature.letters
    ]
    is_printed = state is SignatureState.CONFIRMED and printed and all(printed)
    return "printed" if is_printed else state.value


def _seems_printed(letter: Letter) -> bool:
    """Whether it is printed, as its writer may know: not that review took it out again."""
    if letter.set_aside:
        return letter.shown_set_aside is None
    return letter.first_page is not None


def _waits_in_vain(session: Session, signature: Signature) -> bool:
    is_pending = signature.shown_state is SignatureState.PENDING
    return is_pending and not can_confirm(session, signature, db.utcnow())


def is_frozen(signature: Signature) -> bool:
    return any(letter.bundle_id is not None for letter in signature.letters)


def signed_mark(signature: Signature) -> Mark:
    return _mark_at(gettext("Signed"), signature.times.signed_at, signature.campaign.timezone)


def _signed_marks(session: Session, signature: Signature) -> list[Mark]:
    zone = signature.campaign.timezone
    marks = [signed_mark(signature)]
    if signature.times.confirmed_at and signature.origin is Origin.ONLINE:
        marks.append(_mark_at(gettext("Confirmed"), signature.times.confirmed_at, zone))
    if signature.shown_state is SignatureState.HELD and not is_stopped(signature.campaign.status):
        marks.append(_held_mark(note_for(session, signature), marks[-1]))
    if signature.shown_state is SignatureState.REJECTED:
        card, letter = gettext("We cannot print this card"), gettext("We cannot print this letter")
        title = card if signature.campaign.cards else letter
        marks.append(Mark(title, "done", marks[-1].at, iso=marks[-1].iso))
    return marks


def _held_mark(note: str, last: Mark) -> Mark:
    if note:
        title = gettext("We asked you for a change")
        return Mark(title, "now", last.at, iso=last.iso, text=note)
    words = gettext("We read it before we count and print it.")
    title = gettext("Under review")
    return Mark(title, "now", last.at, iso=last.iso, text=words)


def _printed_marks(
    signature: Signature, stays: Sequence[Stay], bundles: dict[int, Bundle]
) -> list[Mark]:
    several = len(signature.letters) > 1
    marks = []
    for stay in stays:
        bundle, letter = bundles[stay.bundle_id], stay.letter
        title = (
            gettext("Printed as card %(number)s", number=number_of(stay.number))
            if signature.campaign.cards
            else gettext("Printed as letter %(number)s", number=number_of(stay.number))
        )
        mark = _mark_at(title, bundle.created_at, signature.campaign.timezone)
        # One that was taken out for a review, and is good again, waits within minutes.
        cannot_print = stay.now and letter.shown_set_aside not in (None, WITHDRAWN)
        if cannot_print and signature.state is SignatureState.CONFIRMED:
            words = gettext("We could not print it as it is. We are looking into it.")
            mark = replace(mark, state="now", text=words)
        elif several:
            mark = replace(mark, text=_name_addressee(letter, bundle))
        marks.append(mark)
    return marks


def _name_addressee(letter: Letter, bundle: Bundle | None) -> str:
    """Name the official to whom it was printed: its target may be their successor by now."""
    official, here = letter.target.official, i18n.locale()
    printed = Frozen.from_json(bundle.frozen).targets.get(letter.target_id) if bundle else None
    if printed is None or printed.official == official.slug:
        return official_name(official, here)
    return printed.names.get(here) or next(iter(printed.names.values()))


def _delivery_marks(
    trips: Sequence[Trip], posts: Sequence[CasePost], *, several: bool
) -> list[Mark]:
    marks: dict[tuple[str, str, str], Mark] = {}
    for trip in trips:
        mark = _delivery_mark(trip, posts, several=several)
        before = marks.setdefault((mark.title, mark.iso, mark.text), mark)
        if before.picture is None and mark.picture is not None:
            marks[mark.title, mark.iso, mark.text] = mark
    return list(marks.values())


def _delivery_mark(trip: Trip, posts: Sequence[CasePost], *, several: bool) -> Mark:
    attempt = trip.attempt
    iso = attempt.happened_on.isoformat()
    facts = places_of(attempt, i18n.locale())
    if trip.envelope:
        facts.append(gettext("Envelope %(number)s", number=trip.envelope.number))
    if trip.envelope and trip.envelope.tracking:
        number = trip.envelope.tracking
        facts.append(gettext("Tracking number %(number)s", number=number))
    if several:
        names = (_name_addressee(letter, attempt.bundle) for letter in trip.letters)
        facts.append(i18n.semicolon(i18n.locale()).join(names))
    if trip.is_gone and trip.doubtful:
        facts.append(
            gettext("We do not know whether your card was still with the others.")
            if attempt.campaign.cards
            else gettext("We do not know whether your letter was still with the others.")
        )
    return replace(
        _mark_on(_outcome_title(trip.fate, attempt), attempt.happened_on, trip.at),
        text=" · ".join(i18n.isolate(fact) for fact in facts if fact),
        picture=next(
            (post.picture for post in posts if _is_about(post, trip, iso) and post.picture), None
        ),
    )


def places_of(attempt: DeliveryAttempt, locale: str) -> list[str]:
    mission = attempt.destination
    if not isinstance(mission, Mission):
        return [attempt.place]
    name = mission_name(mission, locale)
    unsaid = {"", name.casefold(), ", ".join(mission.address).casefold()}
    return [name] if attempt.place.casefold() in unsaid else [name, attempt.place]


def _is_about(post: CasePost, trip: Trip, iso: str) -> bool:
    """Tell whether a post is about the attempt; where no visit is known, by its day."""
    if post.kind != UpdateKind.DELIVERY.value:
        return False
    if trip.attempt.visit_id is not None:
        return post.update_id == trip.attempt.update_id
    return post.iso == iso


def _outcome_title(fate: DeliveryOutcome, attempt: DeliveryAttempt) -> str:
    destination = attempt.destination
    if fate is DeliveryOutcome.PART and attempt.campaign.cards:
        return gettext("Some cards were accepted")
    if fate is DeliveryOutcome.POSTED and isinstance(destination, Official):
        return gettext(
            "Posted to: %(recipient)s", recipient=official_name(destination, i18n.locale())
        )
    words: dict[DeliveryOutcome, str] = {
        DeliveryOutcome.ACCEPTED: gettext("Delivered"),
        DeliveryOutcome.PART: gettext("Some letters were accepted"),
        DeliveryOutcome.REFUSED: gettext("Refused at the door"),
        DeliveryOutcome.UNOPENED: gettext("No one opened the door"),
        DeliveryOutcome.LEFT: gettext("Left at the door"),
        DeliveryOutcome.POSTED: pgettext("letter", "Sent by post"),
        DeliveryOutcome.COURIER: gettext("Sent by courier"),
        DeliveryOutcome.STOPPED: gettext("Not delivered: the action has been stopped"),
    }
    return words[fate]


def _outcome_marks(
    campaign: Campaign, posts: Sequence[CasePost], trips: Sequence[Trip]
) -> list[Mark]:
    """List answers and the outcome, the oldest first."""
    kinds = {UpdateKind.REPLY.value, UpdateKind.OUTCOME.value}
    return [
        Mark(
            post.title,
            "done",
            _moment_told(post, campaign, trips),
            post.when,
            post.iso,
            lang=post.lang,
            url=_url_of(post, campaign),
        )
        for post in reversed(posts)
        if post.kind in kinds
    ]


def _is_to_others(post: CasePost, trips: Sequence[Trip]) -> bool:
    """Whether it is a reply that came before anything of this signature had left."""
    day = date.fromisoformat(post.iso)
    had_left = any(trip.is_gone and trip.attempt.happened_on <= day for trip in trips)
    return post.kind == UpdateKind.REPLY.value and not had_left


def _other_reply_marks(
    signature: Signature, posts: Sequence[CasePost], trips: Sequence[Trip]
) -> list[Mark]:
    """List replies to others that came since it was signed, as their emails go to all signers."""
    campaign, signed_at = signature.campaign, signature.times.signed_at
    if signature.shown_state in _ENDED:
        return []
    letters, cards = (
        gettext("A reply to other letters came"),
        gettext("A reply to other cards came"),
    )
    title = cards if campaign.cards else letters
    return [
        Mark(
            title,
            "done",
            _moment_told(post, campaign, trips),
            post.when,
            post.iso,
            url=_url_of(post, campaign),
        )
        for post in reversed(posts)
        if post.published_at is None or post.published_at >= signed_at
    ]


def _url_of(post: CasePost, campaign: Campaign) -> str:
    return url_for("public.case", lang=i18n.locale(), slug=campaign.slug, _anchor=post.anchor)


def _is_told(post: CasePost, signature: Signature, signed_on: date) -> bool:
    """Whether it is of the way of this letter: of a day since it was signed, or published since."""
    if signature.shown_state is SignatureState.PENDING:
        return False
    published_at = post.published_at
    later = published_at is not None and published_at >= signature.times.signed_at
    return later or date.fromisoformat(post.iso) >= signed_on


def _moment_told(post: CasePost, campaign: Campaign, trips: Sequence[Trip]) -> datetime:
    """Return the end of its day, or of what happened on that day at a mission further west."""
    day = date.fromisoformat(post.iso)
    before = [trip.at for trip in trips if trip.attempt.happened_on <= day]
    return max([estimate_moment(day, None, campaign.timezone), *before])


def _withdrawn_marks(signature: Signature) -> list[Mark]:
    if signature.shown_state is not SignatureState.WITHDRAWN:
        return []
    title, zone = gettext("Withdrawn"), signature.campaign.timezone
    if signature.withdrawn_at is None:
        return [Mark(title, "done")]
    day = clock.day_of(signature.withdrawn_at, zone)
    # Its day alone is known: what else happened on that day comes before it.
    return [_mark_on(title, day, clock.moment_of(day, time.max, zone))]


def _marks_ahead(
    signature: Signature,
    trips: Sequence[Trip],
    posts: Sequence[CasePost],
    ways: Sequence[Destination],
) -> list[Mark]:
    marks = []
    if signature.confirmed_at is None:
        marks.append(Mark(gettext("Confirmed"), "ahead"))
    if not (is_frozen(signature) or trips):
        marks.append(Mark(gettext("Printed"), "ahead"))
    gone = {letter.id for trip in trips if trip.is_gone for letter in trip.letters}
    letters = zip(signature.letters, ways, strict=True)
    left = [way for letter, way in letters if letter.id not in gone]
    if left or not ways:
        marks += _deliveries_ahead(left)
    if not any(post.kind == UpdateKind.REPLY.value for post in posts):
        marks.append(Mark(gettext("Answered"), "ahead"))
    outcomes = [post for post in posts if post.kind == UpdateKind.OUTCOME.value]
    if not any(signature.campaign.tells_of_last_end(post.published_at) for post in outcomes):
        marks.append(Mark(gettext("Outcome"), "ahead"))
    return marks


def _sheet_ahead(session: Session, signature: Signature, trips: Sequence[Trip]) -> list[Mark]:
    """Say where a sheet that came back goes next: that may be another mission."""
    if not trips or any(trip.is_gone for trip in trips):
        return []
    bundle = find_bundle_of_sheet(session, signature)
    return _deliveries_ahead([bundle.destination]) if bundle is not None else []


def _deliveries_ahead(ways: Sequence[Destination]) -> list[Mark]:
    posted = dict.fromkeys(way for way in ways if isinstance(way, Official))
    marks = [
        Mark(
            gettext("Posted to: %(recipient)s", recipient=official_name(official, i18n.locale())),
            "ahead",
        )
        for official in posted
    ]
    missions = {way for way in ways if isinstance(way, Mission)}
    names = [mission_name(way, i18n.locale()) for way in sorted(missions, key=lambda way: way.id)]
    if missions or not ways:
        marks.insert(
            0, Mark(gettext("Delivered"), "ahead", text=i18n.semicolon(i18n.locale()).join(names))
        )
    return marks


def _destination_of_letter(letter: Letter, bundles: Mapping[int, Bundle]) -> Destination:
    """Return where a letter goes: with its bundle, or before that as its target does."""
    bundle = bundles.get(letter.bundle_id or 0)
    return bundle.destination if bundle else destination_of(letter.target)


def _signed_on(signature: Signature, ways: Iterable[Destination]) -> date:
    """Return the day of signing; by the clocks of a mission further west it may be earlier."""
    zones = {way.zone for way in ways if isinstance(way, Mission)} | {signature.campaign.timezone}
    return min(clock.day_of(signature.times.signed_at, zone) for zone in zones)


def _mark_at(title: str, moment: datetime, zone: str) -> Mark:
    return _mark_on(title, clock.day_of(moment, zone), moment)


def _mark_on(title: str, day: date, at: datetime) -> Mark:
    return Mark(title, "done", at, i18n.say_date(day), day.isoformat())
