"""What a campaign lets one sign, as plain data that is read once and kept until it changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from threading import Lock

from sqlalchemy import bindparam, func, literal_column, select
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.campaigns.closing_reasons import Reasons, reasons_of
from campaign.campaigns.content.address_and_salutation import goes_by_post, list_addressed
from campaign.campaigns.content.part_contents import current_templates
from campaign.campaigns.content.risks import list_secret_words
from campaign.core import clock, db
from campaign.core.db.prepared_statements import fetch_first
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import current_settings, home_country
from campaign.models.about import PrivacyNotice
from campaign.models.campaign import Campaign, CampaignStatus, LetterFormat, LetterTemplate, Target
from campaign.models.revision import RiskFlag
from campaign.signing.checks.screening_rules import ScreeningRules
from campaign.signing.checks.wordlist import WordRules, word_rules_of
from campaign.signing.letter.compose import Writer
from campaign.signing.letter.proposed_letters import UNNAMED, ProposedLetters, propose_letters
from campaign.signing.validate import CARD_WORDS_LIMIT, Offer, SignedForm

_KEPT = 200
_CAMPAIGN = db.table_of(Campaign)
_TEMPLATE = db.table_of(LetterTemplate)
_FLAG = db.table_of(RiskFlag)
_STATE = select(
    _CAMPAIGN.c.id,
    _CAMPAIGN.c.public_id,
    _CAMPAIGN.c.changed_at,
    _CAMPAIGN.c.screening,
    _CAMPAIGN.c.status,
    _CAMPAIGN.c.act_by,
    select(func.max(_TEMPLATE.c.id))
    .where(_TEMPLATE.c.campaign_id == _CAMPAIGN.c.id)
    .scalar_subquery(),
    # A flag more has a later moment; one less is one less.
    select(func.max(_FLAG.c.created_at))
    .where(_FLAG.c.campaign_id == _CAMPAIGN.c.id)
    .scalar_subquery(),
    select(func.count(_FLAG.c.id)).where(_FLAG.c.campaign_id == _CAMPAIGN.c.id).scalar_subquery(),
    select(func.max(db.table_of(PrivacyNotice).c.id)).scalar_subquery(),
).where(
    _CAMPAIGN.c.slug == bindparam("slug"),
    # Written out: a list of parameters would be put in anew for each signature.
    _CAMPAIGN.c.status.in_([literal_column(f"'{status.value}'") for status in lifecycle.PUBLIC]),
)  # What a plan stays true by; `changed_at` moves with all else that it is made of


@dataclass(frozen=True, slots=True)
class PlannedLetter:
    target_id: int
    template_id: int


@dataclass(frozen=True, slots=True)
class SigningPlan:
    campaign_id: int
    slug: str
    reference: str
    person_name: str
    names_by_locale: Mapping[str, str]
    status: CampaignStatus
    reasons: Reasons
    act_by: date | None
    closed_at: datetime | None
    letters: dict[str, tuple[PlannedLetter, ...]]
    """Per language; only languages in which every target can be written to."""
    points: dict[str, tuple[tuple[str, bool], ...]]
    """Per language: key and whether it is required, of all templates, in order."""
    format: LetterFormat
    person_died: bool
    by_post: bool
    country: str
    timezone: str
    word_rules: WordRules
    drafts: dict[str, ProposedLetters]
    """Per language: the letters as they are proposed, to be measured."""
    bounded: frozenset[str]
    """Languages in which the proposed letter fits its page, so that supporters' must."""
    facts: dict[str, dict[str, str]]
    """Per language in which one may rewrite the letter: the required points, which stay in."""
    newest_notice: int | None = None  # The newest version of the privacy notice, in any language

    @property
    def cards(self) -> bool:
        return self.format is LetterFormat.CARD

    def name_in(self, locale: str) -> str:
        return self.names_by_locale.get(locale, self.person_name)

    def offer(self, locale: str) -> Offer:
        """Return what can be chosen in a letter in `locale`, or in the first language there is."""
        locales = tuple(self.letters)
        chosen = locale if locale in self.letters else locales[0]
        most = CARD_WORDS_LIMIT if self.cards else None
        return Offer(locales, self.points[chosen], most, self.word_rules, self.facts.get(chosen))

    def text_version(self, form: SignedForm) -> str:
        """Name the text that would be printed of ours, also in translation; "" of none."""
        return self._name_text(form.letter_locale, form)

    def offered_version(self, locale: str, *, rewritten: bool) -> str:
        """Name all that the page Write shows of our text, whichever points are chosen of it."""
        keys = tuple(key for key, _required in self.points[locale])
        writer = replace(UNNAMED, points=keys, full_text="X" if rewritten else "")
        return self._name_text(locale, writer)

    def _name_text(self, locale: str, writer: Writer) -> str:
        draft = self.drafts.get(locale)
        if draft is None:
            return ""
        printed = [draft]
        if not writer.full_text and (translated := self.drafts.get(draft.translated_into)):
            printed.append(translated)
        return "-".join(letters.digest(writer) for letters in printed)

    def letter_locale(self, chosen: str, page: str) -> str:
        """Return the letter's language: the wanted one, else the page's, else the targets' own."""
        return next(code for code in (chosen, page, *self.letters) if code in self.letters)


