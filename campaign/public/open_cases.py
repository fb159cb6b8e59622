"""What the lists of cases show: every public case in a line, ready to be filtered. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from campaign.campaigns.closing_reasons import Said
from campaign.campaigns.lifecycle import takes_signatures
from campaign.campaigns.public_counts import in_steps
from campaign.campaigns.themes import theme_name
from campaign.core import i18n
from campaign.core.text.fold import fold_name
from campaign.models.campaign import Campaign
from campaign.public.case_page import Progress, edition_for, other_language, progress_of
from campaign.public.deadline import Deadline, deadline_of
from campaign.public.update_pages import Picture, Post, case_picture, ending_of, posts_of


@dataclass(frozen=True, slots=True)
class CaseRow:
    slug: str
    public_id: str
    reference: str
    person_name: str
    country_code: str
    country: str
    title: str
    summary: str
    content_lang: str
    issued_on: date | None
    opened_at: datetime | None
    changed_at: datetime
    deadline: Deadline | None
    act_by: date | None
    status: str
    stop_kind: str
    cards: bool
    takes_letters: bool
    count: int
    progress: Progress | None
    themes: tuple[str, ...]
    letter_locales: tuple[str, ...]
    ending: Said
    """How it ended, in a line; empty for one that goes on, or where nobody has told yet."""
    has_outcome: bool
    posts: tuple[Post, ...]
    picture: Picture | None
    found_by: str
    """All that a search looks at, folded."""


@dataclass(frozen=True, slots=True)
class Board:
    """All public cases in one language."""

    current: tuple[CaseRow, ...]
    """Those that take letters, the nearest last day first."""
    ended: tuple[CaseRow, ...]
    """The others, the newest first."""
    dated: tuple[tuple[CaseRow, Post], ...]
    """Every post with its case, the newest first."""


def board_of(
    campaigns: Iterable[Campaign], counts: Mapping[int, int], locale: str, now: datetime
) -> Board:
    rows = [
        case_row(campaign, locale, count=counts[campaign.id], now=now) for campaign in campaigns
    ]
    rows.reverse()  # of two with the same day, the one that was made later stands first
    current = [row for row in rows if row.takes_letters]
    ended = [row for row in rows if not row.takes_letters]
    posts = [(row, post) for row in rows for post in row.posts]
    return Board(
        tuple(sorted(current, key=lambda row: row.act_by or date.max)),
        tuple(sorted(ended, key=lambda row: row.issued_on or date.min, reverse=True)),
        tuple(sorted(posts, key=lambda pair: (pair[1].iso, pair[1].anchor), reverse=True)),
    )


def case_row(campaign: Campaign, locale: str, *, count: int, now: datetime) -> CaseRow:
    edition, count = edition_for(campaign, locale), in_steps(count)
    takes_letters = takes_signatures(campaign.status, campaign.act_by, now)
    posts = posts_of(campaign, locale)
    return CaseRow(
        slug=campaign.slug,
        public_id=campaign.public_id,
        reference=campaign.reference,
        person_name=campaign.person_name,
        country_code=campaign.country,
        country=i18n.country_name(campaign.country, locale),
        title=edition.title if edition else campaign.person_name,
        summary=edition.summary if edition else "",
        content_lang=other_language(edition, locale),
        issued_on=campaign.issued_on,
        opened_at=campaign.opened_at,
        changed_at=campaign.changed_at,
        deadline=deadline_of(campaign.act_by, locale, now, campaign.timezone),
        act_by=campaign.act_by,
        status=campaign.status.value,
        stop_kind=campaign.stop_kind.value,
        cards=campaign.cards,
        takes_letters=takes_letters,
        count=count,
        progress=progress_of(count, takes_letters=takes_letters),
        themes=tuple(campaign.themes),
        letter_locales=tuple(campaign.letter_locales),
        ending=Said() if takes_letters else ending_of(campaign, edition, posts, locale),
        has_outcome=bool(edition and edition.outcome),
        posts=posts,
        picture=case_picture(campaign, campaign.picture_small, locale),
        found_by=_found_by(campaign, locale),
    )


def searching(words: str) -> Callable[[CaseRow], bool]:
    """Whether a case has every one of the words, in any order."""
    wanted = fold_name(words).split()
    return lambda row: all(word in row.found_by for word in wanted)


def _found_by(campaign: Campaign, locale: str) -> str:
    texts = [campaign.person_name, campaign.reference, campaign.index_number]
    texts.append(i18n.country_name(campaign.country, locale))
    texts += [theme_name(key) for key in campaign.themes]
    for edition in campaign.editions:
        texts += [edition.title, edition.summary]
    return fold_name(" ".join(filter(None, texts)))
