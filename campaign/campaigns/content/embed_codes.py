"""Who may show a campaign's form on their pages."""

import re
from collections.abc import Iterable

import idna
from sqlalchemy.orm import Session

from campaign.campaigns.changes import record_change
from campaign.core.errors import Invalid
from campaign.models.campaign import Campaign

MOST_HOSTS = 20
# 60 characters at most: the host is also what signatures are counted by.
_HOST = re.compile(
    r"(?=.{4,60}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
)
_SCHEME = re.compile(r"^[a-z]+://", re.IGNORECASE)


def host_of(text: str) -> str:
    """The host of what was typed or pasted, as browsers write it; empty where there is none."""
    bare = _SCHEME.sub("", text.strip()).partition("/")[0].rstrip(".").lower()
    try:
        plain = bare if bare.isascii() else idna.encode(bare, uts46=True).decode()
    except idna.IDNAError:
        return ""
    return plain if _HOST.fullmatch(plain) else ""


def set_embed_hosts(
    session: Session, campaign: Campaign, *, actor: str, hosts: Iterable[str]
) -> None:
    """Let pages of these hosts, and no others, show the form in a frame.

    Raises Invalid with the field `hosts`: one is no host, or there are too many.
    """
    typed = [text for text in hosts if text.strip()]
    hosts_typed = [host_of(text) for text in typed]
    if not all(hosts_typed):
        raise Invalid(fields={"hosts": "not-a-host"})
    chosen = list(dict.fromkeys(hosts_typed))
    if len(chosen) > MOST_HOSTS:
        raise Invalid(fields={"hosts": "hosts-too-many"})
    if chosen != campaign.embed_hosts:
        campaign.embed_hosts = chosen
        record_change(session, campaign, actor, "campaign.reach", hosts=chosen)
