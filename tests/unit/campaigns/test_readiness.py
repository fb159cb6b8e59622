"""What a campaign lacks before it can open."""

from datetime import UTC, date, datetime, timedelta

import pytest

from campaign.campaigns.check_readiness import blockers, gaps, later_gaps, next_step
from campaign.campaigns.content.part_contents import current_templates
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    Edition,
    LetterFormat,
    Target,
    TargetKind,
    Update,
    UpdateKind,
)
from campaign.models.directory import ContactDetail
from campaign.models.revision import RiskFlag, RiskKind
from tests.factories import make_letter_template, make_target_mission, make_target_official

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def complete(status: CampaignStatus = CampaignStatus.DRAFT) -> Campaign:
    return Campaign(
        reference="UA 1/26",
        slug="ua-1-26",
        status=status,
        country="MX",
        person_name="Amara Okafor",
        default_locale="en",
        letter_locales=["es", "en"],
        issued_on=date(2026, 11, 1),
        act_by=date(2026, 12, 4),
        risk_flags=[RiskFlag(kind=RiskKind.WITNESS, words="Nobody Known")],
        editions=[
            Edition(
                locale=code,
                person_name="",
                title="Title",
                summary="Summary",
                asks=["Ask"],
                background="",
                outcome="",
            )
            for code in ("en", "es")
        ],
        templates=[make_letter_template("en"), make_letter_template("es")],
        targets=[
            Target(
                kind=TargetKind.TO, official=make_target_official(), mission=make_target_mission()
            )
        ],
    )


def slugs(campaign: Campaign) -> list[str]:
    return [gap.slug for gap in blockers(campaign, NOW)]


def warnings(campaign: Campaign) -> list[str]:
    return [gap.slug for gap in gaps(campaign, NOW) if not gap.blocking]


def test_a_complete_campaign_lacks_nothing() -> None:
    assert gaps(complete(), NOW) == []


def test_an_empty_draft_is_told_everything_that_blocks() -> None:
    empty = Campaign(default_locale="en", letter_locales=["en"])
    assert slugs(empty) == ["edition-missing", "template-missing", "no-target"]


def test_the_main_language_needs_an_edition() -> None:
    campaign = complete()
    campaign.default_locale = "fr"
    (gap,) = blockers(campaign, NOW)
    assert (gap.slug, gap.locale, gap.part) == ("edition-missing", "fr", "edition")


@pytest.mark.parametrize(("part", "empty"), [("title", ""), ("summary", ""), ("asks", [])])
def test_each_edition_needs_title_summary_and_asks(part: str, empty: object) -> None:
    campaign = complete()
    setattr(campaign.editions[1], part, empty)
    (gap,) = blockers(campaign, NOW)
    assert (gap.slug, gap.locale, gap.subject) == ("edition-incomplete", "es", part)


def test_each_language_of_the_letters_needs_a_letter() -> None:
    campaign = complete()
    campaign.templates.pop()
    (gap,) = blockers(campaign, NOW)
    assert (gap.slug, gap.locale) == ("template-missing", "es")


def test_at_least_one_language_of_letters_is_needed() -> None:
    campaign = complete()
    campaign.letter_locales = []
    assert slugs(campaign) == ["no-letter-language"]


def test_an_official_who_only_receives_a_copy_is_no_target_to_write_to() -> None:
    campaign = complete()
    campaign.targets[0].kind = TargetKind.COPY
    assert slugs(campaign) == ["no-target"]


@pytest.mark.parametrize("kind", list(TargetKind))
@pytest.mark.parametrize("status", [CampaignStatus.DRAFT, CampaignStatus.OPEN])
def test_a_recipient_who_left_office_is_named_and_blocks_nothing(
    kind: TargetKind, status: CampaignStatus
) -> None:
    campaign = complete(status)
    former = make_target_official(2, left_on=date(2026, 10, 1))
    campaign.targets.append(Target(kind=kind, official=former, mission=make_target_mission(2)))
    assert slugs(campaign) == []
    (gap,) = gaps(campaign, NOW)
    assert (gap.slug, gap.part, gap.subject) == ("recipient-left", "successor", former.slug)


