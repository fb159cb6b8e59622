"""The rules by which a campaign's letters are looked at before they count."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.record_change import record_change
from campaign.core.errors import Invalid
from campaign.core.text.desk_texts import one_line
from campaign.models.campaign import Campaign
from campaign.signing.checks.screening_rules import (
    LEAST_ALIKE,
    LONGEST_WORD,
    MOST_WORDS,
    ScreeningRules,
    skeleton,
)


def set_rules(session: Session, campaign: Campaign, *, rules: ScreeningRules, actor: str) -> None:
    """Set the rules for letters confirmed from now on; the audit tells no word. Raises Invalid."""
    words = tuple(dict.fromkeys(filter(None, map(one_line, rules.watched))))
    if len(words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
        raise Invalid(fields={"watched": "words-too-many"})
    if not all(any(map(str.isalnum, word)) for word in words):
        raise Invalid(fields={"watched": "not-a-word"})
    if 0 < rules.alike < LEAST_ALIKE:
        raise Invalid(fields={"alike": "alike-too-few"})
    if rules.longer_than and rules.shorter_than >= rules.longer_than:
        raise Invalid(fields={"shorter_than": "shorter-than-longer"})
    stored = replace(rules, watched=words).stored
    if stored == campaign.screening:
        return
    campaign.screening = stored
    public = {name: value for name, value in stored.items() if name != "watched"}
    record_change(
        session, campaign, actor, "campaign.screening", **public, watched_words=len(words)
    )


def list_lookalike_references(session: Session, campaign: Campaign) -> Sequence[str]:
    shape = skeleton(campaign.reference)
    rows = session.scalars(select(Campaign.reference).where(Campaign.id != campaign.id))
    return sorted(row for row in rows if skeleton(row) == shape)
