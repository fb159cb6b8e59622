"""Updates: dated posts on a campaign, in its languages."""

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NotRequired, TypedDict, Unpack

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from campaign.campaigns.content import risks
from campaign.campaigns.content.risks import refuse_published
from campaign.campaigns.lifecycle import is_news, is_under_embargo, tells_signers
from campaign.campaigns.record_change import find_change, record_change, seal_texts
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import audit, db, jobs
from campaign.core.announcements import announce
from campaign.core.answers import NOTHING, Answers
from campaign.core.db.batches import batched, read_each
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.mail.messages import MailState, OutboxMail
from campaign.models.campaign import Campaign, Update, UpdateEdition, UpdateKind, UpdatePicture
from campaign.models.notice import Notice, NoticeKind, NoticeMail
from campaign.models.reply import Reply
from campaign.models.webhook import EventKind

Words = Mapping[str, tuple[str, str]]
"""Title and body (Markdown) per language."""

_POSTED, _TAKEN_BACK = "campaign.update", "campaign.update-take-back"
_EMAIL = "case-update"
_BATCH = 400
"""The kind of the emails to people who wrote (`tracking/mails.py`)."""
_MADE_ELSEWHERE = {UpdateKind.DELIVERY, UpdateKind.STOP}
WRITTEN_BY_HAND = [kind for kind in UpdateKind if kind not in _MADE_ELSEWHERE]
"""Kinds that organizers post; a handover is recorded where it happens, a stop by stopping."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of a post: its key in the storage, and what it shows, per language."""

    key: str
    alt: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Telling:
    """Who is told of a post by mail: as its author asks, or as it is."""

    network: bool = False
    signers: bool = False
    corrects: int | None = None
    """The number of the notice by which people read what was unpublished, to be corrected."""


NOBODY = Telling()


class NewUpdate(TypedDict):
    kind: UpdateKind
    words: Words
    telling: NotRequired[Telling]
    pictures: NotRequired[Sequence[Shown]]
    risks_seen: NotRequired[Answers]


def post_update(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    happened_on: date,
    **post: Unpack[NewUpdate],
) -> Update:
    """Post what happened, with its pictures. Languages without a title are left out.

    Raises Invalid by the form's fields; RiskNamed where everybody would read what a flag rules out
    or what is blacked out in a reply, unless its author has seen the warning.
    """
    written = check_update(session, campaign, **post)
    kind, telling = post["kind"], post.get("telling", NOBODY)
    update = _update_of(kind, happened_on, written, post.get("pictures", ()))
    update.tell_network, update.tell_signers = telling.network, telling.signers
    campaign.updates.append(update)
    whom = {"network": telling.network, "signers": telling.signers}
    asked = [name for name, is_told in whom.items() if is_told]
    session.flush()
    detail: dict[str, object] = {"kind": kind.value, "update": update.id}
    detail |= {"told": asked} if asked else {}
    detail |= {"notice": telling.corrects} if telling.corrects else {}
    record_change(session, campaign, actor, _POSTED, **detail)
    if kind is UpdateKind.OUTCOME:
        announce(session, EventKind.ACTION_OUTCOME, now=db.utcnow(), action=campaign.slug)
    told = who_is_told(campaign, kind, telling)
    if told.network:
        jobs.enqueue(session, "network.announce-update", update.id)
    if told.signers:
        jobs.enqueue(session, "following.update-posted", update.id)
    return update


def check_update(
    session: Session,
    campaign: Campaign,
    *,
    kind: UpdateKind,
    words: Words,
    telling: Telling = NOBODY,
    pictures: Sequence[Shown] = (),
    risks_seen: Answers = NOTHING,
) -> dict[str, tuple[str, str]]:
    # Nothing is posted before an embargo ends, and nobody is mailed what is no news for them.
    if is_under_embargo(campaign.embargo_until, db.utcnow()):
        raise Invalid(fields={"happened_on": "embargo-runs"})
    if untold := list_untold(campaign, kind, telling):
        if is_stopped(campaign.status):
            raise Invalid("no-emails-after-stop")
        raise Invalid(fields=untold)
    written = _list_written(campaign, words)
    if pictures and not pictures[0].alt.get(campaign.default_locale):
        raise Invalid(fields={f"alt_{campaign.default_locale}": "picture-alt-missing"})
    shown = texts_of(written, [picture.alt for picture in pictures])
    refuse_published(session, campaign, shown, seen=risks_seen)
    return written