@pytest.mark.parametrize("locality", ["", "Altamar"])
def test_who_cannot_be_sent_a_copy_blocks_the_opening(locality: str) -> None:
    campaign = complete()
    official = make_target_official(2, address=[" "], locality=locality)
    campaign.targets.append(Target(kind=TargetKind.COPY, official=official))
    (gap,) = gaps(campaign, NOW)
    assert (gap.slug, gap.part, gap.subject) == ("copy-without-address", "official", official.slug)
    assert gap.blocking
    official.contacts = [ContactDetail(type="voice", value="+1 613 555 0100")]
    assert slugs(campaign) == ["copy-without-address"]
    mission = campaign.targets[-1].mission = make_target_mission(2)
    assert gaps(campaign, NOW) == []
    mission.address, mission.locality = [], ""
    assert slugs(campaign) == ["copy-without-address"]
    campaign.format = LetterFormat.CARD
    assert "copy-without-address" not in slugs(campaign)
    campaign.format = LetterFormat.LETTER
    official.contacts.append(ContactDetail(type="email", value="office@example.org"))
    assert gaps(campaign, NOW) == []
    official.contacts, official.address, official.locality = [], ["1 Street"], "Altamar"
    assert gaps(campaign, NOW) == []


def test_a_mission_needs_an_address() -> None:
    campaign = complete()
    target = campaign.targets[0]
    target.official.address, target.official.locality = [], ""
    assert slugs(campaign) == []
    assert target.mission
    target.mission.address, target.mission.locality = [], ""
    assert slugs(campaign) == ["no-address"]
    assert warnings(campaign) == []


def test_a_mission_without_a_street_is_pointed_out_once_and_blocks_nothing() -> None:
    campaign = complete()
    mission = campaign.targets[0].mission
    assert mission
    mission.address = [" "]
    second = make_target_official(2)
    campaign.targets.append(Target(kind=TargetKind.TO, official=second, mission=mission))
    (gap,) = gaps(campaign, NOW)
    assert (gap.slug, gap.part, gap.subject) == ("mission-without-street", "mission", mission.slug)
    assert not gap.blocking


def by_post(**fields: object) -> Campaign:
    """A complete campaign without a mission; `fields` of the official."""
    campaign = complete()
    campaign.targets[0].mission = None
    for name, value in {"region": "", **fields}.items():
        setattr(campaign.targets[0].official, name, value)
    return campaign


def test_a_target_without_a_mission_is_written_to_by_post() -> None:
    campaign = by_post()
    assert slugs(campaign) == []


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"address": [" "]}, "street"),
        ({"locality": ""}, "locality"),
        ({"address": [], "locality": " "}, "street,locality"),
    ],
)
def test_by_post_an_address_is_needed_and_the_gap_leads_to_the_official(
    fields: dict[str, object], missing: str
) -> None:
    campaign = by_post(**fields)
    official = campaign.targets[0].official
    (gap,) = blockers(campaign, NOW)
    assert (gap.slug, gap.part, gap.subject) == ("no-post-address", "official", official.slug)
    assert gap.detail["missing"] == missing


@pytest.mark.parametrize("country", ["SG", "HK"])
def test_by_post_a_town_is_needed_only_where_the_country_s_post_asks_for_one(country: str) -> None:
    place = {"country": country, "region": "", "postal_code": ""}
    assert "no-post-address" not in slugs(by_post(locality="", **place))
    assert "no-post-address" in slugs(by_post(locality="", address=[], **place))


def test_by_post_a_missing_postal_code_is_asked_about_and_blocks_nothing() -> None:
    campaign = by_post(postal_code="")
    assert slugs(campaign) == []
    assert "post-address-short" in warnings(campaign)


def test_by_post_an_address_must_fit_the_window_and_is_mended_at_the_official() -> None:
    campaign = by_post(address=["Street of a name " * 9])
    (gap,) = {blocker.slug: blocker for blocker in blockers(campaign, NOW)}.values()
    assert (gap.slug, gap.part) == ("address-does-not-fit", "official")


