"""What supporters may do with a campaign's letter, and what must not stand in it."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from campaign.campaigns.changes import record_change
from campaign.campaigns.content import revisions
from campaign.campaigns.content.part_contents import options_content
from campaign.core.errors import Invalid
from campaign.core.text.desk_texts import one_line
from campaign.models.campaign import Campaign
from campaign.models.revision import Part

MOST_WORDS = 200
LONGEST_WORD = 80


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
    Invalid with the field `forbidden_words`: too many of them, or one is no word; Refused
    (`changed-meanwhile`) where somebody saved after revision `based_on`.
    """
    words = _check_words(forbidden_words)
    revisions.check(session, campaign, Part.OPTIONS, "", based_on)
    before = options_content(campaign)
    options = (words, full_text_edit, print_translation)
    if options == (campaign.forbidden_words, campaign.full_text_edit, campaign.print_translation):
        return
    campaign.forbidden_words = words
    campaign.full_text_edit = full_text_edit
    campaign.print_translation = print_translation
    after = options_content(campaign)
    revisions.keep(session, campaign, Part.OPTIONS, "", before=before, after=after, actor=actor)
    record_change(
        session,
        campaign,
        actor,
        "campaign.letter-options",
        forbidden_words=len(words),
        full_text_edit=full_text_edit,
        print_translation=print_translation,
    )


def _check_words(typed: Iterable[str]) -> list[str]:
    words = list(dict.fromkeys(filter(None, map(one_line, typed))))
    if len(words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
        raise Invalid(fields={"forbidden_words": "words-too-many"})
    if not all(any(map(str.isalnum, word)) for word in words):
        raise Invalid(fields={"forbidden_words": "not-a-word"})
    return words
