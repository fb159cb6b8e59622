"""The desk's pages of updates, and of public words that a second person approves."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, cast

from flask import Response, get_template_attribute, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from campaign.campaigns import approve_proposal, proposals, status_changes
from campaign.campaigns.approve_proposal import ProposedUpdate
from campaign.campaigns.content import drafts, pictures, updates
from campaign.campaigns.content.risks import Finding
from campaign.campaigns.content.updates import WRITTEN_BY_HAND, Telling
from campaign.campaigns.desk.blueprint import blueprint, done, languages_of, load
from campaign.campaigns.desk.forms import CampaignForm
from campaign.campaigns.desk.labels import KINDS, stops_of
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage, TakenUp, as_typed
from campaign.campaigns.desk.update_form import UpdateForm, make_update_form
from campaign.core import audit, db, i18n
from campaign.core.errors import NotFound, Refused
from campaign.models.campaign import Campaign, CampaignStatus, Update, UpdateKind
from campaign.models.notice import Notice
from campaign.models.revision import Proposal, ProposalKind, ProposalState
from campaign.staff.desk_access import actor, name_staff, name_who_and_when, staff_user
from campaign.web.form_fields import TextField
from campaign.web.meant_field import MeantField, read_answers
from campaign.web.page import Page, accepted, redirect_to, show_page
from campaign.web.security import MAX_BODY_BYTES

blueprint.add_app_template_global(proposals.needs_approval, "needs_approval")


_UNTOLD = _l(
    "Nothing was published, because this update asks for an email that can no longer be sent. "
    "Return it with a note, so that its author can send it again without that email."
)


class ProposalForm(CampaignForm):
    sentences: Mapping[str, object] = {
        **CampaignForm.sentences,
        **dict.fromkeys(
            ("no-emails-after-stop", "not-for-signers", "not-for-the-network"), _UNTOLD
        ),
    }
    note = TextField(
        _l("What should change"), limit=1000, description=_l("It is shown only in the workspace.")
    )
    risks_seen = MeantField(_l("Continue anyway"))
    deadline = HiddenField()  # as the page showed it


class ProposedOutcome(NamedTuple):
    locale: str
    text: str
    is_new: bool


class DecideProposal(Page, template="campaigns/proposal.html"):
    campaign: Campaign
    form: ProposalForm
    proposal: Proposal
    waiting: Sequence[Proposal]
    """What was proposed since, where this one was replaced."""
    may: bool
    own: bool
    risks: Sequence[Finding]
    update: ProposedUpdate | None
    kind: object
    told: Telling
    """Who is mailed the update."""
    untold: Mapping[str, str]
    """Why somebody whom its author asks for cannot be mailed any more."""
    emailed: Notice | None
    """The email about what it corrects, or about an outcome before it."""
    outcomes: Sequence[ProposedOutcome]
    reasons: Mapping[str, str]
    stop_kind: str
    """Why it was stopped, where that changes as well."""
    extended: str
    """Of a closing, that the deadline was moved since it was proposed."""


@blueprint.route("/<slug>/proposals/<public_id>", methods=["GET", "POST"])
def decide_proposal(slug: str, public_id: str) -> ResponseReturnValue:
    campaign, user = load(slug), staff_user()
    proposal = proposals.get_proposal(db.session(), campaign, public_id)
    form, decision = ProposalForm(), request.form.get("decision", "")
    if not form.is_submitted():
        form.deadline.data = campaign.act_by.isoformat() if campaign.act_by else ""
    if form.validate_on_submit():
        update = _find_update(proposal)
        if _decide(form, proposal, decision):
            message = _say_decided(decision, proposal, update)
            if decision == "withdraw":
                return done(message, ".decide_proposal", slug=slug, public_id=public_id)
            return done(message, ".show", slug=slug)
    content, kind, update = proposals.content_of(proposal), proposal.kind, _find_update(proposal)
    is_update, is_outcome = kind is ProposalKind.UPDATE, kind is ProposalKind.OUTCOME
    stop_kind = proposals.stop_kind_in(content)
    page = DecideProposal(
        campaign=campaign,
        form=form,
        proposal=proposal,
        waiting=proposals.list_newer(db.session(), proposal, user),
        may=proposals.may_decide(proposal, user),
        own=proposal.made_by_id == user.id,
        risks=approve_proposal.risks_in(proposal),
        update=update,
        kind=KINDS[update["kind"]] if update else "",
        told=updates.who_is_told(campaign, update["kind"], update["telling"])
        if update
        else updates.NOBODY,
        untold=updates.list_untold(campaign, update["kind"], update["telling"]) if update else {},
        emailed=updates.find_emailed(
            db.session(), campaign, update["kind"], update["telling"].corrects
        )
        if update
        else None,
        outcomes=_list_outcomes(campaign, content) if content and is_outcome else [],
        reasons={} if is_update or is_outcome else proposals.reasons_in(content),
        stop_kind=str(stops_of(campaign)[stop_kind.value]) if stop_kind else "",
        extended=_say_extended(proposal) if kind is ProposalKind.CLOSE else "",
    )
    return show_page(page)


def _find_update(proposal: Proposal) -> ProposedUpdate | None:
    """Find what is proposed, while something can come of it."""
    content = proposals.content_of(proposal)
    is_update = proposal.kind is ProposalKind.UPDATE
    return approve_proposal.update_of(content) if content and is_update else None


def _say_extended(proposal: Proposal) -> str:
    campaign = proposal.campaign
    entry = status_changes.find_extension(db.session(), campaign, proposal.created_at)
    if entry is None or campaign.act_by is None or proposal.state is not ProposalState.PENDING:
        return ""
    facts = {
        "when": i18n.say_moment_in_zone(entry.at, campaign.timezone),
        "day": i18n.say_date(campaign.act_by),
    }
    if who := name_staff(audit.staff_id(entry.actor)):
        return _("%(who)s extended the deadline to %(day)s on %(when)s.", who=who, **facts)
    return _("The deadline was extended to %(day)s on %(when)s.", **facts)


@blueprint.get("/<slug>/proposals/<public_id>/picture")
def show_proposed_picture(slug: str, public_id: str) -> ResponseReturnValue:
    proposal = proposals.get_proposal(db.session(), load(slug), public_id)
    if not proposal.picture:
        raise NotFound("picture")
    return Response(pictures.read(proposal.picture), mimetype="image/jpeg")


def find_returned(campaign: Campaign, *, may_be_gone: bool = False) -> Proposal | None:
    """Return the reader's own proposal that the address asks to write again.

    Raises NotFound; where one `may_be_gone`, None stands for what was approved or replaced since.
    """
    public_id = request.args.get("proposal")
    if not public_id:
        return None
    proposal = proposals.get_proposal(db.session(), campaign, public_id)
    is_kept = proposals.is_kept(proposal)
    if proposal.made_by_id != staff_user().id or not (is_kept or may_be_gone):
        raise NotFound("proposal")
    return proposal if is_kept else None


def _list_outcomes(campaign: Campaign, content: Mapping[str, str]) -> list[ProposedOutcome]:
    """The text of each language as it will stand, those that stay as they are besides."""
    texts = {edition.locale: edition.outcome for edition in campaign.editions} | dict(content)
    return [
        ProposedOutcome(code, texts[code], code in content)
        for code in languages_of(campaign)
        if code in content or texts.get(code)
    ]


def _decide(form: ProposalForm, proposal: Proposal, decision: str) -> bool:
    is_done = form.does(lambda: _act(form, proposal, decision))
    if not is_done:
        # What was begun is undone, so that the page shows what is so now.
        db.session().rollback()
    return is_done


def _act(form: ProposalForm, proposal: Proposal, decision: str) -> None:
    session, by = db.session(), staff_user()
    if decision == "approve":
        if proposal.kind is ProposalKind.CLOSE:
            _refuse_moved_deadline(form, proposal.campaign)
        seen = read_answers()
        approve_proposal.approve(session, proposal, by=by, now=db.utcnow(), risks_seen=seen)
    elif decision == "withdraw":
        proposals.recall_proposal(session, proposal, by=by)
    elif decision == "delete":
        proposals.delete_proposal(session, proposal, by=by)
    else:
        proposals.return_proposal(session, proposal, by=by, why=form.note.data or "")


def _refuse_moved_deadline(form: ProposalForm, campaign: Campaign) -> None:
    """Refuse to close what was extended since its page was opened: it says so now."""
    db.session().refresh(campaign, with_for_update={"key_share": True})
    shown = form.deadline.data
    form.deadline.data = campaign.act_by.isoformat() if campaign.act_by else ""
    if shown not in {None, form.deadline.data}:
        raise Refused("deadline-moved")


def _say_decided(decision: str, proposal: Proposal, update: ProposedUpdate | None) -> str:
    if decision == "approve":
        message = _("Text approved and published.")
        if update is None:
            return message
        return f"{message} {_say_emails(proposal.campaign, update['kind'], update['telling'])}"
    if decision == "delete":
        return _("Unpublished update deleted.") if proposal.is_unpublished else _("Text deleted.")
    if decision == "withdraw":
        return _("Request recalled. Nothing was published. You can edit the text or delete it.")
    return _("Text returned. Its author will get an email.")


def _say_emails(campaign: Campaign, kind: UpdateKind, asked: Telling) -> str:
    """Say who is emailed an update that is published now."""
    say = get_template_attribute("campaigns/_emails.html", "sentence")
    return str(say(campaign, kind, updates.who_is_told(campaign, kind, asked)))


class PostedUpdate(NamedTuple):
    update: Update
    kind: object
    titles: dict[str, str]
    is_ours: bool


class PostUpdate(DraftPage, template="campaigns/post_update.html"):
    campaign: Campaign
    form: UpdateForm
    locales: Sequence[str]
    posted: Sequence[PostedUpdate]
    preview: Sequence[tuple[str, str, str]]
    told: Telling
    """Who is mailed what the preview shows."""
    emailed: Notice | None
    """The email about what it corrects, or about an outcome before it."""
    again: Proposal | None
    waiting: Sequence[Proposal]
    """Updates that need approval, or that the reader can write again, besides that one."""
    colleagues: Sequence[tuple[str, str]]
    """Of updates that others write or unpublished: the title where it was public; who, when."""


@blueprint.route("/<slug>/updates", methods=["GET", "POST"])
def post_update(slug: str) -> ResponseReturnValue:
    campaign = load(slug)
    locales = languages_of(campaign)
    is_sent = request.method == "POST"
    again = find_returned(campaign, may_be_gone=True)
    own = {"proposal": again.public_id} if again else {}
    place = "" if is_sent else request.args.get("proposal", "")
    desk = Desk(campaign, proposals.UPDATE, own.get("proposal", place))
    if place and again is None and desk.draft() is None:
        return redirect_to(".post_update", slug=slug)
    wanted = request.args.get("kind", "")
    asked = {"kind": wanted} if wanted in set(WRITTEN_BY_HAND) else {}
    form = make_update_form(campaign, data=asked, **desk.typed() or _typed_again(again))
    if kept := desk.kept(form, **own):
        return kept
    if is_sent and again is None and "proposal" in request.args:
        form.show_again(
            _(
                "Nothing was published, because this text was published, approved or deleted "
                "after you opened the page. To publish it as another update, send it again."
            )
        )
    if is_sent and (sentence := _say_posted_since(campaign, form)):
        form.show_again(sentence)
    form.newest.data = str(max((update.id for update in campaign.updates), default=0))
    is_valid = form.validate_on_submit()
    looked = is_valid and "look" in request.form
    if is_valid and not looked and accepted(form, lambda: _post(form, campaign, locales, again)):
        desk.drop()
        if proposals.needs_approval(campaign):
            message = _("Update sent for approval. It is published when someone else approves it.")
            return done(message, ".post_update", slug=slug)
        return _say_published(campaign, form)
    page = PostUpdate(
        campaign=campaign,
        form=form,
        locales=locales,
        posted=_list_posted(campaign),
        preview=[(code, *words) for code, words in form.words(locales).items() if words[0]]
        if looked
        else (),
        told=updates.who_is_told(campaign, UpdateKind(form.kind.data), _telling(form, again))
        if looked
        else updates.NOBODY,
        emailed=updates.find_emailed(
            db.session(), campaign, form.kind.data, _find_corrected(again)
        ),
        again=again,
        waiting=[
            proposal
            for proposal in proposals.list_waiting(db.session(), campaign, staff_user())
            if proposal.kind is ProposalKind.UPDATE and proposal is not again
        ],
        colleagues=_list_of_colleagues(campaign),
        drafting=desk,
    )
    return show_page(page)


def _say_published(campaign: Campaign, form: UpdateForm) -> ResponseReturnValue:
    kind, slug = UpdateKind(form.kind.data), campaign.slug
    emails = _say_emails(campaign, kind, _telling(form, None))
    if kind is UpdateKind.OUTCOME and campaign.status is CampaignStatus.OPEN:
        message = _("Update published. If the campaign ends with it, close it here.")
        closed = CampaignStatus.CLOSED.value
        return done(f"{message} {emails}", ".change_status", slug=slug, to=closed)
    # That of an outcome names linked actions that are still open.
    shown = {"kind": kind.value} if kind is UpdateKind.OUTCOME else {}
    return done(f"{_('Update published.')} {emails}", ".post_update", slug=slug, **shown)


def _say_posted_since(campaign: Campaign, form: UpdateForm) -> str:
    """Say what was published since the page was opened: twice the same is emailed twice."""
    session, seen = db.session(), form.newest.data or ""
    newer = [
        update
        for update in campaign.updates
        if seen.isdecimal() and update.id > int(seen) and update.kind in WRITTEN_BY_HAND
    ]
    entry = audit.find_last(session, f"campaign:{campaign.id}", "campaign.update")
    if not newer or entry is None:
        return ""
    titles = {edition.locale: edition.title for edition in newer[-1].editions}
    return _(
        "Nothing was published, because “%(title)s” was published after you opened the page "
        "(%(who_and_when)s). If yours is another update, send it again.",
        title=i18n.words_in(titles, i18n.locale(), campaign.default_locale),
        who_and_when=name_who_and_when(audit.staff_id(entry.actor), entry.at, campaign.timezone),
    )


@blueprint.post("/<slug>/updates/take-back")
def take_back_update(slug: str) -> ResponseReturnValue:
    """Take a post off the public page; all of it goes back into the form, to be mended."""
    campaign, session = load(slug), db.session()
    update_id = request.form.get("update", 0, type=int)
    seen = request.form.get("published_at", type=datetime.fromisoformat)
    try:
        kept = proposals.unpublish_update(
            session, campaign, update_id, by=staff_user(), published_at=seen
        )
    except Refused as problem:
        if problem.slug != "update-taken-back":
            raise
        sentence = say_unpublished(cast("int | None", problem.data["staff_id"]))
        return redirect_to(".post_update", sentence, "error", slug=slug)
    message = _(
        "Update unpublished. All of it is in the form, so that you can correct it. "
        "Until you publish it again or delete it, you also find it on the overview."
    )
    return done(message, ".post_update", slug=slug, proposal=kept.public_id)


def say_unpublished(staff_id: int | None) -> str:
    """Say that somebody was quicker, and who, where that is known."""
    if who := name_staff(staff_id):
        return _("Nothing was changed. %(who)s has already unpublished this.", who=who)
    return _("Nothing was changed. This is already unpublished.")


def _list_posted(campaign: Campaign) -> list[PostedUpdate]:
    elsewhere = updates.made_elsewhere(db.session(), campaign)
    return [
        PostedUpdate(
            update,
            KINDS[update.kind],
            {edition.locale: edition.title for edition in update.editions},
            update.id not in elsewhere,
        )
        for update in reversed(campaign.updates)
    ]


def _list_of_colleagues(campaign: Campaign) -> list[tuple[str, str]]:
    session, by, zone = db.session(), staff_user(), campaign.timezone
    unpublished = [
        (_title_of(proposal), name_who_and_when(proposal.made_by_id, proposal.created_at, zone))
        for proposal in proposals.list_unpublished_by_others(session, campaign, by)
    ]
    drafts_of = drafts.list_colleagues(session, campaign, part=proposals.UPDATE, staff_id=by.id)
    return unpublished + [
        ("", name_who_and_when(staff_id, saved_at, zone)) for staff_id, saved_at in drafts_of
    ]


def _title_of(proposal: Proposal) -> str:
    words = proposals.content_of(proposal)["words"]
    titles = {code: title for code, (title, _body) in words.items()}
    return i18n.words_in(titles, i18n.locale(), proposal.campaign.default_locale)


def _typed_again(proposal: Proposal | None) -> TakenUp:
    """A proposed or unpublished post as its form would send it."""
    if proposal is None or request.method == "POST":
        return {}
    content = proposals.content_of(proposal)
    fields = {"kind": [content["kind"]], "happened_on": [content["happened_on"]]}
    fields |= {name: ["y"] for name in ("tell_network", "tell_signers") if content[name]}
    for code, (title, body) in content["words"].items():
        fields |= {f"title_{code}": [title], f"body_{code}": [body]}
    for picture in content["pictures"][:1]:
        fields["keep_picture"] = ["y"]
        fields |= {f"alt_{code}": [text] for code, text in picture["alt"].items()}
    return {"formdata": as_typed(fields)}


@blueprint.url_value_preprocessor
def _make_room_for_a_picture(endpoint: str | None, _values: object) -> None:
    """A post may bring a picture; every other form is far smaller."""
    if endpoint == "campaigns.post_update":
        request.max_content_length = pictures.MAX_BYTES + MAX_BODY_BYTES


def _post(
    form: UpdateForm, campaign: Campaign, locales: Sequence[str], again: Proposal | None
) -> None:
    day = cast("date", form.happened_on.data)
    post: updates.NewUpdate = {
        "kind": UpdateKind(form.kind.data),
        "words": form.words(locales),
        "telling": _telling(form, again),
        "pictures": _keep_picture(form, locales, again),
        "risks_seen": read_answers(),
    }
    if proposals.needs_approval(campaign):
        proposals.propose_update(
            db.session(), campaign, by=staff_user(), happened_on=day, replaces=again, **post
        )
    else:
        updates.post_update(db.session(), campaign, actor=actor(), happened_on=day, **post)
        if again is not None:
            proposals.settle_proposal(db.session(), again, by=staff_user())


def _telling(form: UpdateForm, again: Proposal | None) -> Telling:
    return Telling(form.tell_network.data, form.tell_signers.data, _find_corrected(again))


def _find_corrected(again: Proposal | None) -> int | None:
    return proposals.content_of(again).get("corrects") if again else None


def _keep_picture(
    form: UpdateForm, locales: Sequence[str], again: Proposal | None
) -> list[updates.Shown]:
    key = again.picture if again and form.keep_picture.data else ""
    if form.has_picture():
        file = form.picture.data
        key = pictures.keep_redrawn(pictures.redrawn(file.stream, name=file.filename))
    return [updates.Shown(key, form.alts(locales))] if key else []
