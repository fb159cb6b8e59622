"""Browsers, as people name them."""

import pytest
from flask import Flask
from flask_babel import Babel

from campaign.screening.desk.fraud_views import say_browser


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Firefox 128 on Linux",
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 "
                "Mobile Safari/604.1"
            ),
            "Mobile Safari 18 on iOS 18",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
            "Edge 141 on Windows 10",
        ),
        ("curl/8.5.0", "curl 8"),
        ("Mozilla/5.0", ""),
        ("", ""),
        ("(" * 300, ""),
        ("<script>alert(1)</script>", ""),
    ],
)
def test_a_browser_has_the_name_that_people_know(agent: str, words: str) -> None:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        assert say_browser(agent) == words
