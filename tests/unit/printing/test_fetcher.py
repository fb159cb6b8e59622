from pathlib import Path

import pytest
from weasyprint.urls import FatalURLFetchingError

from campaign.printing.renderer import LettersFetcher


def test_a_font_of_ours_is_served() -> None:
    response = LettersFetcher().fetch("letters:fonts/SourceSerif4-Regular.ttf")
    assert response.content_type == "font/ttf"
    assert len(response.read()) > 100_000


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://127.0.0.1/x.css",
        "https://example.org/x.ttf",
        "data:text/css,p{}",
        "ftp://example.org/x.png",
        "letters:../pyproject.toml",
        "letters:fonts/../../pyproject.toml",
        "letters:/etc/passwd",
        "letters://fonts/SourceSerif4-Regular.ttf",
        "letters:fonts/%2e%2e/print.css",
        "letters:fonts/SourceSerif4-Regular.ttf?x",
        "letters:fonts/SourceSerif4-Regular.ttf#x",
        "letters:letter.html",
        "letters:missing.css",
        "letters:fonts\\SourceSerif4-Regular.ttf",
        "LETTERS:fonts.css",
        "letters:fonts.css\x00.png",
        "letters:fonts.css\n",
        "",
    ],
)
def test_every_other_address_is_refused(url: str) -> None:
    fetcher = LettersFetcher()
    for way in (fetcher.fetch, fetcher.open, fetcher):
        with pytest.raises(FatalURLFetchingError):
            way(url)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside.css"
    outside.write_text("p {}")
    inside = tmp_path / "letters"
    inside.mkdir()
    (inside / "link.css").symlink_to(outside)
    with pytest.raises(FatalURLFetchingError):
        LettersFetcher(inside).fetch("letters:link.css")