def who_is_told(campaign: Campaign, kind: UpdateKind, asked: Telling) -> Telling:
    """Return who is mailed an update of that kind now, where its author asks for `asked`."""
    return Telling(
        asked.network and is_news(kind, campaign.status, campaign.act_by, db.utcnow()),
        tells_signers(kind, campaign.status, is_asked=asked.signers),
    )


def list_untold(campaign: Campaign, kind: UpdateKind, asked: Telling) -> dict[str, str]:
    """Return why somebody whom its author asks for is not mailed now, by the form's fields."""
    told = who_is_told(campaign, kind, asked)
    problems = {
        "tell_network": "not-for-the-network" if asked.network and not told.network else "",
        "tell_signers": "not-for-signers" if asked.signers and not told.signers else "",
    }
    return {name: slug for name, slug in problems.items() if slug}


def _list_written(campaign: Campaign, words: Words) -> dict[str, tuple[str, str]]:
    """The languages that have a title. Raises Invalid where the main one is not among them."""
    written = {locale: text for locale, text in words.items() if text[0]}
    if campaign.default_locale not in written:
        raise Invalid(fields={f"title_{campaign.default_locale}": "update-title-missing"})
    return written


def _update_of(
    kind: UpdateKind, happened_on: date, written: Words, pictures: Sequence[Shown]
) -> Update:
    first = pictures[0] if pictures else Shown("")
    return Update(
        kind=kind,
        happened_on=happened_on,
        picture=first.key,
        picture_alt=dict(first.alt),
        more_pictures=[
            UpdatePicture(position=at, key=picture.key, alt=dict(picture.alt))
            for at, picture in enumerate(pictures[1:], start=1)
        ],
        editions=[
            UpdateEdition(locale=locale, title=title, body=body)
            for locale, (title, body) in written.items()
        ],
    )


def texts_of(
    written: Mapping[str, tuple[str, str]], alts: Iterable[Mapping[str, str]]
) -> Iterator[risks.Words]:
    """What everybody will read, by the form's fields."""
    for code, (title, body) in written.items():
        yield risks.Words("update", code, f"title_{code}", title)
        yield risks.Words("update", code, f"body_{code}", body)
    for alt in alts:
        for code, words in alt.items():
            yield risks.Words("update", code, f"alt_{code}", words)


def made_elsewhere(session: Session, campaign: Campaign) -> set[int]:
    """Handovers and posts of a logged reply: taken back where they were published."""
    ids = {
        kind: [update.id for update in campaign.updates if update.kind is kind]
        for kind in UpdateKind
    }
    logged = select(Reply.update_id).where(Reply.update_id.in_(ids[UpdateKind.REPLY]))
    return {*ids[UpdateKind.DELIVERY], *filter(None, session.scalars(logged))}


def take_back_update(
    session: Session,
    campaign: Campaign,
    update_id: int,
    *,
    actor: str,
    published_at: datetime | None = None,
) -> tuple[Update, int | None]:
    """Take a post off the page, and give it; mails of it that still wait are not sent.

    With it comes the number of the notice by which people were emailed about it, if any were.
    `published_at` is that of the post which was seen: SQLite gives the number of one that is gone
    again. Raises NotFound; Refused: `not-taken-back-here` where it is taken back elsewhere,
    `update-taken-back` (with `staff_id`) where somebody was quicker.
    """
    # Two who take it back at once: the second sees what the first did.
    session.refresh(campaign, with_for_update={"key_share": True})
    update = next((update for update in campaign.updates if update.id == update_id), None)
    if update is None or published_at not in (None, update.published_at):
        raise _say_taken_back(session, campaign, update_id)
    if update.id in made_elsewhere(session, campaign):
        raise Refused("not-taken-back-here")
    detail = {"kind": update.kind.value, "update": update.id} | seal_update(update)
    notice_id = _end_news(session, update)
    campaign.updates.remove(update)
    record_change(session, campaign, actor, _TAKEN_BACK, **detail)
    return update, notice_id


