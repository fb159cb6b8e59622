"""Addresses that stand in the network's mails. They never depend on a request's host."""

from flask import current_app

from campaign.core.settings import Settings
from campaign.models.network import NetworkMember
from campaign.signing.signed_links import signed_link

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
    settings: Settings = current_app.extensions["settings"]
    return settings.base_url.rstrip("/")
