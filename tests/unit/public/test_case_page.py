"""What the page of a case shows, from the campaign's rows."""

from datetime import UTC, date, datetime

import pytest

from campaign.campaigns.closing_reasons import Reasons
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    Edition,
    StopKind,
    Target,
    TargetKind,
    Update,
    UpdateEdition,
    UpdateKind,
)
from campaign.models.directory import Mission, Official
from campaign.public.case_page import case_page
from campaign.public.deadline import deadline_of, say_day

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def a_campaign(**facts: object) -> Campaign:
    official = Official(name="Ines Quintero", office={"en": "Governor"}, country="MX")
    mission = Mission(name={"en": "Embassy"}, locality="Ottawa", host_country="CA")
    updates = [
        Update(
            kind=UpdateKind.GOOD_NEWS,
            happened_on=date(2026, 11, day),
            editions=[UpdateEdition(locale="en", title=f"Day {day}", body="")],
        )
        for day in (3, 9)
    ]
    values: dict[str, object] = {
        "slug": "ua-1-26",
        "reference": "UA 1/26",
        "country": "MX",
        "status": CampaignStatus.OPEN,
        "status_reasons": {},
        "stop_kind": StopKind.HARM,
        "act_by": date(2026, 12, 4),
        "person_name": "Amara Okafor",
        "default_locale": "en",
        "letter_locales": ["es", "en"],
        "editions": [Edition(locale="en", title="A title", summary="Three.", asks=["One"])],
        "targets": [Target(official=official, mission=mission, kind=TargetKind.TO)],
        "updates": updates,
    }
    return Campaign(**({"timezone": "UTC"} | values | facts))


def test_the_page_says_the_case_in_words() -> None:
    page = case_page(a_campaign(), "en", count=3, now=NOW)
    assert (page.title, page.country, page.count) == ("A title", "Mexico", 3)
    assert page.content_lang == ""
    assert page.recipients[0].mission == "Embassy, Ottawa"
    assert page.letter_languages == ("Spanish", "English")
    assert page.takes_letters


def test_a_language_without_an_edition_shows_the_default_one_and_says_which() -> None:
    page = case_page(a_campaign(), "fr", count=0, now=NOW)
    assert (page.title, page.content_lang, page.country) == ("A title", "en", "Mexique")
    assert page.posts[0].lang == "en"


def test_the_newest_post_stands_first() -> None:
    posts = case_page(a_campaign(), "en", count=0, now=NOW).posts
    assert [post.title for post in posts] == ["Day 9", "Day 3"]


@pytest.mark.parametrize("status", [CampaignStatus.CLOSED, CampaignStatus.STOPPED])
def test_an_ended_campaign_takes_no_letters(status: CampaignStatus) -> None:
    page = case_page(
        a_campaign(status=status, status_reasons={"en": "Done."}), "fr", count=0, now=NOW
    )
    assert (page.takes_letters, page.reason) == (False, ("Done.", "en"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"fr": "Libre.", "en": "Free."}, ("Libre.", "")),
        ({"fr": "", "es": "Libre.", "en": "Free."}, ("Free.", "en")),
        ({"es": "Libre."}, ("Libre.", "es")),
        ({}, ("", "")),
    ],
)
def test_a_reason_is_told_in_the_readers_language_or_the_best_other_one(
    words: dict[str, str], told: tuple[str, str]
) -> None:
    assert Reasons(StopKind.SAFE, words, "en").said_in("fr") == told


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en", "Friday 4 December"), ("fr", "vendredi 4 décembre"), ("es", "viernes 4 de diciembre")],
)
def test_a_deadline_is_said_as_people_say_it(locale: str, words: str) -> None:
    assert say_day(date(2026, 12, 4), locale, NOW) == words


def test_a_deadline_in_another_year_names_it() -> None:
    assert "2027" in say_day(date(2027, 1, 8), "en", NOW)


@pytest.mark.parametrize(
    ("day", "near", "past"),
    [
        (date(2026, 12, 4), False, False),
        (date(2026, 11, 26), True, False),
        (date(2026, 11, 24), True, False),
        (date(2026, 11, 23), False, True),
    ],
)
def test_a_deadline_stands_out_when_it_is_near(day: date, near: bool, past: bool) -> None:
    deadline = deadline_of(day, "en", NOW, "Etc/GMT+12")
    assert deadline is not None
    assert (deadline.near, deadline.past) == (near, past)


@pytest.mark.parametrize(
    ("hour", "left", "late"),
    [
        ((21, 4), "One day left", ""),  # 23:00 on the 20th in Toronto
        ((21, 5), "Today is the last day", ""),  # midnight there
        ((22, 4), "Today is the last day", ""),
        ((22, 5), "", "The deadline was Monday. You can still write for a few hours."),
        ((22, 11), "", "The deadline was Monday. You can still write for a few hours."),
        ((22, 12), "", ""),  # over everywhere
    ],
)
def test_days_are_counted_as_people_where_the_campaign_is_count_them(
    hour: tuple[int, int], left: str, late: str
) -> None:
    now = datetime(2026, 12, *hour, tzinfo=UTC)
    deadline = deadline_of(date(2026, 12, 21), "en", now, "America/Toronto")
    assert deadline is not None
    assert (deadline.left, deadline.late) == (left, late)
    assert deadline.past == (not left and not late)
    assert deadline.near is not deadline.past


def test_days_stand_in_a_sentence_as_each_language_has_them() -> None:
    assert say_day(date(2026, 12, 1), "fr", NOW) == "mardi 1er décembre"
    assert say_day(date(2027, 1, 1), "fr", NOW) == "vendredi 1er janvier 2027"
    assert say_day(date(2027, 1, 11), "fr", NOW) == "lundi 11 janvier 2027"
    assert say_day(date(2027, 1, 8), "es", NOW) == "viernes 8 de enero de 2027"
