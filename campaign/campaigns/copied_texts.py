"""What a copy or a follow-up still says in the words of the campaign it was made from."""

import re
from collections.abc import Iterable, Iterator

from sqlalchemy.orm import Session

from campaign.campaigns.check_readiness import Gap
from campaign.campaigns.content.part_contents import current_templates, edition_content, texts_of
from campaign.core import audit
from campaign.core.answers import Answers, question_key
from campaign.core.errors import Invalid
from campaign.models.campaign import Campaign, Edition, LetterTemplate

_SHORTEST_NAME = 4
"""Letters of a part of a name that is looked for by itself: “de” and “Ben” are in many texts."""


def list_gaps(session: Session, campaign: Campaign) -> list[Gap]:
    """List page texts, letters and a picture; whoever opens it is asked about them."""
    if campaign.follows is not None:
        return list(_find_repeated(campaign, campaign.follows))
    entry = audit.find_last(session, f"campaign:{campaign.id}", "campaign.clone")
    copied = session.get(Campaign, entry.detail["other"]) if entry else None
    if copied is None:
        return []
    return list(dict.fromkeys([*_find_untouched(campaign, copied), *_find_named(campaign, copied)]))


def refuse_unseen(session: Session, campaign: Campaign, *, seen: Answers) -> None:
    """Raise Invalid (`copied_seen`) where whoever opens the campaign has not agreed to them."""
    if any(key not in seen for key in keys_of(list_gaps(session, campaign))):
        raise Invalid(fields={"copied_seen": "copied-unseen"})


def keys_of(gaps: Iterable[Gap]) -> frozenset[str]:
    return frozenset(question_key(gap.slug, gap.part, gap.locale, gap.subject) for gap in gaps)


def _find_repeated(campaign: Campaign, earlier: Campaign) -> Iterator[Gap]:
    """Page texts of a follow-up that say nothing new."""
    for edition, before in _pair_editions(campaign, earlier):
        texts, old = edition_content(edition), edition_content(before)
        if all(texts[name] == old[name] for name in ("title", "summary", "asks", "background")):
            yield Gap("text-repeated", "edition", False, edition.locale)


def _find_untouched(campaign: Campaign, copied: Campaign) -> Iterator[Gap]:
    for edition, before in _pair_editions(campaign, copied):
        if edition.title == before.title or edition.summary == before.summary:
            yield Gap("text-copied", "edition", False, edition.locale)
    if campaign.person_name == copied.person_name:
        return
    letters = [_without_names(template, campaign, copied) for template in _list_letters(copied)]
    for template in _list_letters(campaign):
        if _without_names(template, campaign, copied) in letters:
            yield Gap("text-copied", "letter", False, template.locale)


def _without_names(
    template: LetterTemplate, campaign: Campaign, copied: Campaign
) -> tuple[str, list[str]]:
    """The language and words of a letter, with the placeholder for the name of either person."""
    locale, texts = template.locale, texts_of(template)
    for case in (copied, campaign):
        for name in filter(None, (case.name_in(locale), case.person_name)):
            texts = [text.replace(name, "((person_name))") for text in texts]
    return locale, texts


def _list_letters(campaign: Campaign) -> Iterator[LetterTemplate]:
    for target_id in (None, *(target.id for target in campaign.targets)):
        yield from current_templates(campaign, target_id).values()


def _pair_editions(campaign: Campaign, other: Campaign) -> Iterator[tuple[Edition, Edition]]:
    before = {edition.locale: edition for edition in other.editions}
    for edition in campaign.editions:
        if edition.locale in before:
            yield edition, before[edition.locale]


def _find_named(campaign: Campaign, copied: Campaign) -> Iterator[Gap]:
    """Page texts and letters that name the person of the other campaign, and that picture."""
    is_same = campaign.person_name == copied.person_name
    if campaign.picture and campaign.picture == copied.picture and not is_same:
        yield Gap("picture-copied", "picture", False)
    for edition in campaign.editions:
        texts = [
            edition.person_name,
            edition.title,
            edition.summary,
            edition.background,
            *edition.asks,
        ]
        if name := _find_name(campaign, copied, edition.locale, texts):
            yield Gap("other-person", "edition", False, edition.locale, name)
    for template in _list_letters(campaign):
        if name := _find_name(campaign, copied, template.locale, texts_of(template)):
            yield Gap("other-person", "letter", False, template.locale, name)


def _find_name(campaign: Campaign, copied: Campaign, locale: str, texts: list[str]) -> str:
    """The name of the other person, or a part of it, that the texts have; else empty."""
    others = [copied.name_in(locale), copied.person_name]
    if campaign.person_name == copied.person_name:
        return ""
    own = {campaign.person_name, campaign.name_in(locale)} - {copied.name_in(locale)}
    for name in dict.fromkeys(others):
        # Small letters are no name, and a name that both have tells nobody apart.
        parts = set(name.casefold().split()) - set(" ".join(own).casefold().split())
        telling = [
            part
            for part in name.split()
            if part.casefold() in parts and len(part) >= _SHORTEST_NAME and not part.islower()
        ]
        for words in (name, *telling) if parts else ():
            if re.search(rf"\b{re.escape(words)}\b", " ".join(texts), re.IGNORECASE):
                return words
    return ""
