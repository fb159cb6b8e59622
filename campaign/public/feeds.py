"""What machines read: feeds, site map, robots.txt, the last day for calendars (RFC 5545)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from xml.etree import ElementTree as ET

from flask_babel import gettext as _
from icalendar import Calendar, Event
from markupsafe import escape

from campaign.core import clock, i18n
from campaign.core.errors import NotFound
from campaign.core.settings import current_settings
from campaign.public.case_lists import CaseRow, current_board
from campaign.public.case_page import CasePost
from campaign.public.ending_notice import ending_heading, ending_html
from campaign.public.page_cache import Made
from campaign.public.share_links import whole_url
from campaign.web.markup import markdown

_ATOM = "http://www.w3.org/2005/Atom"
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_XHTML = "http://www.w3.org/1999/xhtml"
_MOST = 50
_FOR_ALL = (("Access-Control-Allow-Origin", "*"),)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Entry:
    url: str
    title: str  # with a capital; names of people may begin with none: "the 43 students"
    html: str
    published: datetime
    updated: datetime
    lang: str
    category: str


def atom_feed(lang: str, slug: str = "") -> Made:
    """Cases and what came of them, those that changed last first, or of one. Raises NotFound."""
    entries, title, title_lang = _list_entries(lang, slug)
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": lang})
    own, page = _addresses(lang, slug, "feed")
    _add(feed, "id", own)
    _add(feed, "title", title, title_lang)
    _add(feed, "updated", _stamp(max((entry.updated for entry in entries), default=_LONG_AGO)))
    _link(feed, "self", own, "application/atom+xml")
    _link(feed, "alternate", page, "text/html")
    _add(ET.SubElement(feed, "author"), "name", current_settings().organisation_name)
    for entry in entries:
        element = ET.SubElement(feed, "entry", {"xml:lang": entry.lang} if entry.lang else {})
        _add(element, "id", entry.url)
        _add(element, "title", entry.title)
        _link(element, "alternate", entry.url, "text/html")
        _add(element, "published", _stamp(entry.published))
        _add(element, "updated", _stamp(entry.updated))
        ET.SubElement(element, "category", {"term": entry.category, "xml:lang": lang})
        ET.SubElement(element, "content", {"type": "html"}).text = entry.html
    return Made(_document(feed), "application/atom+xml", _FOR_ALL)


def json_feed(lang: str, slug: str = "") -> Made:
    """The same as JSON Feed 1.1 (jsonfeed.org). Raises NotFound."""
    entries, title, title_lang = _list_entries(lang, slug)
    own, page = _addresses(lang, slug, "json_feed")
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": page,
        "feed_url": own,
        "language": title_lang or lang,
        "authors": [{"name": current_settings().organisation_name}],
        "items": [
            {
                "id": entry.url,
                "url": entry.url,
                "title": entry.title,
                "content_html": entry.html,
                "date_published": _stamp(entry.published),
                "date_modified": _stamp(entry.updated),
                "language": entry.lang or lang,
                "tags": [entry.category],
            }
            for entry in entries
        ],
    }
    return Made(json.dumps(feed, ensure_ascii=False), "application/feed+json", _FOR_ALL)


def _list_entries(lang: str, slug: str) -> tuple[list[_Entry], str, str]:
    """What a feed holds, its title, and the title's language where it has not the feed's.

    Of one case where there is a slug.
    """
    board = current_board(lang)
    title_lang = ""
    title = f"{_('Urgent actions')} – {current_settings().organisation_name}"
    dated = board.dated
    # Also those that ended: a reader that has the call to write must get what replaces it.
    cases = (*board.current, *board.ended)
    if slug:
        cases = tuple(row for row in cases if row.slug == slug)
        if not cases:
            raise NotFound("campaign")
        dated = tuple(pair for pair in dated if pair[0].slug == slug)
        title = f"{i18n.capitalize_first(cases[0].title)} – {current_settings().organisation_name}"
        title_lang = cases[0].content_lang
    # No change of others takes a call to write, or a stop, out of the feed.
    lasting = [row for row in cases if row.takes_letters or row.stopped_at]
    others = [_case_entry(row, lang) for row in cases if row not in lasting]
    others += (_post_entry(row, post, lang) for row, post in dated)
    others.sort(key=_updated, reverse=True)
    entries = [_case_entry(row, lang) for row in lasting]
    entries += others[: max(0, _MOST - len(entries))]
    return sorted(entries, key=_updated, reverse=True), title, title_lang


def _updated(entry: _Entry) -> datetime:
    return entry.updated


def _addresses(lang: str, slug: str, name: str) -> tuple[str, str]:
    """Addresses of a feed and of the page that it is about."""
    if slug:
        values = {"lang": lang, "slug": slug}
        return whole_url(f"public.case_{name}", **values), whole_url("public.case", **values)
    return whole_url(f"public.{name}", lang=lang), whole_url("public.home", lang=lang)


def sitemap() -> Made:
    root = ET.Element("urlset", {"xmlns": _SITEMAP, "xmlns:xhtml": _XHTML})
    codes = i18n.offered_languages()
    for endpoint, values, changed in _pages():
        there = {code: whole_url(endpoint, lang=code, **values) for code in codes}
        for address in there.values():
            url = ET.SubElement(root, "url")
            _add(url, "loc", address)
            if changed:
                _add(url, "lastmod", clock.day_of(changed, "UTC").isoformat())
            for code, other in (*there.items(), ("x-default", there[codes[0]])):
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
    title, html, category = row.title, str(markdown(row.summary)), _("Urgent action")
    updated = max(start, row.changed_at)
    if not row.takes_letters:
        category = ending_heading(row, lang)
        spoken = _own_words_language(row.content_lang, lang)
        title = f"{ending_heading(row, spoken)}{i18n.colon(spoken)}{title}"
        # What was written before a stop calls to write: its page folds it away.
        html = _in_language(lang, ending_html(row, lang)) + ("" if row.stopped_at else html)
        if row.status == "open" and row.act_by:
            updated = max(updated, i18n.end_of_day(row.act_by))
    return _Entry(
        url=whole_url("public.case", lang=lang, slug=row.slug),
        title=i18n.capitalize_first(title),
        html=html,
        published=start,
        updated=updated,
        lang=row.content_lang,
        category=category,
    )


def _post_entry(row: CaseRow, post: CasePost, lang: str) -> _Entry:
    when = updated = post.published_at or _LONG_AGO
    title, html = post.title, str(markdown(post.body))
    if post.before_stop and row.stopped_at:
        with i18n.force_locale(_own_words_language(post.lang, lang)):
            title = f"{title} ({_('before the action was stopped')})"
        updated = row.stopped_at
        mark = _("before the action was stopped")
        html = _in_language(lang, f"<p><strong>{escape(mark)}</strong></p>") + html
    return _Entry(
        url=f"{whole_url('public.case', lang=lang, slug=row.slug)}#{post.anchor}",
        title=i18n.capitalize_first(f"{post.person_name}{i18n.colon(post.lang or lang)}{title}"),
        html=html,
        published=when,
        updated=updated,
        lang=post.lang,
        category=_("Update"),
    )


def _own_words_language(text_lang: str, lang: str) -> str:
    """Return the language for our words in the title of a text: the text's, if pages have it."""
    return text_lang if text_lang and i18n.has_pages(text_lang) else lang


def _in_language(lang: str, html: str) -> str:
    return f'<div lang="{lang}" dir="{i18n.direction(lang)}">{html}</div>'


def _add(parent: ET.Element, name: str, text: str, lang: str = "") -> None:
    ET.SubElement(parent, name, {"xml:lang": lang} if lang else {}).text = text


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