def _end_news(session: Session, update: Update) -> int | None:
    """End the emails about a post. Who got one stays known: a later email corrects it."""
    telling = select(Notice).where(Notice.update_id == update.id).with_for_update()
    notice = session.scalar(telling)
    if notice is None:
        return None
    for mailboxes in batched(_list_unsent(session, notice), _BATCH):
        unread = (NoticeMail.notice_id == notice.id, NoticeMail.email_hmac.in_(mailboxes))
        db.delete_rows(session, NoticeMail, *unread)
    if not db.has_row(session, select(NoticeMail.notice_id).filter_by(notice_id=notice.id)):
        return None
    notice.update_id, notice.finished_at = None, db.utcnow()
    session.flush()
    return notice.id


def _list_unsent(session: Session, notice: Notice) -> list[bytes]:
    """List the mailboxes that did not get its email: of another update one may wait too."""
    ids = session.scalars(
        select(OutboxMail.id).where(
            OutboxMail.kind == _EMAIL,
            OutboxMail.campaign_id == notice.campaign_id,
            OutboxMail.created_at >= notice.created_at,
            OutboxMail.state.in_((MailState.WAITING, MailState.FAILED)),
        )
    ).all()
    mails = select(OutboxMail.id, OutboxMail.recipient_hmac, OutboxMail.context)
    return [
        mail.recipient_hmac
        for batch in batched(ids, _BATCH)
        for _mail_id, mail in read_each(session, mails, OutboxMail.id, batch)
        if mail and json.loads(mail.context or "{}").get("update_id") == notice.update_id
    ]


@dataclass(frozen=True, slots=True)
class EarlierEmails:
    """The notices by which people were told what an update may correct, the newest first."""

    notices: Sequence[Notice]
    corrects: int | None

    def find_corrected(self, told: Container[int]) -> Notice | None:
        """Find which notice is corrected for somebody whom those of these numbers were told.

        What was told last if it is unpublished, or what the update itself corrects: unless another
        was told since it was unpublished, which has corrected it.
        """
        own = [notice for notice in self.notices if notice.id in told]
        for notice in own:
            if notice.update_id is None and (notice is own[0] or notice.id == self.corrects):
                end = notice.finished_at
                is_settled = end and any(later.created_at > end for later in own)
                return None if is_settled else notice
        return None


def find_emailed(
    session: Session, campaign: Campaign, kind: str | None, corrects: int | None
) -> Notice | None:
    """Find the email that such an update corrects, or else the last about an outcome before it."""
    earlier = _list_earlier(session, _told_before(campaign, kind, corrects), corrects)
    every = [notice.id for notice in earlier.notices]
    return earlier.find_corrected(every) or next(iter(earlier.notices), None)


def list_emailed_before(session: Session, update: Update) -> EarlierEmails:
    entry = find_change(session, update.campaign, _POSTED, "update", update.id)
    corrects = entry.detail.get("notice") if entry else None
    before = _told_before(update.campaign, update.kind, corrects)
    others = and_(before, Notice.update_id.is_distinct_from(update.id))
    return _list_earlier(session, others, corrects)


def _list_earlier(
    session: Session, before: ColumnElement[bool], corrects: int | None
) -> EarlierEmails:
    is_told = exists().where(NoticeMail.notice_id == Notice.id)
    emailed = select(Notice).where(before, is_told).order_by(Notice.id.desc())
    return EarlierEmails(session.scalars(emailed).all(), corrects)


def _told_before(campaign: Campaign, kind: str | None, corrects: int | None) -> ColumnElement[bool]:
    if kind != UpdateKind.OUTCOME:
        return Notice.id == corrects
    outcome = and_(Notice.campaign_id == campaign.id, Notice.kind == NoticeKind.OUTCOME)
    if campaign.reopened_at:  # what was told before is about another end
        outcome = and_(outcome, Notice.created_at > campaign.reopened_at)
    return or_(Notice.id == corrects, outcome)


def _say_taken_back(session: Session, campaign: Campaign, update_id: int) -> NotFound | Refused:
    entry = find_change(session, campaign, _TAKEN_BACK, "update", update_id)
    if entry is None:
        return NotFound("update")
    return Refused("update-taken-back", staff_id=audit.staff_id(entry.actor))


def seal_update(update: Update) -> dict[str, str]:
    """Return what the audit keeps of a post that goes off the page: its words, by language."""
    alts = update.picture_alt
    texts = {
        edition.locale: (edition.title, edition.body, alts.get(edition.locale, ""))
        for edition in update.editions
    }
    return seal_texts({code: "\n".join(filter(None, words)) for code, words in texts.items()})
