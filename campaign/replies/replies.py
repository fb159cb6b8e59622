"""Replies: who may see them; logged, worked over, kept sealed. Published by `publish_reply`.

Organizers and admins see those of their campaigns, and publish. Staff, who come back from an
embassy with an answer, log it for what they carried; they see what they logged themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true
from sqlalchemy.orm import Session, joinedload

from campaign.bundles.destinations import ATTEMPT_WITH_DESTINATION
from campaign.campaigns import lifecycle
from campaign.campaigns.content.team import get_campaign_of
from campaign.core import audit, clock, db, i18n
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.text.fold import fold_name
from campaign.deliveries.attempt_order import newest_first
from campaign.models.bundle import Bundle, DeliveryAttempt
from campaign.models.campaign import Campaign, Target
from campaign.models.directory import Mission
from campaign.models.reply import Channel, Reply, ReplyState, ReplyTranslation
from campaign.models.staff import Role, StaffUser, sees
from campaign.paper_signatures import scans
from campaign.replies.redaction import Bar
from campaign.staff.deciders import refuse_role
from campaign.staff.desk_access import staff_user
from campaign.web.pagination import Listing, load_page

PUBLISHERS = frozenset({Role.ORGANIZER, Role.ADMIN})
_LISTED = 50
_LANGUAGES = (
    "am", "ar", "az", "be", "bg", "bn", "bs", "cs", "da", "de", "el", "en", "es", "et", "fa",
    "fi", "fr", "he", "hi", "hr", "hu", "hy", "id", "it", "ja", "ka", "kk", "km", "ko", "lo",
    "lt", "lv", "mk", "mn", "ms", "my", "ne", "nl", "no", "pl", "ps", "pt", "ro", "ru", "si",
    "sk", "sl", "so", "sq", "sr", "sv", "sw", "ta", "th", "ti", "tr", "uk", "ur", "uz", "vi",
    "zh",
)  # fmt: skip


class ReplyMoved(Refused):
    """Someone has published it, or taken it off the page, since it was read."""


@dataclass(frozen=True, slots=True)
class ReplyFacts:
    received_on: date
    channel: Channel
    locale: str
    target: Target | None = None
    mission: Mission | None = None
    delivery: DeliveryAttempt | None = None
    sender: str = ""
    text: str = ""
    notes: str = ""
    translations: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)


def list_languages(campaign: Campaign) -> list[str]:
    """List those that a reply can be in: the campaign's and the site's first."""
    return list(dict.fromkeys([*campaign.letter_locales, *i18n.languages(), *_LANGUAGES]))


def usual_language(campaign: Campaign) -> str:
    """Return that in which a reply is taken to be until somebody says which it is."""
    return campaign.letter_locales[0] if campaign.letter_locales else "en"


def log_reply(session: Session, campaign: Campaign, facts: ReplyFacts, *, actor: str) -> Reply:
    """Log an answer as a draft. Raises Invalid where the day is still to come."""
    reply = Reply(campaign=campaign, created_by_id=audit.staff_id(actor))
    _fill(reply, facts)
    db.add_row(session, reply)
    audit_reply(session, reply, actor, "reply.log", channel=facts.channel.value)
    return reply


def edit_reply(session: Session, reply: Reply, facts: ReplyFacts, *, actor: str) -> None:
    """Change a draft. Raises Invalid, or Refused (`reply-published`): it is taken back first."""
    lock_draft(session, reply)
    _fill(reply, facts)
    session.flush()
    audit_reply(session, reply, actor, "reply.edit")


def delete_reply(session: Session, reply: Reply, *, actor: str) -> None:
    """Delete a draft with all that came with it. Raises Refused."""
    lock_draft(session, reply)
    scans.delete_files_after_commit(session, *scans.list_scans_of_reply(session, reply.id))
    audit_reply(session, reply, actor, "reply.delete")
    session.delete(reply)
    session.flush()


def get_reply(session: Session, public_id: str, user: StaffUser) -> Reply:
    """Return the reply. Raises NotFound, also for one of another team's campaign."""
    query = select(Reply).where(Reply.public_id == public_id, may_open(user))
    return db.get_row(session, query, "reply")


def list_replies(
    session: Session, user: StaffUser, *, campaign: Campaign | None = None, page: int = 1
) -> Listing[Reply]:
    """Return a page of replies, drafts first, then the newest."""
    of_campaign = true() if campaign is None else Reply.campaign_id == campaign.id
    query = (
        select(Reply)
        .where(may_open(user), of_campaign)
        .options(
            joinedload(Reply.campaign),
            joinedload(Reply.target).joinedload(Target.official),
            joinedload(Reply.mission),
        )
        .order_by(case((Reply.state == ReplyState.DRAFT, 0), else_=1), Reply.id.desc())
    )
    return load_page(session, query, page)


