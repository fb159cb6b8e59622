"""What supporters may do with the letter, and who may show the form on their pages."""

import re
from collections.abc import Iterable

import idna
from sqlalchemy.orm import Session

from campaign.campaigns.content import revisions
from campaign.campaigns.content.part_contents import options_content
from campaign.campaigns.record_change import record_change
from campaign.core.errors import Invalid
from campaign.core.text.desk_texts import one_line
from campaign.models.campaign import Campaign
from campaign.models.revision import Part

MOST_WORDS = 200
LONGEST_WORD = 80
MOST_HOSTS = 20
# 60 characters at most: the host is also what signatures are counted by.
_HOST = re.compile(
    r"(?=.{4,60}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
)
_SCHEME = re.compile(r"^[a-z]+://", re.IGNORECASE)


def set_letter_options(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    forbidden_words: Iterable[str],
    full_text_edit: bool,
    print_translation: bool,
    based_on: int | None = None,
) -> None:
    """Set what holds for the letters that are written from now on.

    The audit tells how many words were ruled out, not which: they may name a witness. Raises
    Invalid with the field `forbidden_words`, Refused (`changed-meanwhile`).
    """
    words = check_words("forbidden_words", forbidden_words)
    revisions.check(session, campaign, Part.OPTIONS, based_on)
    before = options_content(campaign)
    campaign.forbidden_words = words
    campaign.full_text_edit, campaign.print_translation = full_text_edit, print_translation
    after = options_content(campaign)
    if after == before:
        return
    revisions.keep(session, campaign, Part.OPTIONS, actor, before, after)
    detail = after | {"forbidden_words": len(words)}
    record_change(session, campaign, actor, "campaign.letter-options", **detail)


def check_words(field: str, typed: Iterable[str]) -> list[str]:
    """Return the words, trimmed, each once. Raises Invalid with that field."""
    words = list(dict.fromkeys(filter(None, map(one_line, typed))))
    if len(words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
        raise Invalid(fields={field: "words-too-many"})
    if not all(any(map(str.isalnum, word)) for word in words):
        raise Invalid(fields={field: "not-a-word"})
    return words


def host_of(text: str) -> str:
    bare = _SCHEME.sub("", text.strip()).partition("/")[0].rstrip(".").lower()
    try:
        plain = bare if bare.isascii() else idna.encode(bare, uts46=True).decode()
    except idna.IDNAError:
        return ""
    return plain if _HOST.fullmatch(plain) else ""


def set_embed_hosts(
    session: Session, campaign: Campaign, *, actor: str, hosts: Iterable[str]
) -> None:
    """Let pages of these hosts alone show the form in a frame. Raises Invalid (`hosts`)."""
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
