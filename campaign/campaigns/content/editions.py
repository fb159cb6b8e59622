"""Editions: a campaign's text in one language."""

from collections.abc import Mapping
from typing import TypedDict, Unpack, cast

from sqlalchemy.orm import Session

from campaign.campaigns import proposals
from campaign.campaigns.content import revisions, rewritten_letters
from campaign.campaigns.content.part_contents import edition_content, edition_from
from campaign.campaigns.content.risks import (
    edition_words,
    find_told,
    refuse_changed,
    refuse_published,
    refuse_unmeant,
)
from campaign.campaigns.create_and_edit import stays_ready
from campaign.campaigns.record_change import record_change
from campaign.core import audit
from campaign.core.answers import NOTHING, Answers
from campaign.models.campaign import Campaign, Edition
from campaign.models.revision import Part
from campaign.models.staff import StaffUser


class EditionTexts(TypedDict):
    person_name: str
    title: str
    summary: str
    background: str
    asks: list[str]
    outcome: str


def find_edition(campaign: Campaign, locale: str) -> Edition | None:
    return next((edition for edition in campaign.editions if edition.locale == locale), None)


def save_edition(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    locale: str,
    based_on: int | None = None,
    risks_seen: Answers = NOTHING,
    **texts: Unpack[EditionTexts],
) -> Edition:
    """Write or change the text in one language; the same text again changes nothing.

    Where a second person approves public words, another outcome is proposed, and stays as it was.
    `based_on` is the revision that the editor saw (0: none). Raises Invalid, RiskNamed, Refused.
    """
    revisions.check(session, campaign, Part.EDITION, based_on, locale)
    words = cast("dict[str, str]", {**texts, "asks": "\n".join(texts["asks"])})
    edition = find_edition(campaign, locale)
    before, named = (edition.outcome, edition.person_name) if edition else ("", "")
    named = words.get("person_name", named)
    letters = rewritten_letters.find_renamed(session, campaign, locale, named)
    new_words = edition_words(locale, **words)
    refuse_changed(session, campaign, new_words, seen=risks_seen, letters=letters)
    if words["outcome"] != before:
        new_outcome = edition_words(locale, outcome=words["outcome"])
        refuse_unmeant(find_told(session, campaign, new_outcome), seen=risks_seen)
    author = session.get(StaffUser, audit.staff_id(actor) or 0)
    if author and texts["outcome"] != before and proposals.needs_approval(campaign):
        outcome = {locale: texts["outcome"]}
        proposals.propose_outcome(session, campaign, by=author, outcomes=outcome)
        texts["outcome"] = before
    return _save(session, campaign, actor, locale, texts)


def publish_outcomes(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    outcomes: Mapping[str, str],
    risks_seen: Answers = NOTHING,
) -> None:
    """Show what has come of it, by language, as a second person approved it. Raises RiskNamed."""
    for locale, outcome in outcomes.items():
        words = edition_words(locale, outcome=outcome)
        refuse_published(session, campaign, words, seen=risks_seen)
        content = edition_content(find_edition(campaign, locale))
        _save(session, campaign, actor, locale, edition_from(content | {"outcome": outcome}))


def _save(
    session: Session, campaign: Campaign, actor: str, locale: str, texts: Mapping[str, object]
) -> Edition:
    before = edition_content(find_edition(campaign, locale))
    with stays_ready(campaign):
        edition, changed = _set_texts(campaign, locale, texts)
    if changed or not before:
        after = edition_content(edition)
        revisions.keep(session, campaign, Part.EDITION, actor, before, after, locale)
        record_change(session, campaign, actor, "campaign.edition", locale=locale, fields=changed)
    return edition


def _set_texts(
    campaign: Campaign, locale: str, texts: Mapping[str, object]
) -> tuple[Edition, list[str]]:
    edition = find_edition(campaign, locale)
    if edition is None:
        edition = Edition(locale=locale, **texts)
        campaign.editions.append(edition)
        return edition, sorted(name for name, text in texts.items() if text)
    changed = sorted(name for name, text in texts.items() if getattr(edition, name) != text)
    for name in changed:
        setattr(edition, name, texts[name])
    return edition, changed