def list_same(session: Session, reply: Reply) -> list[Reply]:
    """List replies of its campaign that may be this one, logged by another, published ones first.

    Those of the same day and sender; and what was published with the same words, of any day.
    """
    sender = (Reply.received_on, Reply.target_id, Reply.mission_id)
    same_sender = and_(
        *(column.is_not_distinct_from(getattr(reply, column.key)) for column in sender),
        or_(Reply.target_id.is_not(None), Reply.mission_id.is_not(None)),
    )
    others = (
        select(Reply)
        .where(Reply.campaign_id == reply.campaign_id, Reply.id != reply.id)
        .where(same_sender | Reply.published_at.is_not(None))
        .order_by(Reply.published_at.is_(None), Reply.id.desc())
    )
    return [other for other in session.scalars(others) if _may_be_same(reply, other)]


def _may_be_same(reply: Reply, other: Reply) -> bool:
    senders = [(each.received_on, each.target_id, each.mission_id) for each in (reply, other)]
    words = [fold_name(each.text) for each in (reply, other)]
    return senders[0] == senders[1] or (words[0] == words[1] != "")


def list_deliveries(session: Session, campaign: Campaign) -> Sequence[DeliveryAttempt]:
    """List what the reply can be the answer to, the newest first."""
    return session.scalars(
        select(DeliveryAttempt)
        .options(*ATTEMPT_WITH_DESTINATION)
        .where(DeliveryAttempt.campaign_id == campaign.id)
        .order_by(*newest_first())
        .limit(50)
    ).all()


def set_bars(session: Session, reply: Reply, bars: Sequence[Bar], *, actor: str) -> None:
    """Say what is painted over in the published picture. Raises Refused."""
    lock_draft(session, reply)
    reply.bars = [dict(bar) for bar in bars]
    session.flush()
    audit_reply(session, reply, actor, "reply.edit", bars=len(bars))


def lock_reply(session: Session, reply: Reply) -> None:
    """Wait for others who publish or change it, and see what they made of it.

    Raises NotFound where they deleted it.
    """
    as_it_is = select(Reply).where(Reply.id == reply.id).with_for_update(key_share=True)
    if not db.has_row(session, as_it_is.execution_options(populate_existing=True)):
        raise NotFound("reply")


def lock_draft(session: Session, reply: Reply) -> None:
    """Lock it to be changed. Raises ReplyMoved (`reply-published`) where everybody reads it."""
    lock_reply(session, reply)
    if reply.state is ReplyState.PUBLISHED:
        raise ReplyMoved("reply-published", reply=reply.public_id)


def audit_reply(session: Session, reply: Reply, actor: str, action: str, **detail: object) -> None:
    audit.record(session, actor, action, reply, campaign=reply.campaign_id, **detail)


def _fill(reply: Reply, facts: ReplyFacts) -> None:
    # An update of that day tells of it. A delivery that it answers has the day of its mission.
    newest = clock.today(reply.campaign.timezone)
    if facts.received_on > max(newest, facts.delivery.happened_on if facts.delivery else newest):
        raise Invalid(fields={"received_on": "day-to-come"})
    reply.received_on, reply.channel, reply.locale = facts.received_on, facts.channel, facts.locale
    reply.target, reply.mission = facts.target, facts.mission
    reply.delivery_id = facts.delivery.id if facts.delivery else None
    reply.sender, reply.text, reply.notes = facts.sender, facts.text, facts.notes
    reply.titles = {code: title for code, title in facts.titles.items() if title}
    translations = {translation.locale: translation for translation in reply.translations}
    texts = {code: text for code, text in facts.translations.items() if text}
    texts.pop(facts.locale, None)
    reply.translations = [translations.get(code) or ReplyTranslation(locale=code) for code in texts]
    for translation in reply.translations:
        translation.text = texts[translation.locale]


def may_open(user: StaffUser) -> ColumnElement[bool]:
    """Tell whether `user` may see a reply, for a query on replies. Raises NotFound: none at all."""
    refuse_role(user, list(Role), "reply")
    seen = sees(user, Reply.campaign_id)
    if user.role in PUBLISHERS:
        return seen
    return and_(seen, Reply.created_by_id == user.id)


def may_publish(user: StaffUser) -> bool:
    return user.role in PUBLISHERS


def load_reply(public_id: str) -> Reply:
    """Return the reply of this page. Raises NotFound, as `get_reply`."""
    return get_reply(db.session(), public_id, staff_user())


def load_campaign(slug: str) -> Campaign:
    """Return the campaign of this page. Raises NotFound where one may log no reply to it."""
    session, user = db.session(), staff_user()
    campaign = get_campaign_of(session, slug, user)
    if user.role in PUBLISHERS:
        return campaign
    is_carried = db.has_row(session, select(Bundle.id).where(Bundle.campaign_id == campaign.id))
    if not is_carried or lifecycle.is_rehearsal(campaign.status):
        raise NotFound("campaign", campaign=slug)
    return campaign


def list_carried(session: Session) -> Sequence[Campaign]:
    """List campaigns of which letters were printed to be carried, the newest bundle first."""
    newest = (
        select(Bundle.campaign_id, func.max(Bundle.id).label("last"))
        .group_by(Bundle.campaign_id)
        .subquery()
    )
    return session.scalars(
        select(Campaign)
        .join(newest, newest.c.campaign_id == Campaign.id)
        .where(Campaign.status.not_in(lifecycle.HIDDEN))
        .order_by(newest.c.last.desc())
        .limit(_LISTED)
    ).all()
