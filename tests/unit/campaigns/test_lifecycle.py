"""The life of a campaign, as rules."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.campaigns import lifecycle
from campaign.core.errors import Refused
from campaign.models.campaign import CampaignStatus, UpdateKind

DRAFT, REVIEW, SCHEDULED, OPEN, CLOSED, STOPPED = CampaignStatus
HIDDEN = {DRAFT, REVIEW, SCHEDULED}
DAY = date(2026, 12, 4)
OVER = datetime(2026, 12, 5, 12, tzinfo=UTC)
"""4 December ends at UTC-12 at noon of the 5th in UTC."""
ALLOWED = {
    (DRAFT, REVIEW),
    (DRAFT, SCHEDULED),
    (DRAFT, OPEN),
    (REVIEW, DRAFT),
    (REVIEW, SCHEDULED),
    (REVIEW, OPEN),
    (SCHEDULED, DRAFT),
    (SCHEDULED, REVIEW),
    (SCHEDULED, OPEN),
    (OPEN, CLOSED),
    (OPEN, STOPPED),
    (CLOSED, OPEN),
    (CLOSED, STOPPED),
}
EVERY_PAIR = list(product(CampaignStatus, CampaignStatus))


@pytest.mark.parametrize(("before", "after"), EVERY_PAIR)
def test_only_the_moves_of_its_life_are_allowed(
    before: CampaignStatus, after: CampaignStatus
) -> None:
    assert lifecycle.may_move(before, after) == ((before, after) in ALLOWED)


@given(st.lists(st.sampled_from(CampaignStatus), max_size=30))
def test_whatever_is_tried_a_stop_is_final_and_what_was_public_is_never_hidden_again(
    tried: list[CampaignStatus],
) -> None:
    status, lived = DRAFT, [DRAFT]
    for wanted in tried:
        if not lifecycle.may_move(status, wanted):
            with pytest.raises(Refused) as refused:
                lifecycle.check_move(status, wanted)
            assert refused.value.data == {"before": status.value, "after": wanted.value}
            continue
        lifecycle.check_move(status, wanted)
        status = wanted
        lived.append(status)
    if STOPPED in lived:
        assert lived.index(STOPPED) == len(lived) - 1
    public = [lifecycle.is_public(state) for state in lived]
    assert public == sorted(public)
    assert all(lifecycle.is_public(state) != lifecycle.is_rehearsal(state) for state in lived)


@pytest.mark.parametrize("second_person", [False, True])
@pytest.mark.parametrize("is_writer", [False, True])
@pytest.mark.parametrize("status", CampaignStatus)
def test_the_desk_offers_no_move_that_would_be_refused(
    status: CampaignStatus, is_writer: bool, second_person: bool
) -> None:
    offered = lifecycle.moves_by_hand(status, second_person=second_person, is_writer=is_writer)
    for after in offered:
        lifecycle.check_move(status, after)
        if second_person:
            actor = "staff:1" if is_writer else "staff:2"
            lifecycle.check_second_person(status, after, writer="staff:1", actor=actor)
    assert offered or status is STOPPED


@pytest.mark.parametrize(
    ("before", "after", "actor", "slug"),
    [
        (DRAFT, OPEN, "staff:2", "needs-review"),
        (DRAFT, SCHEDULED, "staff:2", "needs-review"),
        (REVIEW, OPEN, "staff:1", "second-person"),
        (REVIEW, SCHEDULED, "staff:1", "second-person"),
        (REVIEW, OPEN, "command", "second-person"),
        (REVIEW, OPEN, "job:campaigns.open-due", "second-person"),
        (REVIEW, OPEN, "staff:2", ""),
        (REVIEW, SCHEDULED, "staff:2", ""),
        (REVIEW, DRAFT, "staff:1", ""),
        (SCHEDULED, OPEN, "job:campaigns.open-due", ""),
        (SCHEDULED, OPEN, "staff:1", ""),
        (CLOSED, OPEN, "staff:1", ""),
    ],
)
def test_who_wrote_last_does_not_open_where_a_second_person_is_asked_for(
    before: CampaignStatus, after: CampaignStatus, actor: str, slug: str
) -> None:
    refusal = ""
    try:
        lifecycle.check_second_person(before, after, writer="staff:1", actor=actor)
    except Refused as refused:
        refusal = refused.slug
    assert refusal == slug


@pytest.mark.parametrize("status", CampaignStatus)
def test_what_was_approved_and_then_changed_is_looked_at_again(status: CampaignStatus) -> None:
    assert lifecycle.after_change(status, second_person=False) is status
    expected = REVIEW if status is SCHEDULED else status
    assert lifecycle.after_change(status, second_person=True) is expected


@pytest.mark.parametrize("blockers", [0, 1])
@pytest.mark.parametrize("status", CampaignStatus)
def test_opening_needs_a_status_from_which_one_opens_and_no_blocking_gap(
    status: CampaignStatus, blockers: int
) -> None:
    may = status in {*HIDDEN, CLOSED} and not blockers
    assert lifecycle.may_open(status, blockers) is may


def test_a_letter_is_taken_until_the_day_is_over_everywhere_on_earth() -> None:
    assert lifecycle.takes_signatures(OPEN, DAY, OVER - timedelta(seconds=1))
    assert not lifecycle.takes_signatures(OPEN, DAY, OVER)
    assert lifecycle.takes_signatures(OPEN, None, OVER)


@given(st.sampled_from(CampaignStatus), st.none() | st.dates(), st.datetimes())
def test_the_calendar_closes_exactly_what_is_open_and_takes_no_more_letters(
    status: CampaignStatus, act_by: date | None, now: datetime
) -> None:
    moment = now.replace(tzinfo=UTC)
    takes = lifecycle.takes_signatures(status, act_by, moment)
    assert lifecycle.is_over(status, act_by, moment) == (status is OPEN and not takes)
    assert status is OPEN or not takes


@pytest.mark.parametrize(
    ("status", "closed_at", "takes"),
    [
        (OPEN, None, True),
        (CLOSED, OVER, True),
        (CLOSED, OVER - timedelta(seconds=1), False),
        (CLOSED, None, False),
        (STOPPED, OVER, False),
        (DRAFT, None, True),
    ],
)
def test_who_signed_on_the_last_day_may_confirm_after_the_calendar_has_closed_the_campaign(
    status: CampaignStatus, closed_at: datetime | None, takes: bool
) -> None:
    assert lifecycle.takes_confirmations(status, DAY, closed_at) is takes
    if status is CLOSED:
        assert not lifecycle.takes_confirmations(status, None, closed_at)


@pytest.mark.parametrize("is_asked", [False, True])
@pytest.mark.parametrize("kind", UpdateKind)
@pytest.mark.parametrize("status", CampaignStatus)
def test_news_is_told_while_letters_are_on_their_way_and_an_outcome_also_after_a_stop(
    status: CampaignStatus, kind: UpdateKind, is_asked: bool
) -> None:
    is_told = lifecycle.tells_signers(kind, status, is_asked=is_asked)
    if status in HIDDEN:
        assert not is_told
    elif kind is UpdateKind.OUTCOME:
        assert is_told
    else:
        assert is_told is (status is not STOPPED and (is_asked or kind is UpdateKind.REPLY))


def test_what_has_not_opened_is_hidden_from_the_public() -> None:
    assert {status for status in CampaignStatus if not lifecycle.is_public(status)} == HIDDEN


def test_the_drawing_in_the_docs_is_the_table() -> None:
    text = (Path(__file__).parents[3] / "docs/life-cycle.md").read_text("utf-8")
    drawing = text.partition("```mermaid\n")[2].partition("```")[0]
    assert drawing == lifecycle.drawing()
    arrows = re.findall(r"^    (\w+) --> (\w+)", drawing, re.MULTILINE)
    assert {(CampaignStatus(a), CampaignStatus(b)) for a, b in arrows} == ALLOWED
