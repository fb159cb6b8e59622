"""What everybody reads of an attempt: a post on the case's page, as far as staff publish it."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext, ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.nouns import Noun, noun_of
from campaign.campaigns import lifecycle
from campaign.campaigns.content.pictures import keep_redrawn, redrawn
from campaign.campaigns.content.updates import Shown, Words, post_update, seal_update
from campaign.campaigns.record_change import find_change, record_change
from campaign.core import audit, db
from campaign.core.answers import NOTHING, Answers
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.i18n import force_locale, say_number
from campaign.deliveries import attachments
from campaign.deliveries.recording_rules import SENT
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome, Destination
from campaign.models.campaign import Update, UpdateKind
from campaign.models.delivery import GateVisit
from campaign.printing.redraw import Picture
from campaign.public.case_page import destination_name

_TAKEN_BACK = "delivery.take-back"


@dataclass(frozen=True, slots=True)
class DeliveryPost:
    words: Words  # title and text (Markdown) per language; the campaign's own must be there
    pictures: tuple[tuple[str, Mapping[str, str]], ...] = ()
    """Public ids of pictures of the visit, each with what it shows, per language."""


def propose_post(
    attempt: DeliveryAttempt, mission: Destination, locale: str, *, signed: int = 0
) -> tuple[str, str]:
    """Return title and text to begin with; `signed` people stand on sheets that went along."""
    noun = noun_of(attempt.bundle) if attempt.bundle else Noun.LETTER
    with force_locale(locale):
        count, where = say_number(attempt.messages, locale), destination_name(mission, locale)
        if noun is Noun.PERSON:
            return _title_of_sheets(attempt.outcome), f"{where}."
        say_title = _title_of_cards if noun is Noun.CARD else _title
        text = f"{where}."
        if signed:
            along = ngettext(
                "Also %(count)s signature on paper.",
                "Also %(count)s signatures on paper.",
                signed,
                count=say_number(signed, locale),
            )
            text = f"{text} {along}"
        return say_title(attempt.outcome, attempt.messages, count), text


def _title_of_sheets(outcome: DeliveryOutcome) -> str:
    if outcome is DeliveryOutcome.STOPPED:
        return gettext("The signature sheets were not delivered")
    if outcome is DeliveryOutcome.REFUSED:
        return gettext("Signature sheets refused")
    if outcome is DeliveryOutcome.UNOPENED:
        return gettext("Signature sheets not delivered: no one opened")
    if outcome is DeliveryOutcome.LEFT:
        return gettext("Signature sheets left at the door")
    if outcome in SENT:
        return gettext("Signature sheets sent")
    return gettext("Signature sheets delivered")


def _title(outcome: DeliveryOutcome, number: int, count: str) -> str:
    if outcome is DeliveryOutcome.STOPPED:
        return gettext("The letters were not delivered")
    if outcome is DeliveryOutcome.REFUSED:
        return ngettext(
            "%(count)s letter refused", "%(count)s letters refused", number, count=count
        )
    if outcome is DeliveryOutcome.UNOPENED:
        return ngettext(
            "%(count)s letter not delivered: no one opened",
            "%(count)s letters not delivered: no one opened",
            number,
            count=count,
        )
    if outcome is DeliveryOutcome.LEFT:
        return ngettext(
            "%(count)s letter left at the door",
            "%(count)s letters left at the door",
            number,
            count=count,
        )
    if outcome in SENT:
        return ngettext("%(count)s letter sent", "%(count)s letters sent", number, count=count)
    return ngettext(
        "%(count)s letter delivered", "%(count)s letters delivered", number, count=count
    )


def _title_of_cards(outcome: DeliveryOutcome, number: int, count: str) -> str:
    if outcome is DeliveryOutcome.STOPPED:
        return gettext("The cards were not delivered")
    if outcome is DeliveryOutcome.REFUSED:
        return ngettext("%(count)s card refused", "%(count)s cards refused", number, count=count)
    if outcome is DeliveryOutcome.UNOPENED:
        return ngettext(
            "%(count)s card not delivered: no one opened",
            "%(count)s cards not delivered: no one opened",
            number,
            count=count,
        )
    if outcome is DeliveryOutcome.LEFT:
        return ngettext(
            "%(count)s card left at the door",
            "%(count)s cards left at the door",
            number,
            count=count,
        )
    if outcome in SENT:
        return ngettext("%(count)s card sent", "%(count)s cards sent", number, count=count)
    return ngettext("%(count)s card delivered", "%(count)s cards delivered", number, count=count)


def publish(
    session: Session,
    attempt: DeliveryAttempt,
    visit: GateVisit,
    post: DeliveryPost,
    *,
    actor: str,
    risks_seen: Answers = NOTHING,
) -> Update:
    """Post it on the case's page.

    Raises Refused (`visit-published` with `staff_id`, `nothing-delivered`, `delivery-not-public`),
    NotFound for the picture of another visit or where a colleague has removed the record, Invalid
    with `alt_<language>_<picture>` where one is not described in the campaign's own language, and
    what `post_update` finds.
    """
    drawn = _draw_pictures(session, visit, post, attempt.campaign.default_locale)
    _lock_attempt(session, attempt)
    if attempt.update_id is not None:
        raise Refused("visit-published", staff_id=find_publisher(session, attempt))
    if not attempt.messages:
        raise Refused("nothing-delivered")
    campaign = attempt.campaign
    if campaign.status not in lifecycle.PUBLIC:
        raise Refused("delivery-not-public")
    shown = [Shown(keep_redrawn(picture), alt) for picture, alt in drawn]
    update = post_update(
        session,
        campaign,
        actor=actor,
        kind=UpdateKind.DELIVERY,
        happened_on=attempt.happened_on,
        words=post.words,
        pictures=shown,
        risks_seen=risks_seen,
    )
    session.flush()
    attempt.update_id = update.id
    session.flush()
    audit.record(session, actor, "delivery.publish", f"delivery:{attempt.id}", pictures=len(shown))
    return update


def find_publisher(session: Session, attempt: DeliveryAttempt) -> int | None:
    """Find who published it last, by their id; None: nobody at the desk."""
    entry = audit.find_last(session, f"delivery:{attempt.id}", "delivery.publish")
    return audit.staff_id(entry.actor) if entry else None


def _draw_pictures(
    session: Session, visit: GateVisit, post: DeliveryPost, default: str
) -> list[tuple[Picture, Mapping[str, str]]]:
    """Make pictures of their own for everybody of the visit's, each with what it shows."""
    bare = [f"alt_{default}_{ident}" for ident, alt in post.pictures if not alt.get(default)]
    if bare:
        raise Invalid(fields=dict.fromkeys(bare, "picture-alt-missing"))
    files = [attachments.get_file(session, visit, ident) for ident, _alt in post.pictures]
    drawn = [redrawn(io.BytesIO(attachments.read_page(file, 1))) for file in files]
    return list(zip(drawn, (alt for _ident, alt in post.pictures), strict=True))


