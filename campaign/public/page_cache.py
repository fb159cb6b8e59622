"""Public pages served from memory: ready bytes with an ETag, made anew when the data changed.

Every process asks the database at most once a second, in one small query, whether anything that
the public sees has changed; what this cannot see shows after MAX_AGE.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar, cast

from flask import Response, current_app, request
from sqlalchemy import func, select

from campaign.core import db, metrics
from campaign.models.about import OrganisationText, PrivacyNotice
from campaign.models.campaign import Campaign
from campaign.models.statistics import CampaignTally
from campaign.web import compress

MAX_AGE = 60
"""Seconds for which browsers and proxies may keep a page."""
_MOST = 1000
_VERSION = select(
    select(func.count(Campaign.id)).scalar_subquery(),
    select(func.max(Campaign.changed_at)).scalar_subquery(),
    select(func.max(CampaignTally.counted_at)).scalar_subquery(),
    select(func.sum(CampaignTally.confirmed)).scalar_subquery(),
    select(func.max(OrganisationText.id)).scalar_subquery(),
    select(func.max(PrivacyNotice.id)).scalar_subquery(),
)
"""What all pages depend on."""
Key = tuple[str, ...]
Version = tuple[object, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Made:
    """What a page was rendered to, where it is not HTML or has headers of its own."""

    body: str
    mimetype: str = "text/html"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CachedPage:
    body: bytes
    mimetype: str
    digest: str
    headers: tuple[tuple[str, str], ...]
    made_at: float
    bodies: dict[str, bytes] = field(default_factory=dict)

    def response(self) -> Response:
        headers = list(self.headers)
        etag = f'"{self.digest}"'
        if coding := compress.accepted_coding():
            headers.append(("Content-Encoding", coding))
            etag = f'"{self.digest}-{coding}"'
        headers.append(("ETag", etag))
        if etag in request.headers.get("If-None-Match", ""):
            return Response(status=304, headers=headers)
        if coding not in self.bodies:
            self.bodies[coding] = compress.encode(self.body, coding)
        return Response(self.bodies[coding], headers=headers, mimetype=self.mimetype)


class PageCache:
    def __init__(
        self, recheck_seconds: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.recheck_seconds = recheck_seconds
        self._clock = clock
        self._pages: OrderedDict[Key, CachedPage] = OrderedDict()
        self._things: dict[Key, tuple[float, Any]] = {}
        self._version: Version = ()
        self._checked_at = float("-inf")
        self._lock = Lock()
        self._checking = Lock()

    def serve(
        self,
        key: Key,
        render: Callable[[], str | Made],
        edit: Callable[[bytes], bytes] | None = None,
    ) -> Response:
        """The page of that key, from memory or from `render`; `edit` changes this answer alone."""
        self._refresh()
        page = self._pages.get(key)
        if page is None or self._clock() - page.made_at > MAX_AGE:
            page = self._make(key, render)
            metrics.count_page("made")
        else:
            metrics.count_page("memory")
        if edit is not None and (body := edit(page.body)) != page.body:
            page = _page(body, page.mimetype, page.headers, page.made_at)
        return page.response()

    def recall(self, key: Key, make: Callable[[], T]) -> T:
        """Something that pages are made from. Keys must be few: only time and a change end it."""
        self._refresh()
        remembered = self._things.get(key)
        if remembered is not None and self._clock() - remembered[0] <= MAX_AGE:
            return cast(T, remembered[1])
        version, made_at = self._version, self._clock()
        thing = make()
        with self._lock:
            if version == self._version:
                self._things[key] = (made_at, thing)
        return thing

    def recheck_now(self) -> None:
        """Ask the database again at the next page: something was changed in this process."""
        self._checked_at = float("-inf")

    def __len__(self) -> int:
        return len(self._pages)

    def _make(self, key: Key, render: Callable[[], str | Made]) -> CachedPage:
        version = self._version
        content = render()
        content = Made(content) if isinstance(content, str) else content
        headers = (
            ("Cache-Control", f"public, max-age={MAX_AGE}, must-revalidate"),
            ("Vary", "Accept-Encoding"),
            *content.headers,
        )
        page = _page(content.body.encode(), content.mimetype, headers, self._clock())
        with self._lock:
            if version == self._version:  # else it may show what was before the change
                self._pages[key] = page
            while len(self._pages) > _MOST:
                self._pages.popitem(last=False)
        return page

    def _refresh(self) -> None:
        if self._clock() - self._checked_at < self.recheck_seconds:
            return
        if not self._checking.acquire(blocking=False):
            return  # another thread is asking: what we have is at most as old as its question
        try:
            with db.reading() as session:
                version = tuple(session.execute(_VERSION).one())
            with self._lock:
                if version != self._version:
                    self._pages.clear()
                    self._things.clear()
                # A page that is being made just now is kept only if this is still the same.
                self._version = version
            self._checked_at = self._clock()
        finally:
            self._checking.release()


def _page(
    body: bytes, mimetype: str, headers: tuple[tuple[str, str], ...], made_at: float
) -> CachedPage:
    return CachedPage(body, mimetype, hashlib.sha256(body).hexdigest()[:24], headers, made_at)


def page_cache() -> PageCache:
    cache: PageCache = current_app.extensions["page_cache"]
    return cache
