"""What somebody typed keeps its first letter where our own words above a heading begin large."""

import re

from campaign.core.asset_paths import folder


def test_a_file_s_name_above_a_heading_is_shown_as_it_is() -> None:
    css = (folder("static") / "css" / "public.css").read_text("utf-8")
    assert ".kicker>bdi{display:inline-block}" in css  # of which ::first-letter does not begin
    kickers = [
        kicker
        for path in folder("templates").rglob("*.html")
        for kicker in re.findall(r"block kicker %}(.*?){% endblock", path.read_text("utf-8"))
        if "file_name" in kicker
    ]
    assert kickers
    assert [kicker for kicker in kickers if not kicker.startswith("<bdi>")] == []
