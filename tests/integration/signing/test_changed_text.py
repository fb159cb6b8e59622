"""Our text is changed after the page Check showed a letter, and before the letter is signed."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.models.campaign import Campaign, LetterTemplate
from campaign.models.signature import Signature
from tests.factories import make_campaign, make_letter_template
from tests.integration.signing.conftest import FORM
from tests.integration.signing.test_steps import Fields

Signatures = Callable[[], list[Signature]]
Mails = Callable[[], list[dict[str, Any]]]
_SAYS = "We changed this letter after we showed it to you."


def checked(client: FlaskClient, case: str, **values: object) -> dict[str, list[str]]:
    """What the page Check sends when its letter is signed."""
    page = client.post(f"{case}/check", data={**FORM, **values})
    assert page.status_code == 200
    assert _SAYS not in page.text
    return Fields(page.text).with_answers()


def correct(
    session: Session, campaign: Campaign, locale: str, change: Callable[[LetterTemplate], None]
) -> None:
    newer = make_letter_template(locale, version=2)
    change(newer)
    campaign.templates.append(newer)
    session.commit()


def change_opening(template: LetterTemplate) -> None:
    template.opening = "This opening is new."


def change_closing(template: LetterTemplate) -> None:
    template.closing = "This closing is new."


def change_point(key: str) -> Callable[[LetterTemplate], None]:
    def change(template: LetterTemplate) -> None:
        [point] = [point for point in template.points if point.key == key]
        point.text = "This point is new."

    return change


def need_another_point(template: LetterTemplate) -> None:
    template.points[2].required = True


def test_who_has_signed_gets_the_email_once_more_whatever_changed_since(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, mails: Mails
) -> None:
    sent = checked(client, case)
    assert client.post(f"{case}/sign", data=sent).status_code == 303
    correct(session, campaign, "en", change_opening)
    assert client.post(f"{case}/sign", data={**sent, "again": "1"}).status_code == 303
    assert len(mails()) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (change_opening, "This opening is new."),
        (change_closing, "This closing is new."),
        (change_point("protect"), "This point is new."),
        (change_point("investigate"), "This point is new."),
        (need_another_point, "publicly that her work is lawful"),
    ],
)
def test_a_changed_text_is_shown_before_it_is_signed(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    case: str,
    signatures: Signatures,
    change: Callable[[LetterTemplate], None],
    words: str,
) -> None:
    form = checked(client, case)
    correct(session, campaign, "en", change)
    page = client.post(f"{case}/sign", data=form)
    assert page.status_code == 422
    assert signatures() == []
    for text in (_SAYS, words, FORM["own_words"], "Maëlle Tremblay"):
        assert str(text) in page.text
    again = Fields(page.text).with_answers()
    for name, value in FORM.items():
        assert again[name] == (value if isinstance(value, list) else [value])
    assert client.post(f"{case}/sign", data=again).status_code == 303
    [signature] = signatures()
    assert signature.letters[0].template.version == 2


@pytest.mark.parametrize("is_changed", [False, True])
def test_the_page_check_says_that_our_text_changed_since_the_page_write(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, is_changed: bool
) -> None:
    written = Fields(client.get(f"{case}/write").text).with_answers()
    if is_changed:
        correct(session, campaign, "en", change_opening)
    you = client.post(f"{case}/you", data=written | {"points": FORM["points"]})
    details = Fields(you.text).with_answers()
    page = client.post(f"{case}/check", data=details | {**FORM})
    assert page.status_code == 200
    assert (_SAYS in page.text) is is_changed
    # It is said once: this page has shown the letter as it is.
    again = client.post(f"{case}/check", data=Fields(page.text).with_answers())
    assert _SAYS not in again.text


def test_of_a_rewritten_letter_the_opening_is_not_ours_on_the_page_check_either(
    client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session, full_text_edit=True)
    session.commit()
    case = f"/en/actions/{campaign.slug}"
    text = {"full_text": "Please have Amara Okafor protected. I ask it of you."}
    page = client.post(f"{case}/write", data={**FORM, **text})
    written = Fields(page.text).with_answers()
    correct(session, campaign, "en", change_opening)
    check = client.post(f"{case}/check", data={**FORM, **written, **text})
    assert check.status_code == 200
    assert _SAYS not in check.text


def change_name(campaign: Campaign) -> None:
    campaign.person_name = "Amara Okafor-Ruiz"


def change_addressee(campaign: Campaign) -> None:
    campaign.targets[0].official.name = "Bo Lindqvist"


@pytest.mark.parametrize("change", [change_name, change_addressee])
def test_also_what_the_text_is_filled_with_is_ours(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    case: str,
    change: Callable[[Campaign], None],
) -> None:
    form = checked(client, case)
    change(campaign)
    correct(session, campaign, "fr", lambda _template: None)
    page = client.post(f"{case}/sign", data=form)
    assert (page.status_code, _SAYS in page.text) == (422, True)


def test_what_is_not_printed_for_her_does_not_stop_her(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, signatures: Signatures
) -> None:
    form = checked(client, case)
    correct(session, campaign, "en", change_point("recognise"))
    correct(session, campaign, "fr", change_opening)
    campaign.editions[0].title = "Another title"
    session.commit()
    assert client.post(f"{case}/sign", data=form).status_code == 303
    assert len(signatures()) == 1


def test_a_rewritten_letter_prints_nothing_of_the_opening(
    client: FlaskClient, session: Session, signatures: Signatures
) -> None:
    campaign = make_campaign(session, full_text_edit=True)
    session.commit()
    text = "Please have Amara Okafor protected. I ask it of you."
    form = checked(client, f"/en/actions/{campaign.slug}", full_text=text)
    correct(session, campaign, "en", change_opening)
    assert client.post(f"/en/actions/{campaign.slug}/sign", data=form).status_code == 303
    assert len(signatures()) == 1


def test_the_translation_is_printed_too(client: FlaskClient, session: Session) -> None:
    campaign = make_campaign(session, letter_locales=["es", "en"], print_translation=True)
    session.commit()
    case = f"/en/actions/{campaign.slug}"
    form = checked(client, case)
    correct(session, campaign, "es", change_opening)
    page = client.post(f"{case}/sign", data=form)
    assert (page.status_code, _SAYS in page.text) == (422, True)


def test_who_sends_the_contracts_fields_alone_is_not_asked(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, signatures: Signatures
) -> None:
    client.post(f"{case}/check", data=FORM)
    correct(session, campaign, "en", change_opening)
    assert client.post(f"{case}/sign", data=FORM).status_code == 303
    assert len(signatures()) == 1


def test_what_was_signed_stays_until_it_is_confirmed(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, mails: Mails
) -> None:
    client.post(f"{case}/sign", data=checked(client, case))
    correct(session, campaign, "en", change_opening)
    page = client.get(re.sub(r"^https?://[^/]+", "", mails()[-1]["link"])).text
    assert "Is this your letter?" in page
    assert "This opening is new." not in page