@pytest.mark.parametrize(
    "address",
    [["1 Street", "Floor 2", "Room 3", "Wing 4"], ["Street of a name " * 9], ["1 \u0378 Street"]],
)
def test_an_address_that_does_not_fit_the_envelope_blocks(address: list[str]) -> None:
    campaign = complete()
    mission = campaign.targets[0].mission
    assert mission
    mission.address = address
    blocking_gaps = blockers(campaign, NOW)
    assert {gap.slug for gap in blocking_gaps} == {"address-does-not-fit"}
    assert [gap.locale for gap in blocking_gaps] == ["es", "en"]


@pytest.mark.parametrize("words", ["salutation", "close"])
def test_a_target_needs_salutation_and_close_in_each_language_of_the_letters(words: str) -> None:
    campaign = complete()
    official = campaign.targets[0].official
    setattr(official, words, {"en": "Dear Governor,"})
    (gap,) = blockers(campaign, NOW)
    assert (gap.slug, gap.locale, gap.subject) == ("no-salutation", "es", official.slug)


def test_the_last_day_must_not_be_over() -> None:
    campaign = complete()
    campaign.act_by = date(2026, 11, 23)
    # In UTC-12 the 23rd ends at this very noon.
    assert blockers(campaign, NOW - timedelta(seconds=1)) == []
    assert slugs(campaign) == ["deadline-past"]


def test_a_letter_that_names_the_last_day_needs_one() -> None:
    campaign = complete()
    campaign.act_by = None
    assert slugs(campaign) == []
    campaign.templates[0].closing = "Please answer before ((deadline))."
    assert slugs(campaign) == ["deadline-unset"]


def test_a_targets_own_letter_that_names_the_last_day_needs_one_too() -> None:
    campaign = complete()
    campaign.targets[0].id = 7
    own = make_letter_template("es")
    own.target_id, own.opening = 7, "Before ((deadline)), please."
    campaign.templates.append(own)
    assert slugs(campaign) == []
    campaign.act_by = None
    assert slugs(campaign) == ["deadline-unset"]


def test_talking_points_that_one_language_lacks_are_a_warning() -> None:
    campaign = complete()
    campaign.templates[1].points.pop()
    assert slugs(campaign) == []
    assert warnings(campaign) == ["points-differ"]


def test_the_newest_version_counts() -> None:
    campaign = complete()
    newer = make_letter_template("es", version=2)
    campaign.templates.insert(0, newer)
    assert current_templates(campaign)["es"] is newer


def test_what_blocks_stands_before_what_could_be_better() -> None:
    campaign = complete()
    campaign.issued_on = None
    campaign.targets = []
    assert [gap.slug for gap in gaps(campaign, NOW)] == ["no-target", "no-date-of-issue"]


def step_of(campaign: Campaign, now: datetime = NOW) -> str:
    return next_step(campaign, gaps(campaign, now)).slug


def test_the_next_step_of_a_draft_is_to_mend_and_then_to_open() -> None:
    campaign = complete()
    assert step_of(campaign) == "open"
    campaign.targets = []
    assert step_of(campaign) == "mend"


def test_the_next_step_after_the_last_day_is_to_close_or_extend() -> None:
    campaign = complete(CampaignStatus.OPEN)
    assert step_of(campaign) == "runs"
    later = NOW + timedelta(days=30)
    assert step_of(campaign, later) == "close-or-extend"
    open_gaps = gaps(campaign, later)
    assert later_gaps(campaign, open_gaps, next_step(campaign, open_gaps)) == []


def test_the_next_step_of_an_ended_campaign_is_to_tell_what_came_of_it() -> None:
    campaign = complete(CampaignStatus.CLOSED)
    assert step_of(campaign) == "tell-outcome"
    outcome = Update(kind=UpdateKind.OUTCOME, happened_on=date(2026, 11, 2))
    campaign.updates.append(outcome)
    assert step_of(campaign) == "ended"
    outcome.published_at, campaign.reopened_at = NOW, NOW + timedelta(days=1)
    assert step_of(campaign) == "tell-outcome", "of the end before it reopened"
    outcome.published_at = NOW + timedelta(days=2)
    assert step_of(campaign) == "ended"


