"""Days and times as a browser writes them."""

from datetime import UTC, datetime

from wtforms import Form

from campaign.web.form_fields import MomentField


class _Form(Form):
    opens = MomentField("")


def test_a_moment_is_written_as_a_browser_writes_it() -> None:
    form = _Form(data={"opens": datetime(2026, 12, 3, 9, tzinfo=UTC)})
    assert 'value="2026-12-03T09:00"' in form.opens()
