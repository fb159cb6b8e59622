"""The desk's pages on which a bundle is put together: letters, paper, check.

The state stands in the address, so that each step can be kept, sent to a colleague or gone back
to, and works without scripts. Nothing is written before **Freeze and print**.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from campaign.bundles import find_bundles, joint_freeze
from campaign.bundles.desk.wizard_form import LETTERS, ORDERS, PAPER, WizardForm
from campaign.bundles.destinations import find_destination, slug_of
from campaign.bundles.documents.number_and_day_words import say_number
from campaign.bundles.freeze import select_letters
from campaign.bundles.freeze.choices import MOST_IN_A_VOLUME, Split
from campaign.bundles.freeze.eligible import IN_LETTERS, Offer, list_left, list_offers
from campaign.bundles.freeze.paper_needs import Need, need_of_cards, need_of_letters
from campaign.bundles.joint_freeze import Part
from campaign.bundles.postage import say_weight, weigh
from campaign.bundles.volumes import print_jobs, proof_print
from campaign.campaigns.stop_rule import gives_letters
from campaign.core import db, i18n
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import current_settings
from campaign.models.bundle import Bundle, Destination
from campaign.models.campaign import LetterFormat
from campaign.models.directory import Official
from campaign.printing.geometry import CARDS_A_SHEET, DIN_5008_B, LAYOUTS
from campaign.signing.letter import letter_translations
from campaign.staff.guards import actor, fresh, staff_user
from campaign.web.desk import render_page

_MOST_OPENED = 3_000
"""Letters whose regions are opened to count volumes, while somebody waits for the page."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being put together."""

    mission: Destination
    offers: list[Offer]
    form: WizardForm
    values: MultiDict[str, str]

    @property
    def chosen(self) -> list[Offer]:
        """The campaigns of which letters or sheets travel; those named, where none has any."""
        named = [one for one in self.offers if one.campaign.slug in self.form.campaign.data]
        travel = self.form.sheets_travel.data
        return [
            one
            for one in named
            if one.taken(self.form.choice_for(one)) or (travel and one.on_paper)
        ] or named

    @property
    def letters(self) -> int:
        """How many letters travel."""
        return sum(
            part.letters
            for offer in self.chosen
            for part in offer.taken(self.form.choice_for(offer))
        )

    @property
    def nothing_waits(self) -> bool:
        """Whether no letter of these campaigns waits any more, and no signed sheet is to travel."""
        sheets = self.form.sheets_travel.data and any(one.on_paper for one in self.chosen)
        return not (sheets or any(one.letters for one in self.chosen))

    def state(self, *names: str) -> list[tuple[str, str]]:
        """What was chosen so far in these fields (all without names), as it came."""
        wanted = names or ("mission", *LETTERS, *PAPER)
        found = [(name, one) for name in wanted for one in self.values.getlist(name)]
        return [(name, one) for name, one in found if name != "mission"] + [
            ("mission", slug_of(self.mission))
        ]

    def decided(self) -> list[tuple[str, str]]:
        """All that the check page shows, for the button that freezes.

        What nobody chose is decided here as well: a colleague who freezes first, or a campaign
        that begins to wait, does not change what is frozen by who looks at this page.
        """
        form = self.form
        values = [("mission", slug_of(self.mission)), ("chosen", "1"), ("how", "1")]
        values += [("campaign", one.campaign.slug) for one in self.chosen]
        for field in (form.target, form.written, form.cards):
            values += [(field.name, one) for one in field.data or ()]
        for field in (form.order, form.layout, form.volumes, form.size, form.numbers, form.locale):
            values.append((field.name, str(field.data)))
        ticks = [field for field in (form.duplex, form.sheets_travel) if field.data]
        return values + [(field.name, "y") for field in ticks]

    def url(self, endpoint: str) -> str:
        """Another step, with all that was chosen."""
        values: dict[str, list[str]] = {}
        for name, one in self.state():
            values.setdefault(name, []).append(one)
        return url_for(endpoint, **values)  # type: ignore[arg-type]


def register(blueprint: Blueprint) -> None:
    """Put the steps under the bundles' address."""
    blueprint.add_url_rule("/new", "create", create, methods=["GET", "POST"])
    blueprint.add_url_rule("/new/letters", "choose_letters", choose_letters)
    blueprint.add_url_rule("/new/paper", "choose_paper", choose_paper)
    blueprint.add_url_rule("/new/proof", "proof", proof)
    blueprint.add_url_rule("/new/proof", "print_proof", print_proof, methods=["POST"])
    blueprint.add_url_rule("/journeys/<public_id>", "show_journey", show_journey)


def choose_letters() -> ResponseReturnValue:
    """Campaigns, officials, languages."""
    return _page(_draft(), "letters")


def choose_paper() -> ResponseReturnValue:
    """Order, paper, volumes, numbers."""
    draft = _draft()
    return _page(draft, _faulty(draft, LETTERS) or "paper")


def create() -> ResponseReturnValue:
    """What will be in the bundles, what will not, and the button that freezes them."""
    draft = _draft()
    if request.method == "GET":
        return _page(draft, _faulty(draft, (*LETTERS, *PAPER)) or "create")
    if draft.nothing_waits:  # a colleague froze it meanwhile
        return _page(draft, "create", 409)
    if not draft.form.validate():
        return _page(draft, _faulty(draft, (*LETTERS, *PAPER)) or "create")
    session, settings = db.session(), current_settings()
    try:
        made = joint_freeze.freeze_parts(
            session,
            _parts(draft),
            mission=draft.mission,
            settings=settings,
            locale=draft.form.locale.data,
            actor=actor(),
            staff_id=staff_user().id,
        )
    except Refused as problem:
        return _page(draft, "create", problem.status, problem=problem)
    for bundle in made:
        print_jobs.send_for(session, bundle, chains=settings.worker_threads)
    return redirect(_made_url(made))


