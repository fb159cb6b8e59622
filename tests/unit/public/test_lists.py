"""How lists are searched, how far a count is shown, and in which words a deadline is said."""

from datetime import UTC, date, datetime

import pytest

from campaign.campaigns.content.options import host_of
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    Edition,
    StopKind,
    Update,
    UpdateEdition,
    UpdateKind,
)
from campaign.public.case_lists import CaseChoices, Wish, board_of, case_row, searching
from campaign.public.case_page import first_line, next_round, progress_of
from campaign.public.deadline import deadline_of, say_days_left
from campaign.public.share_links import clean_source, with_source

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def a_campaign(number: int = 1, **facts: object) -> Campaign:
    values: dict[str, object] = {
        "id": number,
        "public_id": f"public-{number}",
        "slug": f"ua-{number}-26",
        "reference": f"UA {number}/26",
        "index_number": "",
        "country": "MX",
        "status": CampaignStatus.OPEN,
        "status_reasons": {},
        "stop_kind": StopKind.HARM,
        "themes": ["defenders"],
        "act_by": date(2026, 12, 4),
        "changed_at": NOW,
        "person_name": "Łucja Peña",
        "default_locale": "en",
        "letter_locales": ["es", "en"],
        "editions": [Edition(locale="en", title="A river", summary="She names it.", outcome="")],
    }
    return Campaign(**({"timezone": "UTC"} | values | facts))


def row(**facts: object):  # type: ignore[no-untyped-def]
    return case_row(a_campaign(**facts), "en", count=0, now=NOW)


@pytest.mark.parametrize(
    "words",
    [
        "pena",
        "PEÑA",
        "lucja  pena",
        "river łucja",
        "mexico",
        "1/26",
        "human-rights",
        "naming",
        "Méxicó",
    ],
)
def test_a_search_looks_past_case_and_accents_and_at_every_word(words: str) -> None:
    matches = searching(words)(row())
    assert matches is (words != "naming")


def test_filters_leave_out_and_what_is_mistyped_finds_nothing() -> None:
    rows = (row(), row(number=2, country="CO", themes=["women"], letter_locales=["en"]))
    asked = Wish.of({"country": "co", "theme": "women", "language": "en", "page": "1"})
    assert [listed.slug for listed in asked.among(rows)] == ["ua-2-26"]
    assert Wish.of({"theme": "no-such"}).among(rows) == []
    assert [len(Wish.of({"language": code}).among(rows)) for code in ("en", "es", "xx")] == [
        2,
        1,
        0,
    ]
    assert [code for code, _ in CaseChoices.of(rows, "en").countries] == ["CO", "MX"]


@pytest.mark.parametrize("number", ["0", "-1", "x", "1" * 9, "²", "", "1.5"])
def test_a_page_that_is_no_number_is_the_first(number: str) -> None:
    assert Wish.of({"page": number}).page == 1


def test_the_nearest_last_day_stands_first_and_the_newest_of_the_ended() -> None:
    cases = [
        a_campaign(1, act_by=None, issued_on=date(2026, 1, 1)),
        a_campaign(2, act_by=date(2026, 12, 24)),
        a_campaign(3, act_by=date(2026, 11, 25)),
        a_campaign(4, act_by=date(2026, 11, 20), issued_on=date(2026, 3, 1)),
        a_campaign(5, status=CampaignStatus.CLOSED, issued_on=date(2026, 5, 1)),
    ]
    board = board_of(cases, dict.fromkeys(range(1, 6), 0), "en", NOW)
    assert [listed.slug for listed in board.current] == ["ua-3-26", "ua-2-26", "ua-1-26"]
    assert [listed.slug for listed in board.ended] == ["ua-5-26", "ua-4-26"]


