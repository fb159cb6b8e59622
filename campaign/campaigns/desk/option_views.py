"""The desk's pages of what supporters may do with the letter, and who may show the form."""

from collections.abc import Sequence

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField

from campaign.campaigns.content import options
from campaign.campaigns.content.options import LONGEST_WORD, MOST_WORDS
from campaign.campaigns.content.part_contents import Content, options_content
from campaign.campaigns.desk.blueprint import blueprint, done, load
from campaign.campaigns.desk.forms import CampaignForm
from campaign.campaigns.desk.save_with_draft import Desk, DraftPage, draft_kept, number_seen
from campaign.core import db, i18n
from campaign.core.settings import current_settings
from campaign.core.text.desk_texts import one_line
from campaign.models.campaign import Campaign
from campaign.models.revision import Part
from campaign.staff.desk_access import actor
from campaign.web.edit_conflict import EditConflictForm
from campaign.web.form_fields import TextField
from campaign.web.page import accepted, show_page


class LetterOptionsForm(CampaignForm):
    based_on = HiddenField()
    forbidden_words = TextField(
        _l("Words not allowed in a letter"),
        limit=MOST_WORDS * (LONGEST_WORD + 1),
        description=_l(
            "One word or phrase per line. The form refuses a letter that contains one, and "
            "says which. Only whole words count; capitals and accents make no difference. "
            "Anyone can try out names in the form. Enter witnesses, relatives and places on "
            "the Risks page instead."
        ),
    )
    full_text_edit = BooleanField(
        _l("Supporters may rewrite the whole letter"),
        description=_l(
            "From salutation to close. Required points must still be recognizable. This is "
            "not possible for cards, or if letters differ between officials, or if a text "
            "quotes the supporter’s name."
        ),
    )
    print_translation = BooleanField(
        _l("Print the letter with its translation"),
        description=_l(
            "If a letter is not in the officials’ language, a page in their language "
            "follows it. Own words are printed as they are. A rewritten letter has no "
            "translation."
        ),
    )

    def options(self) -> Content:
        words = filter(None, map(one_line, (self.forbidden_words.data or "").splitlines()))
        return {
            "forbidden_words": list(dict.fromkeys(words)),
            "full_text_edit": bool(self.full_text_edit.data),
            "print_translation": bool(self.print_translation.data),
        }


class LetterOptions(DraftPage, template="campaigns/letter_options.html"):
    campaign: Campaign
    form: LetterOptionsForm


@blueprint.route("/<slug>/letter-options", methods=["GET", "POST"])
def edit_options(slug: str) -> ResponseReturnValue:
    session, campaign = db.session(), load(slug)
    desk = Desk(campaign, Part.OPTIONS)
    form = LetterOptionsForm(data=_data(campaign, desk.seen), **desk.typed())
    if "keep" in request.form and desk.keep(form):
        return done(draft_kept(), ".edit_options", slug=slug)
    saving = form.options() | {"actor": actor(), "based_on": number_seen(form)}
    answer = form.validate_on_submit() and desk.save(
        form,
        form.options,
        lambda: options.set_letter_options(session, campaign, **saving),
        lambda: done(_("Letter options saved."), ".edit_options", slug=slug),
    )
    return answer or show_page(LetterOptions(campaign=campaign, form=form, **desk.words()))


def _data(campaign: Campaign, seen: int) -> Content:
    words = "\n".join(campaign.forbidden_words)
    return options_content(campaign) | {"based_on": seen, "forbidden_words": words}


class ReachForm(EditConflictForm, CampaignForm):
    hosts = TextField(
        _l("Partners’ sites"),
        limit=3000,
        description=_l(
            "One per line, for example example.org. Only these sites can show the form. Add "
            "www.example.org too if the site uses it."
        ),
    )


class Reach(DraftPage, template="campaigns/embedding.html"):
    campaign: Campaign
    form: ReachForm
    site: str
    site_languages: Sequence[str]


@blueprint.route("/<slug>/reach", methods=["GET", "POST"])
def edit_reach(slug: str) -> ResponseReturnValue:
    campaign = load(slug)
    desk = Desk(campaign, "reach")
    now = {"hosts": "\n".join(desk.held().embed_hosts)}
    form = ReachForm(data=now, **desk.typed())
    form.mark_seen(now)
    if "keep" in request.form and desk.keep(form):
        return done(draft_kept(), ".edit_reach", slug=slug)

    def save() -> None:
        hosts = (form.hosts.data or "").splitlines()
        options.set_embed_hosts(db.session(), campaign, actor=actor(), hosts=hosts)

    if form.validate_on_submit() and form.is_current(now) and accepted(form, save):
        desk.drop()
        return done(_("Sites saved."), ".edit_reach", slug=slug)
    site, codes = current_settings().base_url.rstrip("/"), i18n.languages()
    page = Reach(campaign=campaign, form=form, site=site, site_languages=codes, **desk.words())
    return show_page(page)
