"""Which days a chart is of."""

from datetime import date, timedelta

from campaign.dashboard.charts import span_of

FIRST = date(2026, 3, 2)


def test_the_axis_keeps_to_the_days_of_the_campaign() -> None:
    day = timedelta(days=1)
    today, long_ago = FIRST + 30 * day, date(2018, 11, 20)
    signed = [FIRST, FIRST + 3 * day]
    assert span_of(signed, opened=FIRST - 5 * day, ended=None, today=today) == (
        FIRST - 5 * day,
        today,
    )
    assert span_of(signed, opened=long_ago, ended=None, today=today) == (FIRST, today)
    stray = [long_ago, *signed, date(2062, 1, 1)]
    assert span_of(stray, opened=FIRST, ended=None, today=today) == (FIRST, today)
    ended = FIRST + 2 * day
    assert span_of(stray, opened=FIRST, ended=ended, today=today) == (FIRST, FIRST + 3 * day)
    assert span_of([], opened=long_ago, ended=None, today=today) == (today, today)