_plans: dict[str, tuple[tuple[object, ...], SigningPlan]] = {}
"""The plan of each campaign as this process used it last, with the state of which it is."""
_lock = Lock()


def last_plan(slug: str) -> SigningPlan | None:
    """Return the plan that this process used last, which may be true no longer; None at first."""
    kept = _plans.get(slug)
    return kept[1] if kept else None


def get_plan(session: Session, slug: str) -> SigningPlan:
    """Return the plan of a public campaign, in one small query if it is known. Raises NotFound."""
    key = fetch_first(session, _STATE, {"slug": slug})
    if key is None:
        raise NotFound("campaign", slug=slug)
    kept = _plans.get(slug)
    if kept is not None and kept[0] == key:
        return kept[1]
    plan = replace(plan_of(session.get_one(Campaign, key[0])), newest_notice=key[-1])
    with _lock:
        _plans[slug] = key, plan
        while len(_plans) > _KEPT:
            _plans.pop(next(iter(_plans)))
    return plan


def plan_of(campaign: Campaign) -> SigningPlan:
    addressed = list_addressed(campaign)
    letters: dict[str, tuple[PlannedLetter, ...]] = {}
    points: dict[str, tuple[tuple[str, bool], ...]] = {}
    drafts: dict[str, ProposedLetters] = {}
    for locale, templates in _written(campaign, addressed):
        letters[locale] = tuple(
            PlannedLetter(target.id, template.id)
            for target, template in zip(addressed, templates, strict=True)
        )
        points[locale] = tuple(merge_points(templates).items())
        pairs = zip(addressed, templates, strict=True)
        if proposed := propose_letters(campaign, locale, pairs):
            drafts[locale] = proposed
    rewritten = campaign.full_text_edit and campaign.format is LetterFormat.LETTER
    return SigningPlan(
        campaign_id=campaign.id,
        slug=campaign.slug,
        reference=campaign.reference,
        person_name=campaign.person_name,
        names_by_locale=campaign.names_by_locale,
        person_died=campaign.person_died,
        by_post=goes_by_post(campaign),
        status=campaign.status,
        reasons=reasons_of(campaign),
        act_by=campaign.act_by,
        closed_at=campaign.closed_at,
        letters=letters,
        points=points,
        format=campaign.format,
        country=campaign.country,
        timezone=campaign.timezone,
        word_rules=_word_rules(campaign, drafts),
        drafts=drafts,
        bounded=frozenset(code for code, draft in drafts.items() if draft.fits_bare()),
        facts={
            code: facts
            for code, draft in drafts.items()
            if rewritten and (facts := draft.facts()) is not None
        },
    )


def _word_rules(campaign: Campaign, drafts: dict[str, ProposedLetters]) -> WordRules:
    """Leave risk flags out: who asks the form name by name must not learn the witness's."""
    rules = ScreeningRules.of(campaign.screening)
    secret = set(list_secret_words(campaign))
    return word_rules_of(
        [word for word in campaign.forbidden_words or () if word not in secret],
        (campaign.country, home_country()),
        [text for draft in drafts.values() for text in draft.texts()],
        held=rules.held,
        insult_languages=rules.insult_languages,
    )


def _written(
    campaign: Campaign, addressed: list[Target]
) -> Iterator[tuple[str, list[LetterTemplate]]]:
    """Yield the languages in which every target has a letter, with the letters in their order."""
    for locale in campaign.letter_locales:
        newest = [template_for(campaign, target, locale) for target in addressed]
        templates = [template for template in newest if template is not None]
        if templates and len(templates) == len(newest):
            yield locale, templates


def template_for(campaign: Campaign, target: Target, locale: str) -> LetterTemplate | None:
    own = current_templates(campaign, target.id).get(locale)
    return own or current_templates(campaign).get(locale)


def refuse_ended(plan: SigningPlan, now: datetime) -> None:
    """Raise Refused (`campaign-ended`) unless letters can be signed now."""
    if not plan.letters or not lifecycle.takes_signatures(plan.status, plan.act_by, now):
        raise _campaign_ended(plan, now)


def refuse_sent(plan: SigningPlan, now: datetime) -> None:
    """Raise Refused (`campaign-ended`) where no letter signed before now can be confirmed."""
    if not lifecycle.takes_confirmations(plan.status, plan.act_by, plan.closed_at):
        raise _campaign_ended(plan, now, signed=True)


def _campaign_ended(plan: SigningPlan, now: datetime, *, signed: bool = False) -> Refused:
    """Say also by when a letter that waits in vain is deleted; whose it is, or if, is not told."""
    waits = lifecycle.takes_confirmations(plan.status, plan.act_by, plan.closed_at)
    last = clock.day_of(now + timedelta(days=current_settings().confirm_days), plan.timezone)
    return Refused(
        "campaign-ended",
        slug=plan.slug,
        cards=plan.cards,
        status=plan.status.value,
        reasons=plan.reasons,
        signed=signed,
        deleted_on=None if waits else last,
    )


def merge_points(templates: Iterable[LetterTemplate]) -> dict[str, bool]:
    """Return the keys of all points, in order, and whether a letter requires them."""
    required: dict[str, bool] = {}
    for template in templates:
        for point in template.points:
            required[point.key] = required.get(point.key, False) or point.required
    return required
