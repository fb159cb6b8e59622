"""Where sign-in may lead: to a page of the desk, and nowhere else."""

import pytest

from campaign.staff.sessions import safe_next_page


@pytest.mark.parametrize(
    "wanted",
    [
        "/desk/",
        "/desk/account",
        "/desk/campaigns/ua-58-20?status=open&page=2",
        "/desk/bundles/?mission=mexico-ottawa",
    ],
)
def test_a_page_of_the_desk_is_taken(wanted: str) -> None:
    assert safe_next_page(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        "//evil.example/desk/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https://evil.example/desk/",
        "/desk//evil.example",
        "/desk/../../outbox",
        "/desk/\\..",
        "/desk/%5cevil.example/../..",
        "javascript:alert(1)",
        "/outbox/",
        "desk/",
        " /desk/",
        "/desk/\r\nSet-Cookie: a=b",
        "/desk/account\n",
        "/desk/\u2028",
    ],
)
def test_anything_else_leads_to_the_first_page(wanted: str | None) -> None:
    assert safe_next_page(wanted) == "/desk/"
