"""Traces and conditions: what counts as one address, what fits."""

import os
from datetime import UTC, datetime

import pytest

from campaign.core.sealing import Keyring
from campaign.signing.checks.conditions import Conditions, tidy_address, tidy_domain, tidy_network
from campaign.signing.checks.origin import domain_of, make_trace, marks_of, parse_trace, places_of

KEYS = Keyring(b"k" * 32)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7", ("203.0.113.7", "203.0.113.0/24")),
        ("2001:db8:1:2:3::9", ("2001:db8:1:2::/64", "2001:db8:1::/48")),
        ("::ffff:203.0.113.7", ("203.0.113.7", "203.0.113.0/24")),
        ("unix:", ("", "")),
        ("", ("", "")),
    ],
)
def test_an_address_and_the_network_around_it(address: str, expected: tuple[str, str]) -> None:
    assert places_of(address) == expected


def test_a_trace_comes_back_as_it_was_and_is_one_line_each() -> None:
    for address in ("203.0.113.7", "2001:db8:1:2:3::9"):
        trace = make_trace(address, "Mo\nzilla\x00/5.0" + "x" * 900)
        assert "\n" not in trace.agent
        assert len(trace.agent) <= 300
        assert parse_trace(trace.text) == trace
    assert make_trace("", "").text is None


def test_marks_are_equal_for_equal_origins_and_for_no_others() -> None:
    marks = marks_of(KEYS, make_trace("203.0.113.7", "A"), "x@Example.ORG")
    same = marks_of(KEYS, make_trace("203.0.113.8", "A"), "y@example.org")
    other = marks_of(Keyring(os.urandom(32)), make_trace("203.0.113.7", "A"), "x@example.org")
    assert marks["network_mark"] == same["network_mark"]
    assert marks["address_mark"] != same["address_mark"]
    assert (marks["domain_mark"], marks["agent_mark"]) == (same["domain_mark"], same["agent_mark"])
    assert set(marks.values()).isdisjoint(other.values())
    assert {len(mark or b"") for mark in marks.values()} == {16}
    assert set(marks_of(KEYS, make_trace("", ""), "").values()) == {None}


def test_conditions_are_stored_whole() -> None:
    asked = Conditions(
        domains=("example.org",),
        networks=("203.0.113.0/24",),
        agents=("bot/*",),
        since=datetime(2026, 3, 1, 4, 5, tzinfo=UTC),
        name="x* test",
        similar_to="a b c d",
        unconfirmed=True,
    )
    assert Conditions.from_json(asked.to_json()) == asked
    assert Conditions(unconfirmed=True).are_empty
    assert not Conditions(until=datetime(2026, 3, 1, tzinfo=UTC)).are_empty


@pytest.mark.parametrize(
    ("asked", "who"),
    [
        (Conditions(domains=("example.org",)), True),
        (Conditions(networks=("203.0.113.0/24",)), True),
        (Conditions(addresses=("203.0.113.7",)), True),
        (Conditions(agents=("bot/*", "bot")), True),
        (Conditions(name="x*"), True),
        (Conditions(similar_to="a b c d"), True),
        (Conditions(), False),
        (Conditions(since=NOON, until=NOON, unconfirmed=True), False),
        (Conditions(since=NOON, name="* **"), False),
        (Conditions(since=NOON, agents=("bot/1.0", "*")), False),
        (Conditions(name="*", domains=("example.org",)), True),
    ],
)
def test_who_comes_is_meant_only_where_conditions_say_who(asked: Conditions, who: bool) -> None:
    assert asked.tell_who is who
    if not who:
        trace = make_trace("203.0.113.7", "bot/1.0").text
        assert not asked.fit_newcomer(
            name="Xan Test", email="x@example.org", trace=trace, text="a b c d", keyring=KEYS
        )


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [("x* test", True), ("XÄN*", True), ("xan tést", True), ("xan", False), (".*", False)],
)
def test_a_name_fits_whole(pattern: str, fits: bool) -> None:
    assert Conditions(name=pattern).fit_name("Xan  Test") is fits


def test_any_value_of_a_kind_and_every_kind_must_fit() -> None:
    asked = Conditions(domains=("a.example", "b.example"), networks=("203.0.113.0/24",))
    trace = make_trace("203.0.113.7", "bot/1.0").text
    assert asked.fit_origin("x@b.example", trace)
    assert not asked.fit_origin("x@c.example", trace)
    assert not asked.fit_origin("x@b.example", make_trace("198.51.100.1", "").text)
    assert not asked.fit_origin("x@b.example", None)
    assert Conditions(agents=("BOT/*",)).fit_origin("x@y.example", trace)
    assert not Conditions(agents=("bot",)).fit_origin("x@y.example", trace)


def test_words_fit_that_say_nearly_the_same() -> None:
    words = "Stop this foolish campaign right now, all of you are liars and everybody knows."
    asked = Conditions(similar_to=words)
    assert asked.fit_words(words + " Really.", KEYS)
    assert not asked.fit_words("I have followed this case for a year and ask for protection.", KEYS)
    assert not asked.fit_words("", KEYS)


@pytest.mark.parametrize("text", ["", "x", "example", "a b.example", "1.2.3.4/99999x"])
def test_what_is_no_domain_or_network_is_refused(text: str) -> None:
    assert tidy_network(text) is None or text.startswith("1.2.3.4")
    assert tidy_domain(text) is None or text.startswith("1.2.3.4")


def test_what_is_typed_is_kept_in_one_form() -> None:
    assert tidy_network(" 203.0.113.77 ") == tidy_network("203.0.113.0/24") == "203.0.113.0/24"
    assert tidy_address("2001:db8:1:2:3::9") == tidy_address("2001:db8:1:2::/64")
    assert tidy_domain("@Flood.Example") == tidy_domain("x@flood.example.") == "flood.example"
    assert domain_of("A@B@Example.org") == "example.org"
