"""What is looked for in a campaign's texts, letters and picture before it opens."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from campaign.campaigns.check_readiness import LONGEST_NAME, blockers, fits_of, gaps
from campaign.campaigns.content.part_contents import newest_templates
from campaign.campaigns.content.risks import Watch, Words, texts_of_campaign
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    Edition,
    Target,
    TargetKind,
    Update,
    UpdateEdition,
    UpdateKind,
)
from campaign.models.revision import RiskFlag, RiskKind
from campaign.printing.placeholders import nearest_placeholder
from campaign.printing.redraw import crop_box
from campaign.signing.letter.proposed_letters import UNNAMED, propose_letters
from tests.factories import make_letter_template, make_target_mission, make_target_official

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def campaign() -> Campaign:
    return Campaign(
        reference="UA 1/26",
        slug="ua-1-26",
        status=CampaignStatus.DRAFT,
        country="MX",
        person_name="Amara Okafor",
        default_locale="en",
        letter_locales=["es", "en"],
        issued_on=date(2026, 11, 1),
        act_by=date(2026, 12, 4),
        picture="",
        editions=[
            Edition(
                locale=code,
                person_name="",
                title="T",
                summary="S",
                asks=["A"],
                background="",
                outcome="",
            )
            for code in ("en", "es")
        ],
        templates=[make_letter_template("en"), make_letter_template("es")],
        targets=[
            Target(
                kind=TargetKind.TO,
                official=make_target_official(),
                mission=make_target_mission(last_checked_on=date(2026, 1, 1)),
            )
        ],
    )


def slugs(campaign: Campaign) -> list[tuple[str, str]]:
    return [(gap.slug, gap.locale) for gap in gaps(campaign, NOW)]


def test_a_letter_too_long_for_its_page_blocks_in_its_language(campaign: Campaign) -> None:
    campaign.templates[1].opening = "\n\n".join(["Palabras que llenan la hoja. " * 12] * 9)
    assert [(gap.slug, gap.locale) for gap in blockers(campaign, NOW)] == [
        ("letter-too-long", "es")
    ]


def test_a_letter_that_leaves_no_room_for_own_words_is_pointed_at(campaign: Campaign) -> None:
    slugs_by_length: list[list[tuple[str, str]]] = []
    for lines in range(5, 40):
        campaign.templates[0].closing = "\n\n".join(["A line."] * lines)
        slugs_by_length.append([pair for pair in slugs(campaign) if pair[0] != "no-risks"])
    assert slugs_by_length[0] == []
    assert slugs_by_length[-1] == [("letter-too-long", "en")]
    assert [("letter-full", "en")] in slugs_by_length
    assert all(len(pairs) < 2 for pairs in slugs_by_length)


def test_fitting_measures_what_signing_measures(campaign: Campaign) -> None:
    keys = tuple(point.key for point in campaign.templates[0].points)
    pairs = [(campaign.targets[0], campaign.templates[0])]
    drafts = propose_letters(campaign, "en", pairs)
    assert drafts is not None
    writer = replace(UNNAMED, points=keys, given_name=LONGEST_NAME)
    signed = drafts.measure_room(writer, date(2000, 9, 30))
    [fit] = [
        letter_fit
        for letter_fit in fits_of(campaign, newest_templates(campaign))
        if letter_fit.locale == "en"
    ]
    assert len(LONGEST_NAME) >= 120
    assert fit.room == signed


@pytest.mark.parametrize(
    ("checked", "late"), [(date(2025, 11, 24), False), (date(2025, 11, 23), True), (None, True)]
)
def test_the_mission_was_checked_within_a_year(
    campaign: Campaign, checked: date | None, late: bool
) -> None:
    mission = campaign.targets[0].mission
    assert mission is not None
    mission.last_checked_on = checked
    assert [gap.slug for gap in blockers(campaign, NOW)] == ["mission-unchecked"] * late


def test_an_embargo_blocks_until_its_moment(campaign: Campaign) -> None:
    campaign.embargo_until = NOW + timedelta(seconds=1)
    assert [gap.slug for gap in blockers(campaign, NOW)] == ["embargo"]
    campaign.embargo_until = NOW
    assert blockers(campaign, NOW) == []


def test_the_picture_is_described_in_every_language_of_a_text(campaign: Campaign) -> None:
    campaign.picture, campaign.picture_alt = "pictures/x.jpg", {"en": "A river."}
    assert [(gap.slug, gap.locale) for gap in blockers(campaign, NOW)] == [
        ("picture-undescribed", "es")
    ]


def test_what_one_language_tells_and_another_does_not_is_pointed_at(campaign: Campaign) -> None:
    campaign.editions[1].background = "Lo que pasó."
    [gap] = [
        campaign_gap for campaign_gap in gaps(campaign, NOW) if campaign_gap.slug != "no-risks"
    ]
    assert (gap.slug, gap.locale, gap.subject, gap.blocking) == (
        "part-uneven",
        "en",
        "background",
        False,
    )
    assert gap.detail == {"languages": "es"}


def test_a_language_of_the_letters_needs_its_page(campaign: Campaign) -> None:
    campaign.editions.pop()
    assert [(gap.slug, gap.locale) for gap in blockers(campaign, NOW)] == [("page-missing", "es")]


def test_a_flag_is_found_in_every_language_in_letters_updates_and_the_picture(
    campaign: Campaign,
) -> None:
    campaign.risk_flags = [RiskFlag(kind=RiskKind.RELATIVE, words="Lucía Okafor")]
    campaign.editions[1].background = "Su hermana, LUCIA  OKAFOR, vive lejos."
    campaign.templates[0].points[1].text = "Ask Lucia Okafor."
    campaign.picture_alt = {"en": "Lucía Okafor at a river."}
    campaign.updates = [
        Update(
            id=7,
            kind=UpdateKind.REPLY,
            happened_on=date(2026, 11, 2),
            editions=[UpdateEdition(locale="en", title="News", body="Lucía Okafor said so.")],
        )
    ]
    watch = Watch((flag.kind, flag.words) for flag in campaign.risk_flags)
    findings = watch.findings(texts_of_campaign(campaign))
    assert {(finding.part, finding.locale, finding.field) for finding in findings} == {
        ("edition", "es", "background"),
        ("letter", "en", "points-1"),
        ("update", "en", "body"),
        ("picture", "en", "alt_en"),
    }
    named = next(finding for finding in findings if finding.part == "edition")
    assert (named.before, named.found) == ("Su hermana, ", "LUCIA  OKAFOR")
    assert ("risk-named", "es") in slugs(campaign)
    assert blockers(campaign, NOW) == []


def test_a_part_of_a_longer_word_is_no_finding() -> None:
    watch = Watch([(RiskKind.PLACE, "Mar")])
    assert watch.findings([Words("edition", "en", "title", "Marina in Altamar")]) == []


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("((person_nam))", "person_name"),
        ("((Person name))", "person_name"),
        ("((deadlin))", "deadline"),
        ("((zzz))", ""),
        ("((name.__class__))", ""),
    ],
)
def test_the_nearest_placeholder_is_named(written: str, near: str) -> None:
    assert nearest_placeholder(written) == near


@pytest.mark.parametrize(
    ("size", "point", "box"),
    [
        ((600, 400), (50, 50), (0, 0, 600, 400)),
        ((900, 400), (0, 50), (0, 0, 600, 400)),
        ((900, 400), (100, 50), (300, 0, 900, 400)),
        ((600, 900), (50, 50), (0, 250, 600, 650)),
        ((600, 900), (50, 10), (0, 0, 600, 400)),
        ((1, 1), (100, 100), (0, 0, 1, 1)),
    ],
)
def test_a_picture_is_cut_around_what_matters(
    size: tuple[int, int], point: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    assert crop_box(*size, 3 / 2, *point) == box


@pytest.mark.parametrize(
    "text",
    [
        "Halldora **Lysing** saw it.",
        "Halld*ora* Lysing saw it.",
        "[Halldora](https://example.org/a) Lysing saw it.",
        "Halldora&nbsp;Lysing",
        "Halldora&#32;Lysing",
        "Halldora \u00adLysing",
        "Halldora\u200b Lysing",
        "Halldora-Lysing",
        "Halldora_Lysing",
        "Lysing, Halldora",
        "LYSING Halldora",
    ],
)
def test_a_flag_is_found_as_readers_see_the_text(text: str) -> None:
    watch = Watch([(RiskKind.WITNESS, "Halldora Lysing")])
    [finding] = watch.findings([Words("update", "en", "body", text)])
    assert finding.kind is RiskKind.WITNESS


def test_a_plain_hit_hides_none_that_only_readers_see() -> None:
    watch = Watch([(RiskKind.WITNESS, "Marcos Lemus"), (RiskKind.PLACE, "north coast")])
    text = "Marcos Lemus, *Marcos* Lemus and Lemus, Marcos lived on the north coast: north-coast."
    told = [each.found for each in watch.findings([Words("update", "en", "body", text)])]
    names = ["Marcos Lemus", "Marcos Lemus", "Lemus Marcos"]
    assert sorted(told) == sorted([*names, "north coast", "north coast"])


def test_what_only_looks_like_a_flag_is_not_found() -> None:
    watch = Watch([(RiskKind.WITNESS, "Halldora Lysing"), (RiskKind.PLACE, "north coast")])
    texts = ["Halldora spoke. Lysing did not.", "The coast north of here", "Halldora A. Lysing"]
    assert watch.findings(Words("update", "en", "body", text) for text in texts) == []
