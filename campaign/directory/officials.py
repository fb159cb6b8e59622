"""Officials: kept, found, listed."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.core.errors import NotFound
from campaign.core.text.fold import fold_name
from campaign.directory import where_used
from campaign.models.directory import Official
from campaign.web.pagination import MOST_FOUND, Listing, contains_words, load_page, rank_of_country


def get_official(session: Session, *, slug: str) -> Official:
    official = find_official(session, slug=slug)
    if official is None:
        raise NotFound("official", slug=slug)
    return official


def find_official(session: Session, *, slug: str) -> Official | None:
    return session.scalar(select(Official).where(Official.slug == slug))


def list_officials(
    session: Session,
    *,
    query: str = "",
    country: str = "",
    left: bool = False,
    sort: str = "name",
    page: int = 1,
) -> Listing[Official]:
    """With `left`, list those who left their office while a campaign still aims at them."""
    matches = select(Official).where(*contains_words(query, Official.search))
    if country:
        matches = matches.where(Official.country == country)
    if left:
        matches = matches.where(Official.left_on.is_not(None), where_used.is_aimed_at())
    by_country = (rank_of_country(session, Official.country), Official.name_key)
    order = by_country if sort == "country" else (Official.name_key,)
    return load_page(session, matches.order_by(*order, Official.id), page)


def countries_of_officials(session: Session) -> list[str]:
    return list(session.scalars(select(Official.country).distinct().order_by(Official.country)))


def search_officials(
    session: Session, *, query: str, without: Sequence[int] = (), most: int = MOST_FOUND
) -> Sequence[Official]:
    """List the first that a search finds; those whose name begins so come first."""
    start = fold_name(query)
    if not start:
        return []
    matches = (
        select(Official)
        .where(*contains_words(query, Official.search), Official.id.not_in(without))
        .order_by(Official.name_key, Official.id)
    )
    begins = Official.name_key.startswith(start, autoescape=True)
    first = session.scalars(matches.where(begins).limit(most)).all()
    if len(first) == most:
        return first
    return [*first, *session.scalars(matches.where(~begins).limit(most - len(first)))]


def count_left(session: Session) -> int:
    query = select(func.count(Official.id)).where(
        Official.left_on.is_not(None), where_used.is_aimed_at()
    )
    return session.scalar(query) or 0
