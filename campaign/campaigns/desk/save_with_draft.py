"""How the desk's pages of a campaign save: with a draft beside, and nobody overwritten."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.utils import redirect

from campaign.campaigns.content import drafts, revisions
from campaign.campaigns.content.drafts import TAB, Draft, NewDraft, Tab, draft_mark
from campaign.campaigns.content.part_contents import Content
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign
from campaign.models.revision import Part
from campaign.staff.guards import staff_user
from campaign.web.edit_conflict import lock_row
from campaign.web.form_base import DeskForm, differing_fields
from campaign.web.page import Page, accepted

_SHOWN = "draft_shown"
_OWN = {"csrf_token", "keep", "more", "move", "preview", "remove", "searched", "then", _SHOWN}


class DraftWords(TypedDict):
    draft: Draft | NewDraft | None
    draft_url: str
    draft_mark: str
    draft_shown: str
    draft_tab: str
    draft_other: Sequence[tuple[str, str]] | None


class DraftPage(Page):
    """The base of pages with `campaigns/_draft.html`; `Desk.words` gives its fields."""

    draft: Draft | NewDraft | None
    """What was typed before, where the page offers it."""
    draft_url: str
    """Where the page's script keeps what is typed."""
    draft_mark: str
    draft_shown: str
    """The mark of the draft with which the form is filled."""
    draft_tab: str
    draft_other: Sequence[tuple[str, str]] | None
    """Label and text of each field that another tab has kept otherwise; None: no other has."""


class Desk:
    """One part of a campaign as one person writes it."""

    def __init__(
        self, campaign: Campaign, part: Part | str, place: str = "", *, url: str = ""
    ) -> None:
        """`url`: where typing is kept, if not at the address of all parts."""
        self._url = url
        self.campaign = campaign
        self.part = part
        self.place = place
        self._other_fields: Sequence[tuple[str, str]] | None = None

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

    def draft(self) -> Draft | None:
        return drafts.find(db.session(), self.campaign, **self._key)

    def taken_up(self) -> "MultiDict[str, str] | None":
        if request.method == "POST" or "draft" not in request.args:
            return None
        draft = self.draft()
        return as_typed(draft.content) if draft else None

    def typed(self) -> dict[str, Any]:
        """Arguments of a form that takes up the draft where the address asks for it."""
        fields = self.taken_up()
        return {} if fields is None else {"formdata": fields}

    def keep(self, form: DeskForm | None = None) -> bool:
        """Keep what the form sent; False where another tab has other text.

        Then nothing is saved, and the page shows the form as it was typed, below the other text.
        """
        if self.keep_fields(typed_fields()):
            return True
        if form is not None and (other := self.draft()):
            self._other_fields = show_other(form, other)
        return False

    def keep_fields(self, fields: dict[str, list[str]]) -> bool:
        based_on = request.form.get("based_on", "")
        return drafts.keep(
            db.session(),
            self.campaign,
            based_on=int(based_on) if based_on.isdecimal() and len(based_on) < 9 else 0,
            content=fields,
            tab=this_tab(),
            **self._key,
        )

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
        if not drafts.keep(
            db.session(), self.campaign, based_on=based_on, content=mine, conflict=True, **self._key
        ):
            form.form_errors.append(
                _(
                    "You have another text to merge with the saved one. Merge it from the overview "
                    "in another tab. Then save here again."
                )
            )
            return None
        self.drop()
        return redirect(self.merge_url(), 303)

    def drop(self) -> bool:
        """Forget the draft, unless another tab has kept other text meanwhile: False."""
        tab = this_tab()
        sent = Tab(tab.name, (*tab.shown, draft_mark(typed_fields())))
        return drafts.drop(db.session(), self.campaign, tab=sent, **self._key)

    def merge_url(self) -> str:
        return self._own_url("merge")

    def _own_url(self, view: str) -> str:
        place = self.place or "-"
        return url_for(f"campaigns.{view}", slug=self.campaign.slug, part=self.part, place=place)

    def words(self) -> DraftWords:
        url = self._url or self._own_url("keep_draft")
        return draft_words(self.draft(), url, self._other_fields)

    @property
    def _key(self) -> dict[str, Any]:
        return {"staff_id": staff_user().id, "part": str(self.part), "place": self.place}


def this_tab() -> Tab:
    """What the tab that sent this form knows of drafts: its own, what it shows or may replace."""
    marks = request.form.getlist(_SHOWN) + request.form.getlist("keep")
    return Tab(request.form.get(TAB, ""), tuple(filter(None, marks)))


def show_other(form: DeskForm, other: Draft | NewDraft) -> Sequence[tuple[str, str]]:
    """Have the form shown as it was typed; return what another tab has kept otherwise."""
    form.show_again(_("Another tab has newer text. It is shown above yours. Nothing is lost."))
    return differing_fields(form, other.content, request.form)


def draft_words(
    draft: Draft | NewDraft | None, url: str, other: Sequence[tuple[str, str]] | None = None
) -> DraftWords:
    mark = draft_mark(draft.content) if draft else ""
    if request.method == "POST":
        offered, shown = None, request.form.get(_SHOWN, "")
        tab = request.form.get(TAB, "")
    else:
        going_on = "draft" in request.args
        offered, shown = None if going_on else draft, mark if going_on else ""
        tab = db.new_public_id()
    return {
        "draft": offered,
        "draft_url": url,
        "draft_mark": mark,
        "draft_shown": shown,
        "draft_tab": tab,
        "draft_other": other,
    }


def kept_answer(is_kept: bool) -> ResponseReturnValue:
    """Answer the page's script: 409 where another tab has newer text."""
    return "", (204 if is_kept else 409)


def dropped_answer(is_dropped: bool, url: str) -> ResponseReturnValue:
    """Go back to the page; where another tab has newer text, that is offered now."""
    if not is_dropped:
        flash(_("Another tab has newer text. Read it before you delete it."), "error")
    return redirect(url, 303)


def typed_fields() -> dict[str, list[str]]:
    return {name: request.form.getlist(name) for name in request.form if name not in _OWN}


def as_typed(fields: dict[str, list[str]]) -> "MultiDict[str, str]":
    return MultiDict((name, value) for name, values in fields.items() for value in values)


def number_seen(form: DeskForm) -> int | None:
    """The revision that the form says its writer saw; None where it says nothing."""
    typed = str(form["based_on"].data) if "based_on" in form else ""
    return int(typed) if typed.isdecimal() and len(typed) < 9 else None


def draft_kept() -> str:
    said: str = _("Draft kept. Only you can see it.")
    return said
