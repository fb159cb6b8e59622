"""How the desk's pages of a campaign save: with a draft beside, and nobody overwritten."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.utils import redirect

from campaign.campaigns.content import drafts, revisions
from campaign.campaigns.content.drafts import TAB, Draft, Place, Tab, draft_mark
from campaign.campaigns.content.part_contents import Content
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign
from campaign.models.revision import Part
from campaign.staff.desk_access import staff_user
from campaign.web.edit_conflict import lock_row
from campaign.web.form_base import DeskForm, differing_fields
from campaign.web.page import Page, accepted

_SHOWN = "draft_shown"
_OWN = {"csrf_token", "keep", "more", "move", "preview", "remove", "searched", "then", _SHOWN}


class DraftPage(Page):
    """The base of pages with `campaigns/_draft.html`; `Desk.words` gives its fields."""

    draft: Draft | None
    """What was typed before, where the page offers it."""
    draft_url: str
    """Where the page's script keeps what is typed."""
    draft_mark: str
    draft_shown: str
    """The mark of the draft with which the form is filled."""
    draft_tab: str
    draft_other: Sequence[tuple[str, str]] | None
    """Label and text of each field that another tab has kept otherwise; None: no other has."""


class DraftDesk:
    """The drafts of one person at one place."""

    def __init__(self, at: Place, url: str) -> None:
        """`url`: where the page's script keeps what is typed."""
        self.at, self._url = at, url
        self._other_fields: Sequence[tuple[str, str]] | None = None

    def draft(self) -> Draft | None:
        return drafts.find_draft(db.session(), self.at)

    def typed(self) -> dict[str, Any]:
        """Arguments of a form that takes up the draft where the address asks for it."""
        if request.method == "POST" or "draft" not in request.args:
            return {}
        draft = self.draft()
        return {"formdata": as_typed(draft.content)} if draft else {}

    def keep(self, form: DeskForm | None = None) -> bool:
        """Keep what the form sent; False where another tab has other text.

        Then nothing is saved, and the page shows the form as it was typed, below the other text.
        """
        if self.keep_fields(_typed_fields()):
            return True
        if form is not None and (other := self.draft()):
            said = _("Another tab has newer text. It is shown above yours. Nothing is lost.")
            form.show_again(said)
            self._other_fields = differing_fields(form, other.content, request.form)
        return False

    def keep_fields(self, fields: dict[str, list[str]]) -> bool:
        based_on = _as_number(request.form.get("based_on", "")) or 0
        return drafts.keep_draft(db.session(), self.at, fields, based_on=based_on, tab=_find_tab())

    def drop(self) -> bool:
        """Forget the draft, unless another tab has kept other text meanwhile: False."""
        tab = _find_tab()
        sent = Tab(tab.name, (*tab.shown, draft_mark(_typed_fields())))
        return drafts.drop_draft(db.session(), self.at, sent)

    def words(self) -> dict[str, Any]:
        """The fields of DraftPage."""
        draft, shown, tab = self.draft(), request.form.get(_SHOWN, ""), request.form.get(TAB, "")
        mark = draft_mark(draft.content) if draft else ""
        is_offered = request.method != "POST" and "draft" not in request.args
        if request.method != "POST":
            shown, tab = "" if is_offered else mark, db.new_public_id()
        return {
            "draft": draft if is_offered else None,
            "draft_url": self._url,
            "draft_mark": mark,
            "draft_shown": shown,
            "draft_tab": tab,
            "draft_other": self._other_fields,
        }


class Desk(DraftDesk):
    """One part of a campaign as one person writes it."""

    def __init__(
        self, campaign: Campaign, part: Part | str, place: str = "", *, url: str = ""
    ) -> None:
        """`url`: where typing is kept, if not at the address of all parts."""
        self.campaign, self.part, self.place = campaign, part, place
        at = Place(staff_user().id, campaign.id, str(part), place)
        super().__init__(at, url or self._own_url("keep_draft"))

    def held(self) -> Campaign:
        """The campaign as it stands; while its form is saved nobody else changes it meanwhile."""
        if request.method == "POST":
            lock_row(db.session(), self.campaign)
        return self.campaign

    @property
    def seen(self) -> int:
        """The revision that is shown, for the form to carry; 0: none."""
        if not isinstance(self.part, Part):
            return 0
        return revisions.newest_number(db.session(), self.campaign, self.part, self.place)

    @property
    def conflict(self) -> Place:
        """Where a text waits to be merged with somebody else's."""
        return replace(self.at, conflict=True)

    def save(
        self,
        form: DeskForm,
        mine: Callable[[], Content],
        action: Callable[[], object],
        then: Callable[[], ResponseReturnValue],
    ) -> ResponseReturnValue | None:
        """Do `action`, forget the draft and answer with `then`; None where the form says why not.

        Where somebody saved in between, what was typed (`mine`) is kept, to be merged.
        """
        try:
            if not accepted(form, action):
                return None
        except Refused as problem:
            if problem.slug != revisions.CHANGED:
                raise
            return self.meet(form, mine(), number_seen(form) or 0)
        self.drop()
        return then()

    def meet(self, form: DeskForm, mine: Content, based_on: int) -> ResponseReturnValue | None:
        """Keep a text that came too late, and go to the page on which the two are merged.

        None, and said on the form, where another text of this person waits to be merged there.
        """
        if not drafts.keep_draft(db.session(), self.conflict, mine, based_on=based_on):
            said = _(
                "You have another text to merge with the saved one. Merge it from the overview in "
                "another tab. Then save here again."
            )
            form.form_errors.append(said)
            return None
        self.drop()
        return redirect(self.merge_url(), 303)

    def merge_url(self) -> str:
        return self._own_url("merge")

    def _own_url(self, view: str) -> str:
        place = self.place or "-"
        return url_for(f"campaigns.{view}", slug=self.campaign.slug, part=self.part, place=place)


def _find_tab() -> Tab:
    """What the tab that sent this form knows of drafts: its own, what it shows or may replace."""
    marks = request.form.getlist(_SHOWN) + request.form.getlist("keep")
    return Tab(request.form.get(TAB, ""), tuple(filter(None, marks)))


def kept_answer(is_kept: bool) -> ResponseReturnValue:
    """Answer the page's script: 409 where another tab has newer text."""
    return "", (204 if is_kept else 409)


def dropped_answer(is_dropped: bool, url: str) -> ResponseReturnValue:
    """Go back to the page; where another tab has newer text, that is offered now."""
    if not is_dropped:
        flash(_("Another tab has newer text. Read it before you delete it."), "error")
    return redirect(url, 303)


def _typed_fields() -> dict[str, list[str]]:
    return {name: request.form.getlist(name) for name in request.form if name not in _OWN}


def as_typed(fields: dict[str, list[str]]) -> "MultiDict[str, str]":
    return MultiDict((name, value) for name, values in fields.items() for value in values)


def number_seen(form: DeskForm) -> int | None:
    """The revision that the form says its writer saw; None where it says nothing."""
    return _as_number(str(form["based_on"].data)) if "based_on" in form else None


def _as_number(typed: str) -> int | None:
    return int(typed) if typed.isdecimal() and len(typed) < 9 else None


def draft_kept() -> str:
    return str(_("Draft kept. Only you can see it."))
