"""The summary above a form lists as many answers as it counts, in the reader's words."""

import re

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
def test_the_summary_lists_what_it_counts(client: FlaskClient, lang: str) -> None:
    page = client.post(f"/{lang}/network", data={"email": "", "frequency": "each"}).text
    summary = re.search(r'<div class="error-summary.*?</div>', page, re.DOTALL)
    assert summary is not None
    assert summary.group().count("<li>") == 2
    assert re.search(r"<h2[^>]*>[^<]*(2|إجابتين)", summary.group())
    assert "Consent" not in summary.group()
