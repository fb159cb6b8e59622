"""What machines read: Atom feed, site map, robots.txt, the last day for calendars (RFC 5545)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from xml.etree import ElementTree as ET

from flask_babel import gettext as _
from icalendar import Calendar, Event

from campaign.core import clock, i18n
from campaign.core.settings import current_settings
from campaign.public.case_lists import CaseRow, current_board
from campaign.public.case_page import Post
from campaign.public.page_cache import Made
from campaign.public.share_links import whole_url
from campaign.web.markup import markdown

_ATOM = "http://www.w3.org/2005/Atom"
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_XHTML = "http://www.w3.org/1999/xhtml"
_MOST = 50
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Entry:
    url: str
    title: str
    html: str
    moment: datetime
    lang: str
    category: str


def atom_feed(lang: str) -> Made:
    """Open cases and what came of all, the newest first; a draft never."""
    board = current_board(lang)
    entries = [
        *(_case_entry(row, lang) for row in board.current),
        *(_post_entry(row, post, lang) for row, post in board.dated),
    ]
    entries.sort(key=lambda entry: entry.moment, reverse=True)
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": lang})
    own = whole_url("public.feed", lang=lang)
    _add(feed, "id", own)
    _add(feed, "title", f"{_('Urgent actions')} – {current_settings().organisation_name}")
    _add(feed, "updated", _stamp(max((entry.moment for entry in entries), default=_LONG_AGO)))
    _link(feed, "self", own, "application/atom+xml")
    _link(feed, "alternate", whole_url("public.home", lang=lang), "text/html")
    _add(ET.SubElement(feed, "author"), "name", current_settings().organisation_name)
    for entry in entries[:_MOST]:
        _add_entry(feed, entry)
    return Made(_document(feed), "application/atom+xml")


def sitemap() -> Made:
    root = ET.Element("urlset", {"xmlns": _SITEMAP, "xmlns:xhtml": _XHTML})
    for endpoint, values, changed in _pages():
        there = {code: whole_url(endpoint, lang=code, **values) for code in i18n.languages()}
        for address in there.values():
            url = ET.SubElement(root, "url")
            _add(url, "loc", address)
            if changed:
                _add(url, "lastmod", clock.day_of(changed, "UTC").isoformat())
            for code, other in (*there.items(), ("x-default", there[i18n.languages()[0]])):
                ET.SubElement(
                    url, "xhtml:link", {"rel": "alternate", "hreflang": code, "href": other}
                )
    return Made(_document(root), "application/xml")


def robots() -> Made:
    """Case pages are for everybody; the desk and supporters' own pages for no robot."""
    lines = ["User-agent: *", "Disallow: /desk/", "Disallow: /outbox/"]
    lines += [f"Disallow: /{code}/letter/" for code in i18n.languages()]
    lines += ["", f"Sitemap: {whole_url('public.sitemap')}", ""]
    return Made("\n".join(lines), "text/plain")


def _pages() -> Iterator[tuple[str, dict[str, str], datetime | None]]:
    board = current_board(i18n.languages()[0])
    for endpoint in ("public.home", "public.archive", "public.updates"):
        yield endpoint, {}, None
    for row in (*board.current, *board.ended):
        yield "public.case", {"slug": row.slug}, row.changed_at
        if row.has_outcome:
            yield "public.outcome", {"slug": row.slug}, row.changed_at


def _case_entry(row: CaseRow, lang: str) -> _Entry:
    morning = datetime.combine(row.issued_on, time(), UTC) if row.issued_on else None
    start = row.opened_at or morning or row.changed_at
    return _Entry(
        url=whole_url("public.case", lang=lang, slug=row.slug),
        title=row.title,
        html=str(markdown(row.summary)),
        moment=start,
        lang=row.content_lang,
        category=_("Urgent action"),
    )


def _post_entry(row: CaseRow, post: Post, lang: str) -> _Entry:
    when = post.published_at or _LONG_AGO
    return _Entry(
        url=f"{whole_url('public.case', lang=lang, slug=row.slug)}#{post.anchor}",
        title=f"{row.person_name}{i18n.colon(post.lang or lang)}{post.title}",
        html=str(markdown(post.body)),
        moment=when,
        lang=post.lang,
        category=_("Update"),
    )


def _add_entry(feed: ET.Element, entry: _Entry) -> None:
    element = ET.SubElement(feed, "entry", {"xml:lang": entry.lang} if entry.lang else {})
    _add(element, "id", entry.url)
    _add(element, "title", entry.title)
    _link(element, "alternate", entry.url, "text/html")
    _add(element, "published", _stamp(entry.moment))
    _add(element, "updated", _stamp(entry.moment))
    ET.SubElement(element, "category", {"term": entry.category})
    ET.SubElement(element, "content", {"type": "html"}).text = entry.html


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _link(parent: ET.Element, relation: str, address: str, kind: str) -> None:
    ET.SubElement(parent, "link", {"rel": relation, "href": address, "type": kind})


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _document(root: ET.Element) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def deadline_ics(
    *, uid: str, day: date, title: str, text: str, url: str, changed_at: datetime, lang: str
) -> bytes:
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", title, {"LANGUAGE": lang})
    event.add("description", text, {"LANGUAGE": lang})
    event.add("url", url)
    event.add("transp", "TRANSPARENT")
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Urgent action letters//Deadline//EN")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
