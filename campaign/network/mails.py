"""The network's mails, and what they tell of a case. No address depends on a request's host."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Self, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.stop_rule import is_stopped_sql
from campaign.core import db, i18n
from campaign.core.settings import current_settings, site_url
from campaign.mail.messages import Mail
from campaign.models.campaign import Campaign, Update, UpdateKind
from campaign.models.network import Frequency, MemberState, NetworkMember
from campaign.public.case_page import edition_for, told_in
from campaign.public.deadline import say_day
from campaign.signing.signed_links import opened_link, signed_link

NEW = "new"
_NEW_FOR = timedelta(days=2)
"""For so long after it opened first an action is spoken of as new, on its own."""


class News(TypedDict):
    kind: str  # `NEW`, or the kind of an update
    campaign: int
    country: str
    reference: str
    person_name: str
    cards: bool
    just_opened: bool
    title: str
    text: str
    lang: str
    deadline: str  # The last day to write, in words; may be empty
    url: str


class NetworkConfirm(Mail, kind="network-confirm", budget="join"):
    link: str
    days: int


class NetworkAlready(Mail, kind="network-already", budget="join"):
    preferences_url: str
    leave_url: str


class NetworkNews(Mail):
    preferences_url: str
    leave_url: str

    def recheck(self, session: Session) -> Self | None:
        link = self.unsubscribe.rpartition("/")[2]
        state = session.scalar(
            select(NetworkMember.state).where(NetworkMember.public_id == opened_link(LEAVING, link))
        )
        return self if state is MemberState.ACTIVE else None


class NetworkAction(NetworkNews, kind="network-action"):
    news: News


class NetworkDigest(NetworkNews, kind="network-digest"):
    items: list[News]
    frequency: str

    def recheck(self, session: Session) -> Self | None:
        """Leave out cases that were stopped while it waited; None where nothing is left."""
        if super().recheck(session) is None:
            return None
        ids = [news["campaign"] for news in self.items]
        stopped = set(
            session.scalars(select(Campaign.id).where(Campaign.id.in_(ids), is_stopped_sql()))
        )
        items = [news for news in self.items if news["campaign"] not in stopped]
        return replace(self, items=items) if items else None


def _own_links(member: NetworkMember) -> dict[str, str]:
    leaving = leave_url(member)
    return {
        "preferences_url": preferences_url(member),
        "leave_url": leaving,
        "unsubscribe": leaving,
    }


def mail_action(
    session: Session, member: NetworkMember, address: str, campaign: Campaign, news: News
) -> None:
    mail = NetworkAction(news=news, **_own_links(member))
    mail.send(session, to=address, locale=member.locale, campaign_id=campaign.id)


def mail_digest(
    session: Session, member: NetworkMember, address: str, items: list[News], frequency: Frequency
) -> None:
    ids = {news["campaign"] for news in items}
    mail = NetworkDigest(items=items, frequency=frequency.value, **_own_links(member))
    campaign_id = ids.pop() if len(ids) == 1 else None
    mail.send(session, to=address, locale=member.locale, campaign_id=campaign_id)


def news_of(campaign: Campaign, update: Update | None, locale: str, now: datetime) -> News:
    """The case, with what happened where it is an update, in that language as far as it goes."""
    edition = edition_for(campaign, locale)
    # A case that still takes letters for the last hours somewhere: a day that is over there calls
    # to nothing.
    last = campaign.act_by
    if last and i18n.days_left(last, now, campaign.timezone) < 0:
        last = None
    news = News(
        kind=NEW,
        campaign=campaign.id,
        country=i18n.country_name(campaign.country, locale),
        reference=campaign.reference,
        person_name=campaign.name_in(locale),
        cards=campaign.cards,
        just_opened=campaign.opened_at is None or campaign.opened_at > now - _NEW_FOR,
        title=edition.title if edition else campaign.name_in(locale),
        text=edition.summary if edition else "",
        lang=edition.locale if edition else locale,
        deadline=say_day(last, locale, now) if last else "",
        url=site_url(f"/{locale}/actions/{campaign.slug}?from=mailing"),
    )
    if update is None:
        return news
    text = told_in(update, locale, campaign.default_locale)
    assert text is not None  # none is posted without words
    news |= {"kind": update.kind.value, "title": text.title, "text": text.body, "lang": text.locale}
    if update.kind is UpdateKind.GOOD_NEWS:
        news["deadline"] = ""  # good news asks for nothing: a last day would
    return news


PREFERENCES, LEAVING = "network", "network-leave"
"""Two kinds: the address in a mail's header, which servers on its way read, can only end it.

The first expires and can be revoked. The second does neither: whoever gets mail can always leave.
"""


def preferences_token(member: NetworkMember) -> str:
    ends = db.utcnow() + timedelta(days=current_settings().network_link_days)
    return signed_link(kind_of_preferences(member), f"{member.public_id}.{int(ends.timestamp())}")


def kind_of_preferences(member: NetworkMember) -> str:
    """Return the kind of the links to this member's page, another one once theirs were revoked.

    Leaving, joining again and revoking change what it is made of.
    """
    since = member.confirmed_at.isoformat() if member.confirmed_at else ""
    return f"{PREFERENCES}:{since}:{(member.token_digest or b'').hex()}"


def preferences_url(member: NetworkMember) -> str:
    return site_url(f"/{member.locale}/network/{preferences_token(member)}")


def leave_url(member: NetworkMember) -> str:
    """Where a member leaves, by a button or by the one click of RFC 8058; it never expires."""
    return site_url(f"/network/unsubscribe/{signed_link(LEAVING, member.public_id)}")