def proof() -> ResponseReturnValue:
    """A few letters to look at before freezing: the first ones and the odd ones."""
    draft = _draft()
    step = _faulty(draft, (*LETTERS, *PAPER))
    if step:
        return _page(draft, step)
    made = [proof_print.pick(db.session(), part, **_proof_facts(draft)) for part in _parts(draft)]
    return _page(draft, "proof", proofs=made)


@fresh()
def print_proof() -> ResponseReturnValue:
    """Those letters of one campaign as a PDF, each marked as a proof.

    It holds people's letters, as a bundle does, and asks again who wants it, as a bundle does.
    """
    draft = _draft()
    wanted = request.form.get("of", "")
    part = next((one for one in _parts(draft) if one.campaign.slug == wanted), None)
    if part is None or not draft.form.validate():
        raise NotFound("campaign", slug=wanted)
    made = proof_print.pick(db.session(), part, **_proof_facts(draft))
    pdf = proof_print.print_proof(db.session(), made, actor=actor())
    response = Response(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="proof-{wanted}.pdf"'
    return response


def show_journey(public_id: str) -> ResponseReturnValue:
    """Bundles that travel together, and how far each is."""
    session = db.session()
    journey = joint_freeze.get_journey(session, public_id)
    progress = find_bundles.progress_of_all(session, journey.bundles, db.utcnow())
    return render_template(
        "bundles/joint.html",
        journey=journey,
        bundles=[(one, progress[one.id]) for one in journey.bundles],
        working=any(one.state in find_bundles.UNFINISHED for one in journey.bundles),
        number=_number,
    )


def _draft() -> Draft:
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
    return Draft(mission, offers, form, values)


def _faulty(draft: Draft, names: tuple[str, ...]) -> str:
    """The step at which something needs another look; empty where all is well."""
    if draft.form.validate():
        return ""
    wrong = [name for name in names if name in draft.form.errors]
    if not wrong:
        return ""
    return "letters" if any(name in LETTERS for name in wrong) else "paper"


def _parts(draft: Draft) -> list[Part]:
    travel = draft.form.sheets_travel.data
    return [
        Part(offer.campaign, draft.form.choice_for(offer), offer.on_paper if travel else 0)
        for offer in draft.chosen
    ]


def _proof_facts(draft: Draft) -> dict[str, Any]:
    return {
        "mission": draft.mission,
        "settings": current_settings(),
        "locale": draft.form.locale.data,
    }


def _made_url(made: list[Bundle]) -> str:
    if made[0].journey is not None:
        return url_for("bundles.show_journey", public_id=made[0].journey.public_id)
    return url_for("bundles.show", public_id=made[0].public_id)


def _page(draft: Draft, name: str, status: int = 200, /, **facts: Any) -> ResponseReturnValue:
    session = db.session()
    chosen = draft.chosen
    if name == "create":
        choices = {one.campaign.slug: draft.form.choice_for(one) for one in chosen}
        facts["choices"] = choices
        facts["need"] = _need(draft)
        facts["left"] = list_left(session, draft.mission, draft.offers, choices)
        pairs = [
            find_bundles.find_bundle(session, campaign=one.campaign, mission=draft.mission)
            for one in chosen
        ]
        facts["unfinished"] = [one for one in pairs if one is not None]
    return render_page(
        f"bundles/{name}.html",
        draft.form,
        status,
        draft=draft,
        mission=draft.mission,
        by_post=isinstance(draft.mission, Official),
        weight=_weight(draft),
        chosen=chosen,
        blocked=[one.campaign for one in chosen if not gives_letters(one.campaign.status)],
        on_paper=sum(one.on_paper for one in chosen),
        orders=ORDERS,
        in_letters=IN_LETTERS,
        number=_number,
        script_name=partial(proof_print.script_name, locale=i18n.locale()),
        **({"problem": None} | facts),
    )


def _weight(draft: Draft) -> str:
    """About what the letters weigh that go to the post, a page each."""
    paper, grams = LAYOUTS.get(draft.form.layout.data, DIN_5008_B).paper, 0
    for offer in draft.chosen:
        choice = draft.form.choice_for(offer)
        letters = sum(part.letters for part in offer.taken(choice))
        card = choice.format == LetterFormat.CARD.value
        grams += weigh(-(-letters // CARDS_A_SHEET) if card else letters, paper, card=card)
    return say_weight(grams, i18n.locale())


def _need(draft: Draft) -> Need:
    """Sheets and volumes of all that is chosen; regions are opened of some thousand letters."""
    session, form, need = db.session(), draft.form, Need()
    for offer in draft.chosen:
        choice = form.choice_for(offer)
        parts = offer.taken(choice)
        letters = sum(part.letters for part in parts)
        groups: list[int] | None = [letters]
        if choice.split is Split.REGION:
            groups = None
            if draft.letters <= _MOST_OPENED:
                groups = select_letters.count_groups(
                    session, offer.campaign.id, draft.mission, choice, form.locale.data
                )
        size = choice.volume_letters or MOST_IN_A_VOLUME
        into = letter_translations.language_of(offer.campaign)
        translated = sum(part.letters for part in parts if into and part.locale != into)
        if choice.format == LetterFormat.CARD.value:
            need += need_of_cards(letters, groups, size)
        else:
            need += need_of_letters(translated, letters, groups, size)
    return need


def _number(value: int) -> str:
    return say_number(value, i18n.locale())