def test_an_ended_case_says_how_it_ended_by_the_best_that_is_known() -> None:
    answer, told = (
        Update(
            kind=kind,
            happened_on=date(2026, 11, 1),
            editions=[UpdateEdition(locale="en", title=title, body="")],
        )
        for kind, title in (
            (UpdateKind.REPLY, "The governor replied"),
            (UpdateKind.OUTCOME, "Free"),
        )
    )
    edition = Edition(locale="en", title="T", summary="S", outcome="She is **free**.\n\nMore.")
    closed = {"status": CampaignStatus.CLOSED}
    assert (
        row(**closed, status_reasons={"en": "The work is done."}).ending.text == "The work is done."
    )
    assert row(**closed, updates=[told, answer]).ending.text == "Free"
    assert row(**closed, updates=[answer]).ending.text == "", "an answer is no end"
    assert row(**closed, editions=[edition]).ending.text == "She is free."
    assert row(status_reasons={"en": ""}, editions=[edition]).ending.text == ""
    past = {"act_by": date(2026, 11, 20), "editions": [edition]}
    by_calendar = closed | past | {"closed_at": NOW}
    assert row(**by_calendar).ending.text == "", "the text was written before the end"
    assert row(**past).ending.text == "", "nor in the minutes before it is closed"
    assert row(**by_calendar, updates=[told]).ending.text == "Free"


def test_a_long_line_is_cut_at_a_word() -> None:
    line = first_line("word " * 100, most=50)
    assert line.endswith("word…")
    assert len(line) <= 50


@pytest.mark.parametrize(
    ("count", "goal"),
    [(0, 10), (24, 25), (25, 50), (99, 100), (100, 250), (999, 1000), (35000, 50000)],
)
def test_the_next_round_number_is_ahead(count: int, goal: int) -> None:
    assert next_round(count) == goal


def test_a_bar_stands_only_where_it_says_something() -> None:
    assert progress_of(24, takes_letters=True) is None
    assert progress_of(37, takes_letters=False) is None
    bar = progress_of(37, takes_letters=True)
    assert bar is not None
    assert (bar.count, bar.goal) == (37, 50)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "Today is the last day"),
        (1, "One day left"),
        (9, "Nine days left"),
        (12, "Twelve days left"),
        (13, "13 days left"),
        (1300, "1,300 days left"),
    ],
)
def test_the_days_left_are_said_in_words(days: int, words: str) -> None:
    assert say_days_left(days, "en") == words


def test_a_day_that_is_over_leaves_none() -> None:
    over, left = (deadline_of(date(2026, 11, day), "en", NOW, "Etc/GMT+12") for day in (23, 25))
    assert over is not None
    assert left is not None
    assert (over.left, left.left) == ("", "One day left")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("partner.example", "partner.example"),
        (" Poster ", "poster"),
        ("a" * 60, "a" * 60),
        ("a" * 61, ""),
        ('x"><script>', ""),
        ("a b", ""),
        ("-a", ""),
        ("", ""),
        ("é", ""),
        ("a\n", "a"),
    ],
)
def test_a_source_is_a_host_or_a_word_or_nothing(text: str, kept: str) -> None:
    assert clean_source(text) == kept


def test_a_source_goes_on_with_the_link_alone() -> None:
    page = b'<a href="/en/x/write">a</a><a href="/en/x/write?b">b</a>'
    assert with_source(page, "/en/x/write", "poster") == (
        b'<a href="/en/x/write?from=poster">a</a><a href="/en/x/write?b">b</a>'
    )


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("https://www.Example.org/path?x", "www.example.org"),
        ("example.org.", "example.org"),
        ("https://www.müller.example", "www.xn--mller-kva.example"),
        ("localhost", ""),
        ("*", ""),
        ("*.example.org", ""),
        ("example.org;", ""),
        ("'self'", ""),
        ("a b.org", ""),
        ("127.0.0.1", ""),
        ("example.org script-src", ""),
        (f"{'a' * 60}.org", ""),
    ],
)
def test_a_host_is_taken_from_what_was_pasted_or_refused(typed: str, host: str) -> None:
    assert host_of(typed) == host