def test_an_ended_campaign_says_where_one_language_does_not_tell_how_it_ended() -> None:
    campaign = complete(CampaignStatus.CLOSED)
    campaign.issued_on = None
    told, silent = campaign.editions
    told.outcome = "She is free."
    missing = gaps(campaign, NOW)
    [gap] = later_gaps(campaign, missing, next_step(campaign, missing))
    assert (gap.slug, gap.subject, gap.locale) == ("part-uneven", "outcome", silent.locale)


def test_a_stopped_campaign_says_not_both_that_its_outcome_is_untold_and_where_it_is_told() -> None:
    campaign = complete(CampaignStatus.STOPPED)
    campaign.editions[0].outcome = "In most cases someone answers."
    missing = gaps(campaign, NOW)
    assert later_gaps(campaign, missing, next_step(campaign, missing)) == []
    campaign.updates.append(Update(kind=UpdateKind.OUTCOME, happened_on=date(2026, 11, 2)))
    [gap] = later_gaps(campaign, missing, next_step(campaign, missing))
    assert (gap.slug, gap.subject) == ("part-uneven", "outcome")


def test_a_line_that_wraps_out_of_the_window_is_named_with_its_official() -> None:
    campaign = complete()
    official = campaign.targets[0].official
    long = "Chair of the Committee on Delegated Powers, National Assembly, Altamar"
    official.office = {"en": long * 2, "es": "Gobernadora de Altamar"}
    (gap,) = blockers(campaign, NOW)
    assert (gap.slug, gap.locale) == ("address-does-not-fit", "en")
    assert (gap.part, gap.subject) == ("official", official.slug)
    assert (gap.detail["official"], gap.detail["line"]) == (official.name, long * 2)


def test_a_line_that_no_label_has_room_for_is_named_also_where_cards_are_written() -> None:
    campaign = complete()
    campaign.format = LetterFormat.CARD
    mission = campaign.targets[0].mission
    assert mission
    mission.address = ["W" * 120, "W" * 120, "W" * 120]
    gap = blockers(campaign, NOW)[0]
    assert (gap.slug, gap.detail["line"]) == ("address-does-not-fit", "W" * 120)


@pytest.mark.parametrize(
    "office", ["مكتب حاكم ولاية يوكاتان", "राज्यपाल कार्यालय", "州长办公室", "주지사 사무실"]
)
def test_an_address_with_high_lines_is_set_smaller(office: str) -> None:
    campaign = complete()
    official, mission = campaign.targets[0].official, campaign.targets[0].mission
    assert mission
    official.office = dict.fromkeys(("en", "es"), office)
    mission.name, mission.address = dict.fromkeys(("en", "es"), office), [office]
    assert slugs(campaign) == []


def test_too_many_high_lines_are_counted_and_none_is_called_long() -> None:
    campaign = complete()
    official, mission = campaign.targets[0].official, campaign.targets[0].mission
    assert mission
    official.office = dict.fromkeys(("en", "es"), "ح")
    mission.name, mission.address = official.office, ["ح", "ح", "ح"]
    (gap, _) = blockers(campaign, NOW)
    assert gap.part == "mission"
    assert gap.detail | {"why": "too-many-lines", "line": "7", "most": "6"} == gap.detail


def test_an_office_that_wraps_within_the_window_is_printed() -> None:
    campaign = complete()
    mission = campaign.targets[0].mission
    assert mission
    mission.address = ["100 Sample Street"]
    office = "Women's Representative, National Assembly, Migori"
    campaign.targets[0].official.office = {"en": office, "es": office}
    assert slugs(campaign) == []


def test_a_letter_must_fit_the_first_targets_window_too() -> None:
    campaign = complete()
    wide = make_target_mission(
        2, host_country="CH", region="", address=["1 Street", "Floor 2", "Room 3"]
    )
    long = "Representative of the Women of the County, National Assembly, Migori"
    second = make_target_official(
        2, office={"en": f"{long}, Bay of Altamar, Valdemira", "es": "Gobernadora"}
    )
    campaign.targets.append(Target(kind=TargetKind.TO, official=second, mission=wide))
    (gap,) = blockers(campaign, NOW)
    assert (gap.slug, gap.locale, gap.subject) == ("address-does-not-fit", "en", second.slug)
    campaign.targets.reverse()
    assert slugs(campaign) == []