def _lock_attempt(session: Session, attempt: DeliveryAttempt) -> None:
    """Wait for others who publish, take back or remove it, and see what they made of it."""
    session.refresh(attempt.campaign, with_for_update={"key_share": True})
    as_it_is = select(DeliveryAttempt).where(DeliveryAttempt.id == attempt.id)
    if not db.has_row(session, as_it_is.execution_options(populate_existing=True)):
        raise NotFound("delivery")


def unpublish(session: Session, attempt: DeliveryAttempt, *, actor: str) -> None:
    """Take the post away. Raises Refused where there is none, NotFound where the record is gone.

    The refusal (`delivery-not-published`) says with `staff_id` who took it away before.
    Its pictures are shown no more; `sweep_pictures` takes their files, unless others show the same.
    """
    _lock_attempt(session, attempt)
    if attempt.update_id is None:
        before = find_change(session, attempt.campaign, _TAKEN_BACK, "delivery", attempt.id)
        who = audit.staff_id(before.actor) if before else None
        raise Refused("delivery-not-published", staff_id=who)
    update = session.get_one(Update, attempt.update_id)
    attempt.update_id = None
    kept = seal_update(update)
    session.flush()
    attempt.campaign.updates.remove(update)
    record_change(session, attempt.campaign, actor, _TAKEN_BACK, delivery=attempt.id, **kept)
    session.flush()
