"""The form on which a bundle is put together; its state is the address, from step to step."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, HiddenField, RadioField, SelectField
from wtforms.validators import DataRequired, Length, NumberRange

from campaign.bundles.destinations import country_of, slug_of
from campaign.bundles.documents.cover_texts import language_of
from campaign.bundles.freeze.choices import MOST_IN_A_VOLUME, BundleChoice, LetterOrder, Split
from campaign.bundles.freeze.eligible import CampaignOffer
from campaign.bundles.nouns import Noun, common_noun, noun_of_campaign, say_amount
from campaign.campaigns.desk.blueprint import name_person
from campaign.core import i18n
from campaign.core.i18n import say_number
from campaign.models.bundle import Destination
from campaign.models.campaign import LetterFormat
from campaign.models.directory import Official
from campaign.printing.geometry import LAYOUTS, layout_for
from campaign.web.form_base import SiteForm
from campaign.web.form_fields import CheckboxesField, IntegerField, choices

LETTERS = ("campaign", "chosen", "target", "written")
"""Fields of the step at which letters are chosen."""
PAPER = (
    "how", "order", "cards", "layout", "duplex",
    "volumes", "size", "numbers", "locale", "sheets_travel",
)  # fmt: skip
"""Fields of the step at which paper and order are chosen."""

ORDERS: Mapping[LetterOrder, object] = {
    LetterOrder.CONFIRMED: _l("By date of signing"),
    LetterOrder.SIGNED: _l("By date of signing"),  # the same since times tell the day (ADR 27)
    LetterOrder.REGION: _l("By country and region"),
    LetterOrder.NAME: _l("By family name"),
}
LAYOUT_WORDS: Mapping[str, object] = {
    "us-10": _l("Letter – #10 envelope, window on the left"),
    "din-5008-b": _l("A4 – DIN 5008 form B, window on the left"),
    "din-5008-a": _l("A4 – DIN 5008 form A, window high on the left"),
    "fr": _l("A4 – French DL envelope, window on the right"),
    "ch-left": _l("A4 – Swiss C5 envelope, window on the left"),
    "uk-dl": _l("A4 – British DL envelope, window on the left"),
}


class WizardForm(SiteForm):
    """What travels, and how it is printed. A step that was not seen yet has its defaults."""

    mission = HiddenField(validators=[DataRequired(), Length(max=80)])
    chosen = HiddenField()  # set once letters were chosen: an empty list then means none, not all
    how = HiddenField()  # set once the paper was chosen: a box without its tick then means no
    campaign = CheckboxesField(_l("Campaigns"))
    target = CheckboxesField(_l("Officials"))
    written = CheckboxesField(_l("Languages"))
    order = RadioField(
        _l("Order"),
        choices=choices(
            (order.value, words)
            for order, words in ORDERS.items()
            if order is not LetterOrder.SIGNED
        ),
        default=LetterOrder.CONFIRMED.value,
    )
    cards = CheckboxesField(_l("Print as cards, four to a sheet"))
    layout = RadioField(
        _l("Paper and envelope"), choices=choices((slug, LAYOUT_WORDS[slug]) for slug in LAYOUTS)
    )
    duplex = BooleanField(
        _l("Print on both sides"),
        description=_l(
            "Each letter begins on its own sheet. A one-page letter is followed by a blank page."
        ),
    )
    volumes = RadioField(
        _l("Volumes"),
        choices=choices(
            [
                (Split.SIZE.value, _l("By size only")),
                (Split.REGION.value, _l("By country and region, with separate volumes for each")),
            ]
        ),
        default=Split.SIZE.value,
    )
    size = IntegerField(
        _l("Maximum in one volume"),
        validators=[
            NumberRange(
                1, MOST_IN_A_VOLUME, _l("Enter a number from 1 to %(most)s.", most=MOST_IN_A_VOLUME)
            )
        ],
        description=_l("Each volume is one PDF and one pile of paper."),
    )
    numbers = RadioField(
        _l("Numbers"),
        choices=choices(
            [
                ("one", _l("From 1")),
                ("on", _l("Continue after the campaign’s last bundle for this mission")),
            ]
        ),
        default="one",
    )
    locale = SelectField(
        _l("Language of the cover letter and lists"),
        description=_l("What people wrote stays in its own language."),
    )
    sheets_travel = BooleanField(
        _l("Deliver the signature sheets and signed cards with this bundle"),
        description=_l(
            "The cover letter will say how many people signed them. First cut the "
            "strip with email addresses off each sheet, along the dotted line. Keep "
            "the strips here."
        ),
    )

    @classmethod
    def of(
        cls,
        values: MultiDict[str, str],
        mission: Destination,
        offers: Sequence[CampaignOffer],
        *,
        locales: Sequence[str],
        size: int,
        home: str,
    ) -> "WizardForm":
        standard = {"layout": layout_for(country_of(mission, home)).slug, "size": size}
        form = cls(formdata=values or None, data=standard, meta={"csrf": request.method == "POST"})
        form.mission.data = slug_of(mission)
        form._offer(offers)
        form.locale.choices = [(code, i18n.language_name(code)) for code in locales]
        if not values.get("locale"):
            form.locale.data = language_of(mission, locales)
        form._complete(values, offers)
        return form

    def _offer(self, offers: Sequence[CampaignOffer]) -> None:
        self.campaign.choices = choices(
            (offer.campaign.slug, _say_offer(offer)) for offer in offers
        )
        self.cards.choices = choices((offer.campaign.slug, _say_case(offer)) for offer in offers)
        self.target.choices = choices(_target_choices(offers))
        letters: Counter[str] = Counter()
        for offer in offers:
            for part in offer.parts:
                letters[part.locale] += part.letters
        noun = common_noun(noun_of_campaign(offer.campaign) for offer in offers if offer.letters)
        self.written.choices = choices(
            (code, _say_count(i18n.language_name(code, i18n.locale()), count, noun))
            for code, count in letters.most_common()
        )

    def _complete(self, values: MultiDict[str, str], offers: Sequence[CampaignOffer]) -> None:
        """What nobody chose yet is all of it; signed sheets travel where no letter waits."""
        if not self.chosen.data:
            if not values.getlist("campaign"):
                self.campaign.data = [offer.campaign.slug for offer in offers]
            self.target.data = [choice.value for choice in self.target.choices]
        if not self.chosen.data or len(self.written.choices) < 2:
            self.written.data = [choice.value for choice in self.written.choices]
        if not self.how.data:
            self.cards.data = [offer.campaign.slug for offer in offers if offer.campaign.cards]
            signed = [
                offer
                for offer in offers
                if offer.on_paper and offer.campaign.slug in self.campaign.data
            ]
            # Only campaigns with sheets are asked: letters of another one do not keep sheets here.
            self.sheets_travel.data = bool(signed) and not any(offer.letters for offer in signed)

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """Check also that something of each kind is chosen."""
        is_valid = bool(super().validate(extra_validators))
        for field, words in (
            (self.campaign, _l("Choose at least one campaign.")),
            (self.target, _l("Choose at least one official.")),
            (self.written, _l("Choose at least one language.")),
        ):
            if field.choices and not field.data:
                field.errors = [words]
                is_valid = False
        return is_valid

    def choice_for(self, offer: CampaignOffer) -> BundleChoice:
        slug = offer.campaign.slug
        unticked = {choice.value for choice in self.target.choices} - set(self.target.data)
        left_out = {
            part.target.id
            for part in offer.parts
            if target_name(offer, part.target.official.slug) in unticked
        }
        every = frozenset(part.target.id for part in offer.parts)
        every_language = {part.locale for part in offer.parts} <= set(self.written.data)
        return BundleChoice(
            targets=every - left_out if left_out else None,
            locales=None if every_language else frozenset(self.written.data),
            # What nobody can choose is refused by `validate`; until then the page needs a choice.
            order=LetterOrder(self.order.data)
            if self.order.data in ORDERS
            else LetterOrder.CONFIRMED,
            format=(LetterFormat.CARD if slug in self.cards.data else LetterFormat.LETTER).value,
            layout=self.layout.data if self.layout.data in LAYOUTS else "",
            duplex=self.duplex.data,
            split=Split.REGION if self.volumes.data == Split.REGION else Split.SIZE,
            volume_letters=self.size.data or 0,
            goes_on=self.numbers.data == "on",
        )


def target_name(offer: CampaignOffer, official: str) -> str:
    return f"{offer.campaign.slug}:{official}"


def _target_choices(offers: Iterable[CampaignOffer]) -> Iterator[tuple[str, str]]:
    for offer in offers:
        letters: Counter[Official] = Counter()
        for part in offer.parts:
            letters[part.target.official] += part.letters
        if len(letters) < 2:
            continue
        noun = noun_of_campaign(offer.campaign)
        for official, count in letters.items():
            office = i18n.words_in(official.office, i18n.locale())
            name = i18n.comma(i18n.locale()).join(filter(None, (official.name, office)))
            words = f"{offer.campaign.reference} – {name}"
            yield target_name(offer, official.slug), _say_count(words, count, noun)


def _say_case(offer: CampaignOffer) -> str:
    return f"{offer.campaign.reference} · {name_person(offer.campaign)}"


def _say_offer(offer: CampaignOffer) -> str:
    """Say how many letters wait; where none does, how many people on signed sheets."""
    if offer.on_paper and not offer.letters:
        return _say_count(_say_case(offer), offer.on_paper, Noun.PERSON)
    return _say_count(_say_case(offer), offer.letters, noun_of_campaign(offer.campaign))


def _say_count(words: str, count: int, noun: Noun) -> str:
    """Say the words and how many; kept apart where the page runs from right to left."""
    if i18n.direction(i18n.locale()) == "rtl":
        words = f"\u2068{words}\u2069"
    amount = say_amount(count, noun, say_number(count, i18n.locale()))
    return _("%(what)s: %(letters)s", what=words, letters=amount)
