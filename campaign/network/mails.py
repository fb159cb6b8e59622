"""The network's mails, and what they tell of a case.

Addresses that stand in the network's mails. They never depend on a request's host.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.stop_rule import is_stopped_sql
from campaign.core import i18n
from campaign.core.settings import current_settings
from campaign.mail.messages import Context, message
from campaign.models.campaign import Campaign, Update, UpdateKind
from campaign.models.network import Frequency, MemberState, NetworkMember
from campaign.public.case_page import edition_for
from campaign.public.deadline import say_day
from campaign.public.update_pages import told_in
from campaign.signing.signed_links import opened_link, signed_link

News = dict[str, Any]
"""One case or update as a mail tells it, in the language of its reader."""
NEW = "new"


@message("network-confirm", budget="join")
def send_network_confirm(*, link: str, days: int) -> Context:
    """The link that leads to the button which confirms a membership."""
    return {"link": link, "days": days}


@message("network-already", budget="join")
def send_network_already(*, preferences_url: str, leave_url: str) -> Context:
    """Tells a member who joins again that nothing was changed, and where it can be."""
    return {"preferences_url": preferences_url, "leave_url": leave_url}


def still_member(session: Session, context: Context) -> Context | None:
    """A mail that waits, unless its reader has left the network since."""
    link = str(context["unsubscribe"]).rpartition("/")[2]
    state = session.scalar(
        select(NetworkMember.state).where(NetworkMember.public_id == opened_link(LEAVING, link))
    )
    return context if state is MemberState.ACTIVE else None


@message("network-action", limited=False, recheck=still_member)
def send_network_action(*, news: News, preferences_url: str, leave_url: str) -> Context:
    """A new action, or news of one, at once."""
    return {"news": news, "preferences_url": preferences_url, "leave_url": leave_url}


def without_stopped(session: Session, context: Context) -> Context | None:
    """The digest without cases that were stopped while it waited; None where nothing is left."""
    if still_member(session, context) is None:
        return None
    ids = [news["campaign"] for news in context["items"]]
    stopped = set(
        session.scalars(select(Campaign.id).where(Campaign.id.in_(ids), is_stopped_sql()))
    )
    left = [news for news in context["items"] if news["campaign"] not in stopped]
    return context | {"items": left} if left else None


@message("network-digest", limited=False, recheck=without_stopped)
def send_network_digest(
    *, items: list[News], frequency: str, preferences_url: str, leave_url: str
) -> Context:
    """What was new since the last such mail."""
    return {
        "items": items,
        "frequency": frequency,
        "preferences_url": preferences_url,
        "leave_url": leave_url,
    }


def mail_action(
    session: Session, member: NetworkMember, address: str, campaign: Campaign, news: News
) -> None:
    """Tell one member of one thing."""
    send_network_action(
        session,
        to=address,
        locale=member.locale,
        campaign_id=campaign.id,
        unsubscribe=unsubscribe_url(member),
        news=news,
        **_own_links(member),
    )


def mail_digest(
    session: Session, member: NetworkMember, address: str, items: list[News], frequency: Frequency
) -> None:
    """Tell one member of all that has gathered."""
    ids = {news["campaign"] for news in items}
    send_network_digest(
        session,
        to=address,
        locale=member.locale,
        campaign_id=ids.pop() if len(ids) == 1 else None,
        unsubscribe=unsubscribe_url(member),
        items=items,
        frequency=frequency.value,
        **_own_links(member),
    )


def _own_links(member: NetworkMember) -> dict[str, str]:
    return {"preferences_url": preferences_url(member), "leave_url": leave_url(member)}


def news_of(campaign: Campaign, update: Update | None, locale: str, now: datetime) -> News:
    """The case, with what happened where it is an update, in that language as far as it goes."""
    edition = edition_for(campaign, locale)
    news = {
        "kind": NEW,
        "campaign": campaign.id,
        "country": i18n.country_name(campaign.country, locale),
        "reference": campaign.reference,
        "person_name": campaign.person_name,
        "cards": campaign.cards,
        "title": edition.title if edition else campaign.person_name,
        "text": edition.summary if edition else "",
        "lang": edition.locale if edition else locale,
        "deadline": say_day(campaign.act_by, locale, now) if campaign.act_by else "",
        "url": case_url(locale, campaign.slug),
    }
    return news if update is None else news | _told(campaign, update, locale)


def _told(campaign: Campaign, update: Update, locale: str) -> News:
    told = told_in(update, locale, campaign.default_locale)
    assert told is not None  # none is posted without words
    said = {"kind": update.kind.value, "title": told.title, "text": told.body, "lang": told.locale}
    # Good news asks for nothing: a last day would.
    return said | ({"deadline": ""} if update.kind is UpdateKind.GOOD_NEWS else {})


PREFERENCES, LEAVING = "network", "network-leave"
"""Two kinds: the address in a mail's header, which servers on its way read, can only end it."""


def confirm_url(locale: str, token: str) -> str:
    """Where a membership is confirmed."""
    return f"{_base()}/{locale}/network/confirm/{token}"


def preferences_token(member: NetworkMember) -> str:
    """What opens the member's own page."""
    return signed_link(PREFERENCES, member.public_id)


def preferences_url(member: NetworkMember) -> str:
    """Where a member changes what comes."""
    return f"{_base()}/{member.locale}/network/{preferences_token(member)}"


def leave_url(member: NetworkMember) -> str:
    """Where a member leaves, by a button."""
    return f"{preferences_url(member)}/leave"


def unsubscribe_url(member: NetworkMember) -> str:
    """Where a mail program sends the one click of RFC 8058."""
    return f"{_base()}/network/unsubscribe/{signed_link(LEAVING, member.public_id)}"


def case_url(locale: str, slug: str) -> str:
    """The case, which then knows that a mailing led there."""
    return f"{_base()}/{locale}/actions/{slug}?from=mailing"


def _base() -> str:
    settings = current_settings()
    return settings.base_url.rstrip("/")
