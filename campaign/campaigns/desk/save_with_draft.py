"""How the desk's pages of a campaign save: with a draft beside, and nobody overwritten."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TypedDict

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.utils import redirect

from campaign.campaigns.content import drafts, revisions
from campaign.campaigns.content.drafts import TAB, Draft, DraftPlace, Tab, draft_mark
from campaign.campaigns.content.part_contents import Content
from campaign.campaigns.desk.blueprint import done
from campaign.core import db
from campaign.core.errors import Refused
from campaign.core.text.desk_texts import read_number
from campaign.models.campaign import Campaign
from campaign.models.revision import Part
from campaign.staff.desk_access import staff_user
from campaign.web.edit_conflict import EditConflictForm, lock_row
from campaign.web.form_base import DeskForm, differing_fields
from campaign.web.page import Page, accepted

_SHOWN = "draft_shown"
_OWN = {"csrf_token", "keep", "more", "move", "preview", "remove", "searched", "then", _SHOWN}


class TakenUp(TypedDict, total=False):
    """The argument of a form that takes up what was written before."""

    formdata: MultiDict[str, str]


class DraftDesk:
    """The drafts of one person at one place."""

    def __init__(self, at: DraftPlace, url: str) -> None:
        """`url`: where the page's script keeps what is typed."""
        self.at, self.url = at, url
        self.other: Sequence[tuple[str, str]] | None = None
        """Label and text of each field that another tab has kept otherwise; None: no other has."""

    def draft(self) -> Draft | None:
        return drafts.find_draft(db.session(), self.at)

    def typed(self) -> TakenUp:
        """What a form takes up: the draft, where the address asks for it."""
        if request.method == "POST" or "draft" not in request.args:
            return {}
        draft = self.draft()
        return {"formdata": as_typed(draft.content)} if draft else {}

    def keep(self, form: DeskForm | None = None) -> bool:
        """Keep what the form sent; False where another tab has other text.

        Then nothing is saved, and the page shows the form as it was typed, below the other text.
        """
        fields, tab = _typed_fields(), _find_tab()
        based_on = read_number(request.form.get("based_on", "")) or 0
        if drafts.keep_draft(db.session(), self.at, fields, based_on=based_on, tab=tab):
            return True
        if form is not None and (other := self.draft()):
            message = _("Another tab has newer text. It is shown above yours. Nothing is lost.")
            form.show_again(message)
            self.other = differing_fields(form, other.content, request.form)
        return False

    def kept(self, form: DeskForm, **values: str) -> ResponseReturnValue | None:
        """Answer the button that keeps a draft; None where another one was pressed, or `keep`."""
        if "keep" not in request.form or not self.keep(form):
            return None
        return self.stay(_("Draft kept. Only you can see it."), **values)

    def stay(self, message: str, **values: str | None) -> ResponseReturnValue:
        """Say what was done, on the same page."""
        view = str(request.endpoint).rpartition(".")[2]
        return done(message, f".{view}", **(request.view_args or {}), **values)

    def drop(self) -> bool:
        """Forget the draft, unless another tab has kept other text meanwhile: False."""
        tab = _find_tab()
        sent = Tab(tab.name, (*tab.shown, draft_mark(_typed_fields())))
        return drafts.drop_draft(db.session(), self.at, sent)

    @cached_property
    def _beside(self) -> Draft | None:
        """The draft that is there when the page is made."""
        return self.draft()

    @property
    def offered(self) -> Draft | None:
        """What was typed before, where the page offers it."""
        is_opened = request.method != "POST" and "draft" not in request.args
        return self._beside if is_opened else None

    @property
    def mark(self) -> str:
        return draft_mark(self._beside.content) if self._beside else ""

    @property
    def shown(self) -> str:
        """The mark of the draft with which the form is filled."""
        if request.method == "POST":
            return request.form.get(_SHOWN, "")
        return self.mark if "draft" in request.args else ""

    @property
    def tab(self) -> str:
        return request.form.get(TAB, "") if request.method == "POST" else db.new_public_id()


class DraftPage(Page):
    """The base of pages with `campaigns/_draft.html`."""

    drafting: DraftDesk


class Desk(DraftDesk):
    """One part of a campaign as one person writes it."""

    def __init__(
        self, campaign: Campaign, part: Part | str, place: str = "", *, url: str = ""
    ) -> None:
        """`url`: where typing is kept, if not at the address of all parts."""
        self.campaign, self.part, self.place = campaign, part, place
        at = DraftPlace(staff_user().id, campaign.id, str(part), place)
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
    def conflict(self) -> DraftPlace:
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
        if answer := self.kept(form):
            return answer
        try:
            if not form.validate_on_submit() or not accepted(form, action):
                return None
        except Refused as problem:
            if problem.slug != revisions.CHANGED:
                raise
            return self.meet(form, mine(), number_seen(form) or 0)
        self.drop()
        return then()

    def save_current(
        self, form: EditConflictForm, action: Callable[[], object], say: Callable[[], str]
    ) -> ResponseReturnValue | None:
        """The same on a page without revisions: None also where somebody saved in between."""
        if answer := self.kept(form):
            return answer
        if not (form.validate_on_submit() and form.is_current() and accepted(form, action)):
            return None
        self.drop()
        return self.stay(say())

    def meet(self, form: DeskForm, mine: Content, based_on: int) -> ResponseReturnValue | None:
        """Keep a text that came too late, and go to the page on which the two are merged.

        None, and said on the form, where another text of this person waits to be merged there.
        """
        if not drafts.keep_draft(db.session(), self.conflict, mine, based_on=based_on):
            message = _(
                "You have another text to merge with the saved one. Merge it from the overview in "
                "another tab. Then save here again."
            )
            form.form_errors.append(message)
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
    return read_number(str(form["based_on"].data)) if "based_on" in form else None
