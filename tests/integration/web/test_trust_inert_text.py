"""What somebody types stays text: in every field, on the web, in mails, in PDFs.

A corpus of strings that break out of a text, an attribute, an address, a script, a style, a comment
or a template where something is escaped wrongly or not at all. Pages are judged as a browser reads
them (html5lib), not by looking for the string.
"""

import io
from dataclasses import replace
from itertools import product
from typing import Any
from urllib.parse import quote

import html5lib
import pikepdf
import pypdfium2
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.record_change import record_change
from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.campaign import Campaign
from tests.integration.signing.conftest import FORM
from tests.integration.tracking.conftest import sign
from tests.integration.tracking.test_mails import MAILS
from tests.integration.web.test_trust_links_and_limits import crawl, links_in_mails

pytestmark = pytest.mark.usefixtures("fresh_pages")

CORPUS = [
    "<script>alert(1)</script>",
    "<ScRiPt/x>alert(1)</sCrIpT>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover='alert(1)",
    "` onclick=alert(1) `",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "<math><mi xlink:href=data:x,alert(1)>x",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0>",
    "<style>@import '//evil.example'</style>",
    "</style><script>alert(1)</script>",
    "<form><button formaction=javascript:alert(1)>x",
    "<details open ontoggle=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x onerror=alert(1)&#62;",
    "javascript:alert(1)",
    "{{7*7}}{% print 1 %}${7*7}#{7*7}",
    "((name.__class__)) ((person))",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
]
BATCHES = [CORPUS[start::3] for start in range(3)]
"""An application is made for each test: a few strings share one."""
_FORBIDDEN = {"iframe", "object", "embed", "base", "svg", "math", "style"}
_ADDRESSES = {"href", "src", "action", "formaction", "srcdoc", "data", "poster", "xlink:href"}
_SCHEMES = ("javascript:", "data:", "vbscript:")


def faults(page: str) -> list[str]:
    """What in a page could run, load or lead elsewhere that our templates never write."""
    problems: list[str] = []
    tree = html5lib.parse(page, treebuilder="etree", namespaceHTMLElements=False)
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        tag = element.tag.rpartition("}")[2]
        runs = tag == "script" and not element.get("src")
        if tag in _FORBIDDEN or (runs and element.get("type") != "application/ld+json"):
            problems.append(f"<{tag}>")
        if tag == "meta" and element.get("http-equiv"):
            problems.append("<meta http-equiv>")
        for name, value in element.attrib.items():
            address = "".join(value.split()).casefold()
            if name.startswith("on") or name == "style":
                problems.append(f"{name}={value}")
            if name in _ADDRESSES and (address.startswith(_SCHEMES) or "//evil" in address[:8]):
                problems.append(f"{name}={value}")
    return problems


def test_faults_are_found() -> None:
    page = "<p style=x onclick=y><a href=' java\nscript:z'>x</a><script>1</script><svg></svg>"
    assert len(faults(page)) == 5
    assert faults("<p>&lt;script&gt; <a href='/x'>javascript:</a>") == []


@pytest.mark.parametrize("texts", BATCHES)
def test_in_every_field_of_every_public_form(
    client: FlaskClient, case: str, texts: list[str]
) -> None:
    for text in texts:
        _try_in_every_field_of_every_public_form(client, case, text, whole=text is texts[0])


def _try_in_every_field_of_every_public_form(
    client: FlaskClient, case: str, text: str, *, whole: bool
) -> None:
    evil = dict.fromkeys(FORM, text) | {
        "full_text": text,
        "source": text,
        "work": text,
        "move": text,
        "order": text,
        "consent_updates": text,
        "consent_network": text,
        "rewrite": text,
    }
    words = {**FORM, "given_name": f"A{text}", "own_words": text, "locality": f"A{text}"}
    for form in (evil, words, *([{**words, "points": []}] if whole else [])):
        for step in ("write", "you", "check", "preview", "sign"):
            page = client.post(f"{case}/{step}", data=form)
            assert page.status_code in {200, 303, 422}, (step, page.status_code)
            assert faults(page.text) == [], step
    network = dict.fromkeys(
        (
            "email",
            "frequency",
            "country_scope",
            "countries",
            "theme_scope",
            "themes",
            "languages",
            "consent",
            "locale",
        ),
        text,
    )
    for address, form in (("/en/network", network), ("/en/my-letters", {"email": text})):
        page = client.post(address, data=form)
        assert page.status_code == 422
        assert faults(page.text) == [], address


@pytest.mark.parametrize("texts", BATCHES)
def test_in_every_address(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, texts: list[str]
) -> None:
    campaign.embed_hosts = ["partner.example"]
    record_change(session, campaign, "command", "campaign.reach")
    session.commit()
    assert client.get(f"{case}/embed").status_code == 200
    for text in texts:
        _try_in_every_address(client, case, text)


