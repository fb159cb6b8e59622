"""The desk's pages on which a bundle is put together: letters, paper, check.

What was chosen is in the address, so that each step can be kept, sent to a colleague or gone back
to, and works without scripts. Nothing is written before **Freeze and print**.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from campaign.bundles import find_bundles
from campaign.bundles.desk.wizard_form import LETTERS, ORDERS, PAPER, WizardForm
from campaign.bundles.destinations import find_destination, slug_of
from campaign.bundles.documents import contents_and_delivery_sheet
from campaign.bundles.find_bundles import PrintProgress
from campaign.bundles.freeze import freeze_bundle, select_letters, signed_sheets
from campaign.bundles.freeze.choices import MOST_IN_A_VOLUME, BundleChoice, LetterOrder, Split
from campaign.bundles.freeze.eligible import CampaignOffer, LeftOut, list_left_out, list_offers
from campaign.bundles.freeze.freeze_bundle import JourneyPart
from campaign.bundles.freeze.paper_needs import (
    Need,
    need_of_cards,
    need_of_letters,
    say_weight,
    sheets_of_cards,
    weigh,
)
from campaign.bundles.nouns import Noun, common_noun, noun_of_campaign, noun_of_format
from campaign.bundles.volumes import print_jobs, proof_print
from campaign.bundles.volumes.proof_print import Proof
from campaign.campaigns.stop_rule import gives_letters
from campaign.core import db, i18n
from campaign.core.db import Json
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import current_settings
from campaign.models.bundle import Bundle, Destination, Journey
from campaign.models.campaign import Campaign
from campaign.models.directory import Official
from campaign.printing.geometry import DIN_5008_B, LAYOUTS
from campaign.staff.desk_access import actor, fresh
from campaign.web.page import Page, pdf_file, redirect_to, show_page

_MOST_OPENED = 3_000
"""Letters whose regions are opened to count volumes, while somebody waits for the page."""


@dataclass(frozen=True)
class BundleDraft:
    mission: Destination
    offers: Sequence[CampaignOffer]
    form: WizardForm
    values: MultiDict[str, str]

    @property
    def ticked(self) -> list[CampaignOffer]:
        return [offer for offer in self.offers if offer.campaign.slug in self.form.campaign.data]

    @cached_property
    def chosen(self) -> list[CampaignOffer]:
        """The campaigns of which letters or sheets travel; those ticked, where none has any."""
        travel = self.form.sheets_travel.data
        return [
            offer
            for offer in self.ticked
            if offer.chosen_parts(self.form.choice_for(offer)) or (travel and offer.on_paper)
        ] or self.ticked

    @cached_property
    def choices(self) -> dict[str, BundleChoice]:
        return {offer.campaign.slug: self.form.choice_for(offer) for offer in self.chosen}

    @property
    def by_post(self) -> bool:
        return isinstance(self.mission, Official)

    @property
    def letters(self) -> int:
        return sum(letters for _offer, _choice, letters in self.iter_counts())

    def iter_counts(self) -> Iterator[tuple[CampaignOffer, BundleChoice, int]]:
        """Yield each campaign that travels, what is chosen of it, and how many letters."""
        for offer in self.chosen:
            choice = self.choices[offer.campaign.slug]
            yield offer, choice, sum(part.letters for part in offer.chosen_parts(choice))

    @property
    def on_paper(self) -> int:
        """People on the sheets that can travel: also of a campaign of which nothing else does."""
        return sum(offer.on_paper for offer in self.ticked)

    @property
    def noun(self) -> Noun:
        return common_noun(noun_of_format(choice.format) for choice in self.choices.values())

    def noun_for(self, campaign: Campaign) -> Noun:
        choice = self.choices.get(campaign.slug)
        return noun_of_format(choice.format) if choice else noun_of_campaign(campaign)

    @property
    def blocked(self) -> list[Campaign]:
        campaigns = [offer.campaign for offer in self.chosen]
        return [campaign for campaign in campaigns if not gives_letters(campaign.status)]

    @property
    def nothing_waits(self) -> bool:
        """Whether no letter of these campaigns waits any more, and no signed sheet is to travel."""
        sheets = self.form.sheets_travel.data and self.on_paper
        return not (sheets or any(offer.letters for offer in self.chosen))

    def state(self, *names: str) -> list[tuple[str, str]]:
        """Return what was chosen so far in these fields (all without names), as it came."""
        fields = [name for name in names or (*LETTERS, *PAPER) if name != "mission"]
        values = [(name, value) for name in fields for value in self.values.getlist(name)]
        return [*values, ("mission", slug_of(self.mission))]

    def decided(self) -> list[tuple[str, str]]:
        """Return all that the check page shows, for the button that freezes.

        What nobody chose is decided here as well: a colleague who freezes first, or a campaign
        that begins to wait, does not change what is frozen by who looks at this page.
        """
        form = self.form
        values = [("mission", slug_of(self.mission)), ("chosen", "1"), ("how", "1")]
        values += [("campaign", offer.campaign.slug) for offer in self.chosen]
        for field in (form.target, form.written, form.cards):
            values += [(field.name, value) for value in field.data or ()]
        for field in (form.order, form.layout, form.volumes, form.size, form.numbers, form.locale):
            values.append((field.name, str(field.data)))
        ticks = [field for field in (form.duplex, form.sheets_travel) if field.data]
        return values + [(field.name, "y") for field in ticks]

    def url(self, endpoint: str) -> str:
        values: Json = MultiDict(self.state()).to_dict(flat=False)
        return url_for(endpoint, **values)  # lists are repeated


class WizardPage(Page):
    draft: BundleDraft
    form: WizardForm


class ChooseLetters(WizardPage, template="bundles/letters.html"): ...


class ChoosePaper(WizardPage, template="bundles/paper.html"): ...


class CheckBundle(WizardPage, template="bundles/create.html"):
    need: Need
    left: Sequence[LeftOut]
    unfinished: Sequence[Bundle]
    weight: str
    orders: Mapping[LetterOrder, object]
    problem: Refused | None


class ShowProofs(WizardPage, template="bundles/proof.html"):
    proofs: Sequence[Proof]
    script_name: Callable[[str], str]


class ShowJourney(Page, template="bundles/joint.html"):
    journey: Journey
    bundles: Sequence[tuple[Bundle, PrintProgress]]
    letters: Mapping[int, int]  # of its files, by the bundle's id
    on_paper: Mapping[int, int]  # people on signed sheets, of each bundle that holds nothing else
    working: bool
    has_sheet: bool  # whether one sheet can be had that is signed at the gate for all


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/new", "create", create, methods=["GET", "POST"])
    blueprint.add_url_rule("/new/letters", "choose_letters", choose_letters)
    blueprint.add_url_rule("/new/paper", "choose_paper", choose_paper)
    blueprint.add_url_rule("/new/proof", "proof", proof)
    blueprint.add_url_rule("/new/proof", "print_proof", print_proof, methods=["POST"])
    blueprint.add_url_rule("/journeys/<public_id>", "show_journey", show_journey)
    blueprint.add_url_rule(
        "/journeys/<public_id>/delivery-sheet.pdf", "joint_delivery_sheet", show_joint_sheet
    )


def choose_letters() -> ResponseReturnValue:
    draft = _read_draft()
    return show_page(ChooseLetters(draft=draft, form=draft.form))


def choose_paper() -> ResponseReturnValue:
    draft = _read_draft()
    return show_page(_wrong_step(draft, LETTERS) or ChoosePaper(draft=draft, form=draft.form))


def create() -> ResponseReturnValue:
    draft = _read_draft()
    if request.method == "GET":
        return show_page(_wrong_step(draft, (*LETTERS, *PAPER)) or _check_page(draft))
    if draft.nothing_waits:  # a colleague froze it meanwhile
        return show_page(_check_page(draft), 409)
    if not draft.form.validate():
        return show_page(_wrong_step(draft, (*LETTERS, *PAPER)) or _check_page(draft))
    session, settings = db.session(), current_settings()
    try:
        bundles = freeze_bundle.freeze_parts(
            session,
            _parts(draft),
            mission=draft.mission,
            settings=settings,
            locale=draft.form.locale.data,
            actor=actor(),
        )
    except Refused as problem:
        return show_page(_check_page(draft, problem), problem.status)
    for bundle in bundles:
        print_jobs.send_for(session, bundle)
    if journey := bundles[0].journey:
        return redirect_to("bundles.show_journey", public_id=journey.public_id)
    return redirect_to("bundles.show", public_id=bundles[0].public_id)


def proof() -> ResponseReturnValue:
    """A few letters to look at before freezing: the first ones and the odd ones."""
    draft = _read_draft()
    if wrong_step := _wrong_step(draft, (*LETTERS, *PAPER)):
        return show_page(wrong_step)
    proofs = [_pick_proof(draft, part) for part in _parts(draft)]
    script_name = partial(proof_print.script_name, locale=i18n.locale())
    page = ShowProofs(draft=draft, form=draft.form, proofs=proofs, script_name=script_name)
    return show_page(page)


@fresh()
def print_proof() -> ResponseReturnValue:
    """Those letters of one campaign as a PDF, each marked as a proof.

    It holds people's letters, as a bundle does: who wants it proves again who they are.
    """
    draft = _read_draft()
    slug = request.form.get("of", "")
    part = next((part for part in _parts(draft) if part.campaign.slug == slug), None)
    if part is None or not draft.form.validate():
        raise NotFound("campaign", slug=slug)
    pdf = proof_print.print_proof(db.session(), _pick_proof(draft, part), actor=actor())
    return pdf_file(pdf, f"proof-{slug}.pdf", inline=True)


def show_journey(public_id: str) -> ResponseReturnValue:
    session = db.session()
    journey = freeze_bundle.get_journey(session, public_id)
    progress = find_bundles.progress_of_all(session, journey.bundles, db.utcnow())
    return show_page(
        ShowJourney(
            journey=journey,
            bundles=[(bundle, progress[bundle.id]) for bundle in journey.bundles],
            letters=find_bundles.count_letters(session, journey.bundles),
            on_paper={
                bundle.id: signed_sheets.count_carried(session, bundle.id)
                for bundle in journey.bundles
                if not bundle.letter_count
            },
            working=any(bundle.state in find_bundles.UNFINISHED for bundle in journey.bundles),
            has_sheet=contents_and_delivery_sheet.has_joint_sheet(journey),
        )
    )


def show_joint_sheet(public_id: str) -> ResponseReturnValue:
    session = db.session()
    journey = freeze_bundle.get_journey(session, public_id)
    pdf = contents_and_delivery_sheet.make_joint_sheet(session, journey)
    return Response(pdf, mimetype="application/pdf")


def _read_draft() -> BundleDraft:
    session, settings = db.session(), current_settings()
    values = request.form if request.method == "POST" else request.args
    mission = find_destination(session, values.get("mission", ""))
    named = values.getlist("campaign")
    for slug in named:
        find_bundles.get_pair(session, campaign=slug, mission=slug_of(mission))
    offers = list_offers(session, mission, named=named)
    form = WizardForm.of(
        values,
        mission,
        offers,
        locales=settings.locales,
        size=settings.volume_letters,
        home=settings.organisation_country,
    )
    return BundleDraft(mission, offers, form, values)


def _wrong_step(draft: BundleDraft, names: Sequence[str]) -> WizardPage | None:
    """Return the step on which one of these fields has to be corrected."""
    if draft.form.validate():
        return None
    wrong = {name for name in names if name in draft.form.errors}
    if not wrong:
        return None
    step = ChooseLetters if wrong & set(LETTERS) else ChoosePaper
    return step(draft=draft, form=draft.form)


def _parts(draft: BundleDraft) -> list[JourneyPart]:
    sheets = draft.form.sheets_travel.data
    return [
        JourneyPart(
            offer.campaign, draft.choices[offer.campaign.slug], offer.on_paper if sheets else 0
        )
        for offer in draft.chosen
    ]


def _pick_proof(draft: BundleDraft, part: JourneyPart) -> Proof:
    return proof_print.make_proof(
        db.session(),
        part,
        mission=draft.mission,
        settings=current_settings(),
        locale=draft.form.locale.data,
    )


def _check_page(draft: BundleDraft, problem: Refused | None = None) -> CheckBundle:
    session = db.session()
    earlier = [
        find_bundles.find_bundle(session, campaign=offer.campaign, mission=draft.mission)
        for offer in draft.chosen
    ]
    return CheckBundle(
        draft=draft,
        form=draft.form,
        need=_need(draft),
        left=list_left_out(
            session,
            draft.mission,
            draft.offers,
            draft.choices,
            sheets_travel=draft.form.sheets_travel.data,
        ),
        unfinished=[bundle for bundle in earlier if bundle is not None],
        weight=_weight(draft),
        orders=ORDERS,
        problem=problem,
    )


def _weight(draft: BundleDraft) -> str:
    """About what the letters weigh that go to the post, a page each."""
    paper, grams = LAYOUTS.get(draft.form.layout.data, DIN_5008_B).paper, 0
    for _offer, choice, letters in draft.iter_counts():
        card = noun_of_format(choice.format) is Noun.CARD
        grams += weigh(sheets_of_cards(letters) if card else letters, paper, card=card)
    return say_weight(grams, i18n.locale())


def _need(draft: BundleDraft) -> Need:
    session, form, need = db.session(), draft.form, Need()
    for offer, choice, letters in draft.iter_counts():
        groups: list[int] | None = [letters]
        if choice.split is Split.REGION:
            groups = None
            if draft.letters <= _MOST_OPENED:
                groups = select_letters.count_groups(
                    session, offer.campaign.id, draft.mission, choice, form.locale.data
                )
        size = choice.volume_letters or MOST_IN_A_VOLUME
        if noun_of_format(choice.format) is Noun.CARD:
            need += need_of_cards(letters, groups, size)
            continue
        into, parts = offer.campaign.translation_locale, offer.chosen_parts(choice)
        translated = sum(part.letters for part in parts if into and part.locale != into)
        need += need_of_letters(translated, letters, groups, size)
    return need
