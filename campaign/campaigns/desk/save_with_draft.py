"""How the desk's pages of a campaign save: with a draft beside, and nobody overwritten."""

from collections.abc import Callable
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.utils import redirect

from campaign.campaigns.content import drafts, revisions
from campaign.campaigns.content.drafts import TAB, Draft, Tab, draft_mark
from campaign.campaigns.content.new_drafts import NewDraft
from campaign.campaigns.content.part_contents import Content
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign
from campaign.models.revision import Part
from campaign.staff.guards import staff_user
from campaign.web.desk import accepted
from campaign.web.edit_conflict import hold
from campaign.web.fields import DeskForm, differing_fields

_SHOWN = "draft_shown"
_OWN = {"csrf_token", "keep", "more", "move", "preview", "remove", "searched", "then", _SHOWN}


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
        self._other: dict[str, Any] = {}

    def held(self) -> Campaign:
        """The campaign as it stands; while its form is saved nobody else changes it meanwhile."""
        if request.method == "POST":
            hold(db.session(), self.campaign)
        return self.campaign

    @property
    def seen(self) -> int:
        """The revision that is shown, for the form to carry; 0: none."""
        if not isinstance(self.part, Part):
            return 0
        return revisions.newest_number(db.session(), self.campaign, self.part, self.place)

    def draft(self) -> Draft | None:
        """What this person has typed here and not saved."""
        return drafts.find(db.session(), self.campaign, **self._key)

    def taken_up(self) -> "MultiDict[str, str] | None":
        """The draft's fields, where the address asks to go on with it."""
        if request.method == "POST" or "draft" not in request.args:
            return None
        draft = self.draft()
        if draft is None:
            return None
        return as_typed(draft.content)

    def typed(self) -> dict[str, Any]:
        """Arguments of a form that takes up the draft where the address asks for it."""
        fields = self.taken_up()
        return {} if fields is None else {"formdata": fields}

    def keep(self, form: DeskForm | None = None) -> bool:
        """Keep what the form sent; False, and said on the form, where another tab has other text.

        Then nothing is saved, and the page shows the form as it was typed, below the other text.
        """
        if self.keep_fields(typed_fields()):
            return True
        if form is not None and (other := self.draft()):
            self._other = show_again(form, other.content)
        return False

    def keep_fields(self, fields: dict[str, list[str]]) -> bool:
        """Keep these fields as this person's draft; False where another tab has other text."""
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
        self, form: DeskForm, mine: Callable[[], Content], action: Callable[[], object]
    ) -> ResponseReturnValue | bool:
        """Do `action` and forget the draft; False where the form's fields say why it was not done.

        Where somebody saved in between, what was typed (`mine`) is kept, and the answer leads to
        the page on which the two are brought together.
        """
        try:
            if not accepted(form, action):
                return False
        except Refused as problem:
            if problem.slug != revisions.CHANGED:
                raise
            return self.meet(form, mine(), form_number(form))
        self.drop()
        return True

    def meet(self, form: DeskForm, mine: Content, based_on: int) -> ResponseReturnValue | bool:
        """Keep a text that came too late, and go to the page on which the two are merged.

        False, and said on the form, where another text of this person waits to be merged there.
        """
        if not drafts.keep(
            db.session(), self.campaign, based_on=based_on, content=mine, conflict=True, **self._key
        ):
            form.form_errors.append(
                _(
                    "Another text of yours waits to be merged with the saved one. "
                    "Open the overview in another tab, merge it there, and save here again."
                )
            )
            return False
        self.drop()
        return redirect(self.merge_url(), 303)

    def drop(self) -> bool:
        """Forget the draft: it is saved. What another tab has kept meanwhile stays, with False."""
        return drafts.drop(db.session(), self.campaign, tab=this_tab(), **self._key)

    def merge_url(self) -> str:
        """The page on which this person's text and the saved one are brought together."""
        return url_for(
            "campaigns.merge", slug=self.campaign.slug, part=self.part, place=self.place or "-"
        )

    def words(self) -> dict[str, Any]:
        """What the templates need: where typing is kept, and what was kept before."""
        return {
            **draft_words(self.draft()),
            **self._other,
            "draft_url": self._url
            or url_for(
                "campaigns.keep_draft",
                slug=self.campaign.slug,
                part=self.part,
                place=self.place or "-",
            ),
        }

    @property
    def _key(self) -> dict[str, Any]:
        return {"staff_id": staff_user().id, "part": str(self.part), "place": self.place}


def this_tab() -> Tab:
    """What the tab that sent this form knows of drafts: its own, what it shows or may replace."""
    marks = request.form.getlist(_SHOWN) + request.form.getlist("keep")
    return Tab(request.form.get(TAB, ""), tuple(filter(None, marks)))


def show_again(form: DeskForm, content: dict[str, Any]) -> dict[str, Any]:
    """Have the form shown as it was typed; gives what the templates show of the other draft."""
    form.show_again(_("Another tab has newer text. It stands above yours, and nothing is lost."))
    return {
        "draft_other": differing_fields(form, content, request.form),
        "draft_mark": draft_mark(content),
    }


def draft_words(found: Draft | NewDraft | None) -> dict[str, Any]:
    """What the templates need of a draft that is kept, and of the tab that shows the form."""
    if request.method == "POST":
        shown = request.form.get(_SHOWN, "")
        return {"draft": None, "draft_shown": shown, "draft_tab": request.form.get(TAB, "")}
    mark = draft_mark(found.content) if found else ""
    going_on = "draft" in request.args
    return {
        "draft": None if going_on else found,
        "draft_mark": mark,
        "draft_shown": mark if going_on else "",
        "draft_tab": db.new_public_id(),
    }


def kept_answer(is_kept: bool) -> ResponseReturnValue:
    """Answer the page's script: 409 where another tab has newer text."""
    return "", (204 if is_kept else 409)


def dropped_answer(is_dropped: bool, url: str) -> ResponseReturnValue:
    """Go back to the page; where another tab has newer text, that is offered now."""
    if not is_dropped:
        flash(_("Another tab has newer text. Look at it before you throw it away."), "error")
    return redirect(url, 303)


def typed_fields() -> dict[str, list[str]]:
    """What the form sent, as drafts keep it."""
    return {name: request.form.getlist(name) for name in request.form if name not in _OWN}


def as_typed(fields: dict[str, list[str]]) -> "MultiDict[str, str]":
    """What drafts keep, as a form takes it."""
    return MultiDict((name, one) for name, all_ in fields.items() for one in all_)


def form_number(form: DeskForm) -> int:
    """The revision that the form says its writer saw; 0: none."""
    return number_seen(form) or 0


def number_seen(form: DeskForm) -> int | None:
    """The revision that the form says its writer saw; None where it says nothing."""
    typed = str(form["based_on"].data) if "based_on" in form else ""
    return int(typed) if typed.isdecimal() and len(typed) < 9 else None


def draft_kept() -> str:
    """What is said once a draft was kept by its button."""
    said: str = _("The draft is kept. Only you see it.")
    return said
