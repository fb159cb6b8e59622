"""In which coding bytes are sent to whom."""

import pytest
from flask import Flask

from campaign.web.compress import accepted_coding


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, br", "br"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.0, gzip;q=0.000", ""),
        ("gzip;q=0.001", "gzip"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("*;q=0", ""),
        ("identity", ""),
        ("identity;q=1, br;q=0.5", ""),
        ("identity;q=0.5, gzip", "gzip"),
        ("deflate", ""),
        ("", ""),
        ("gzip;q=, ;;,=", "gzip"),
        ("brotli, gzipped", ""),
    ],
)
def test_what_is_wanted_most_and_understood(accepted: str, coding: str) -> None:
    with Flask(__name__).test_request_context(headers={"Accept-Encoding": accepted}):
        assert accepted_coding() == coding