def _try_in_every_address(client: FlaskClient, case: str, text: str) -> None:
    evil = quote(text, safe="")
    for address in (
        *(f"/en/?{name}={evil}" for name in ("q", "country", "theme", "language", "page")),
        *(f"/en/archive?{name}={evil}" for name in ("q", "country", "theme", "page")),
        f"/en/updates?page={evil}",
        f"{case}?from={evil}",
        f"{case}/embed?from={evil}",
        f"{case}/write?letter={evil}&from={evil}",
        f"{case}/sheet.pdf?paper={evil}",
        f"/{evil}/",
        f"/en/actions/{evil}",
        f"/en/letter/{evil}",
        f"/en/my-letters/{evil}",
        f"/en/network/{evil}",
    ):
        page = client.get(address)
        assert page.status_code in {200, 301, 302, 308, 404}, address
        assert faults(page.text) == [], address


@pytest.mark.parametrize("texts", BATCHES)
def test_in_what_organizers_publish(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, texts: list[str]
) -> None:
    for text in texts:
        _publish(session, campaign, text)
        for address in ("/en/", case, f"{case}/outcome", f"{case}/embed", f"{case}/write"):
            page = client.get(address)
            assert page.status_code == 200, address
            assert faults(page.text) == [], address
    _publish(session, campaign, " ".join(texts))
    for name in ("poster.pdf", "sheet.pdf"):
        paper = client.get(f"{case}/{name}")
        assert paper.mimetype == "application/pdf"
        assert_plain(paper.data)


def _publish(session: Session, campaign: Campaign, text: str) -> None:
    campaign.person_name = text
    campaign.embed_hosts = ["partner.example"]
    for edition in campaign.editions:
        edition.title = edition.summary = edition.background = edition.outcome = text
        edition.asks = [text]
    record_change(session, campaign, "command", "campaign.edit")
    session.commit()


def test_on_the_pages_of_a_supporter(
    client: FlaskClient, session: Session, settings: Settings, campaign: Campaign
) -> None:
    text = " ".join(CORPUS)
    words = dict.fromkeys(("family_name", "locality", "region", "own_words"), text)
    signature = sign(session, campaign, email="ana@example.org", given_name=f"A{text}", **words)
    client.post("/en/my-letters", data={"email": "ana@example.org"})
    session.rollback()
    pages = crawl(client, {f"/en/letter/token-{signature.id}", *links_in_mails(session, settings)})
    shown = [page for page in map(client.get, sorted(pages)) if page.mimetype == "text/html"]
    assert sum("alert(1)" in page.text for page in shown) > 2
    assert [faults(page.text) for page in shown if faults(page.text)] == []


@pytest.mark.parametrize("texts", BATCHES)
def test_in_every_mail(session: Session, settings: Settings, texts: list[str]) -> None:
    for number, (text, mail) in enumerate(product(texts, MAILS)):
        facts = {name: _evil(name, value, text) for name, value in mail.values().items()}
        assert replace(mail, **facts).send(session, to=f"ana{number}@example.org", locale="en")
    rows = session.scalars(select(OutboxMail)).all()
    assert len(rows) == len(texts) * len(MAILS)
    for row in rows:
        message = render(row, settings)
        body: Any = message.get_body(("html",))
        # A mail has no style sheet of its own: what it looks like stands in it.
        parts = [
            fault for fault in faults(body.get_content()) if not fault.startswith(("style=", "<st"))
        ]
        assert [fault for fault in parts if fault != "<meta http-equiv>"] == []
        assert "\n" not in str(message["Subject"])


@pytest.mark.parametrize("texts", BATCHES)
def test_in_a_letter_as_pdf(client: FlaskClient, case: str, texts: list[str]) -> None:
    for text in texts:
        _try_in_a_letter_as_pdf(client, case, text)


def _try_in_a_letter_as_pdf(client: FlaskClient, case: str, text: str) -> None:
    form = {**FORM, "given_name": f"A{text}", "own_words": text}
    response = client.post(f"{case}/preview.pdf", data=form)
    if response.status_code == 422:  # a sentence says what does not belong into a letter
        assert faults(response.text) == []
        return
    assert response.mimetype == "application/pdf"
    assert_plain(response.data)
    document = pypdfium2.PdfDocument(response.data)
    printed = "".join(page.get_textpage().get_text_bounded() for page in document)
    document.close()
    assert "".join(text.split())[:12] in "".join(printed.split())


def assert_plain(body: bytes) -> None:
    """A PDF that shows something and does nothing."""
    with pikepdf.open(io.BytesIO(body)) as document:
        for part in document.objects:
            if isinstance(part, pikepdf.Dictionary):
                assert not {"/JS", "/JavaScript", "/AA", "/Launch", "/EmbeddedFiles"} & set(part)
                assert part.get("/S") not in {"/JavaScript", "/Launch", "/URI", "/SubmitForm"}


def _evil(name: str, value: object, text: str) -> object:
    """A text of the mail's context in place of what stands there; links and codes stay."""
    coded = name in {"what", "lang", "outcome", "unsubscribe", "link"} or name.endswith("_url")
    return text if isinstance(value, str) and not coded else value
