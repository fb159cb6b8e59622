"""Writing a letter: moving points, the guard, one page, the whole text, while it is typed."""

import json
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import LargeBinary, distinct, event, func, select, type_coerce, update
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.settings import Settings
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature, WordsPrint
from campaign.printing.printed_content import LetterContext
from campaign.signing.letter.draft import signed_letters
from tests.factories import add_confirmed, make_campaign
from tests.integration.signing.conftest import FORM
from tests.integration.signing.test_steps import Fields

Signatures = Callable[[], list[Signature]]
ALL = ["recognise", "protect", "investigate"]
REWRITTEN = (
    "My name is nobody’s business, but her life is mine.\r\n\r\n"
    "Please have Amara Okafor protected, and soon.\r\n\r\nI shall not forget her."
)


def letters_of(signature: Signature, app: Flask) -> list[LetterContext]:
    with app.app_context(), db.reading() as session:
        return list(signed_letters(session.get_one(Signature, signature.id)))


def test_points_print_in_the_order_in_which_they_came(
    client: FlaskClient, case: str, signatures: Signatures, app: Flask
) -> None:
    assert client.post(f"{case}/sign", data={**FORM, "points": ALL}).status_code == 303
    [signature] = signatures()
    assert signature.points == ALL
    [letter] = letters_of(signature, app)
    assert letter.points == (
        "Please say publicly that her work is lawful.",
        "Please have Amara Okafor protected.",
        "Please find out who threatened her.",
    )


def test_a_button_moves_a_point_and_keeps_everything(client: FlaskClient, case: str) -> None:
    page = client.get(f"{case}/write").text
    form = Fields(page).with_answers(own_words="Kept.", move="up:recognise")
    form["points"] = ["protect", "recognise"]
    moved = client.post(f"{case}/write", data=form)
    assert moved.status_code == 200
    sent = Fields(moved.text).with_answers()
    assert sent["order"] == ["protect", "recognise", "investigate"]
    assert sent["points"] == ["protect", "recognise"]
    assert "Kept." in sent["own_words"][0]
    again = Fields(moved.text).with_answers(move="up:recognise")
    assert Fields(client.post(f"{case}/write", data=again).text).with_answers()["order"] == [
        "recognise",
        "protect",
        "investigate",
    ]
    you = client.post(f"{case}/you", data=again)
    check = client.post(f"{case}/check", data={**FORM, "points": ["recognise", "protect"]}).text
    assert you.status_code == 200
    assert check.index("say publicly") < check.index("have Amara Okafor protected")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("I met Elena there.", "It could put someone in danger"),
        ("You are idiots.", "Say this another way: “are idiots"),
        ("Call me: +52 999 123 4567", "Remove the phone number: “+52 999 123 4567”"),
        ("See https://example.org/x", "Remove the link or email address: “https://example.org/x”"),
    ],
)
@pytest.mark.parametrize("step", ["you", "check", "sign", "preview.pdf"])
def test_what_must_not_stand_in_a_letter_is_pointed_at(
    client: FlaskClient,
    session: Session,
    signatures: Signatures,
    words: str,
    sentence: str,
    step: str,
) -> None:
    campaign = make_campaign(session, forbidden_words=["elena"])
    session.commit()
    form = {**FORM, "own_words": words}
    response = client.post(f"/en/actions/{campaign.slug}/{step}", data=form)
    assert response.status_code == 422
    assert sentence in response.text
    assert words in response.text  # nothing that was typed is lost
    assert signatures() == []


@pytest.mark.parametrize("step", ["you", "check", "sign"])
def test_a_letter_of_two_pages_is_refused_with_how_much_to_shorten(
    client: FlaskClient, case: str, step: str
) -> None:
    long = {**FORM, "own_words": ("A line of my own.\r\n\r\n" * 19)[:1500]}
    response = client.post(f"{case}/{step}", data=long)
    assert response.status_code == 422
    assert re.search(r"Your letter is \d+ lines", response.text)
    assert client.post(f"{case}/{step}", data=FORM).status_code in {200, 303}


def test_too_many_words_for_a_card_are_refused_before_they_are_printed(
    client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session, format="card")
    session.commit()
    form = {**FORM, "own_words": "No.\r\n\r\n" * 19}
    response = client.post(f"/en/actions/{campaign.slug}/check", data=form)
    assert response.status_code == 422
    assert "Your words are " in response.text


def test_a_letter_too_long_by_itself_is_not_the_supporters_fault(
    client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    for template in campaign.templates:
        template.opening = "A long sentence takes its room. " * 200
    session.commit()
    assert client.post(f"/en/actions/{campaign.slug}/check", data=FORM).status_code == 200


def test_the_letter_shows_while_it_is_typed(
    client: FlaskClient, case: str, session: Session
) -> None:
    form = {**FORM, "points": ALL, "own_words": "A line that I have just typed."}
    response = client.post(f"{case}/preview", data=form)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert "<html" not in response.text
    assert "A line that I have just typed." in response.text
    assert re.search(r"Room for about \d+ more lines", response.text)
    assert response.text.index("say publicly") < response.text.index("Okafor protected")
    wrong = client.post(f"{case}/preview", data={**form, "own_words": "See www.example.org"})
    assert "No one can open it on paper" in wrong.text
    assert session.query(Signature).count() == 0
    assert client.get(f"{case}/preview").location == f"{case}/write"


def test_a_page_on_another_site_gets_no_preview(client: FlaskClient, case: str) -> None:
    headers = {"Origin": "https://evil.example"}
    assert client.post(f"{case}/preview", data=FORM, headers=headers).status_code == 403


def test_live_previews_have_a_limit_of_their_own(
    client: FlaskClient, app: Flask, case: str, settings: Settings
) -> None:
    app.extensions["settings"] = settings.model_copy(update={"live_previews_per_hour": 2})
    answers = [client.post(f"{case}/preview", data=FORM).status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    assert client.post(f"{case}/sign", data=FORM).status_code == 303


@pytest.fixture
def free(session: Session) -> str:
    """A campaign whose letter may be rewritten."""
    campaign = make_campaign(session, full_text_edit=True)
    session.commit()
    return f"/en/actions/{campaign.slug}"


def test_the_whole_letter_can_be_rewritten_and_prints_as_written(
    client: FlaskClient, free: str, signatures: Signatures, app: Flask
) -> None:
    page = client.get(f"{free}/write").text
    assert "Write the whole letter yourself" in page
    form = Fields(page).with_answers(own_words="I write because I care.", rewrite="yes")
    rewriting = client.post(f"{free}/write", data=form).text
    [prefilled] = Fields(rewriting).with_answers()["full_text"]
    for words in ("threatened in Mexico.", "Okafor protected.", "I care.", "reading this letter."):
        assert words in prefilled
    back = client.post(
        f"{free}/write", data=Fields(rewriting).with_answers(rewrite="no", full_text=REWRITTEN)
    ).text
    assert Fields(back).with_answers()["own_words"] == ["I write because I care."]

    assert client.post(f"{free}/sign", data={**FORM, "full_text": REWRITTEN}).status_code == 303
    [signature] = signatures()
    assert signature.own_words == ""
    [letter] = letters_of(signature, app)
    assert letter.opening == letter.points == letter.closing == ()
    assert letter.own_words[0] == "My name is nobody’s business, but her life is mine."
    assert len(letter.own_words) == 3


def test_a_rewritten_letter_keeps_its_facts(
    client: FlaskClient, free: str, signatures: Signatures
) -> None:
    form = {**FORM, "full_text": "Dear all, I care about rivers."}
    response = client.post(f"{free}/sign", data=form)
    assert response.status_code == 422
    assert "needs this point: “Please have Amara Okafor protected.”" in response.text
    assert "I care about rivers." in response.text
    assert signatures() == []


def test_a_letter_is_rewritten_only_where_the_campaign_allows_it(
    client: FlaskClient, case: str, signatures: Signatures
) -> None:
    assert "Write the whole letter yourself" not in client.get(f"{case}/write").text
    assert client.post(f"{case}/sign", data={**FORM, "full_text": REWRITTEN}).status_code == 303
    [signature] = signatures()
    assert signature.full_text is None
    assert signature.own_words == "I write because I care."


def test_the_letter_stands_beside_its_translation(client: FlaskClient, case: str) -> None:
    page = client.get(f"{case}/write?letter=es").text
    assert "Haga proteger a Amara Okafor." in page
    assert re.search(r'<span class="gloss-line" lang="en" dir="ltr">Please find out who', page)
    assert re.search(
        r'<details class="gloss" lang="en"[^>]*>.*?threatened in Mexico', page, re.DOTALL
    )
    assert "gloss" not in client.get(f"{case}/write").text


WORDS = (
    "I am a nurse in a small town, and I know what it means to be alone at night with a patient."
)


@pytest.mark.both_engines
def test_a_note_stands_on_the_check_page_where_many_say_the_same(
    client: FlaskClient, app: Flask, session: Session, campaign: Campaign, case: str
) -> None:
    signed = add_confirmed(session, campaign, 6, own_words=WORDS)
    other = make_campaign(session)
    session.commit()
    note = "say almost the same as yours"
    for signature in signed[:4]:
        jobs.run_now("signing.note-words", signature.id)
    form = {**FORM, "own_words": WORDS.replace("night", "dusk") + " " + WORDS}
    same = {**FORM, "own_words": WORDS}
    assert note not in client.post(f"{case}/check", data=same).text
    # The messages about the last two were lost; the sweep finds them, and leaves the others alone.
    add_confirmed(session, campaign, 1, own_words="No.")
    session.commit()
    for _ in range(2):
        jobs.run_now("signing.note-missing-words")
    page = client.post(f"{case}/check", data=same).text
    assert page.index(f"6 letters {note}") < page.index('<article class="letter')
    assert session.query(WordsPrint).count() == 25
    assert note not in client.post(f"/en/actions/{other.slug}/check", data=same).text
    assert client.post(f"{case}/check", data=form).status_code == 200


def test_many_letters_are_noted_in_few_transactions_and_a_damaged_one_holds_up_none(
    app: Flask, session: Session, campaign: Campaign
) -> None:
    people = 100
    signed = add_confirmed(session, campaign, people, own_words=WORDS)
    session.commit()
    damaged = update(Signature).where(Signature.id == signed[0].id)
    session.execute(damaged.values(own_words=type_coerce(b"\1" * 40, LargeBinary)))
    session.commit()
    commits: list[object] = []
    engine = app.extensions["database"].engine

    def note(connection: object) -> None:
        commits.append(connection)

    event.listen(engine, "commit", note)
    jobs.run_now("signing.note-missing-words")
    event.remove(engine, "commit", note)
    noted = select(func.count(distinct(WordsPrint.signature_id)))
    assert session.scalar(noted) == people - 1
    assert len(commits) < people * 2 / 3


def test_confirming_a_letter_with_own_words_notes_them(
    client: FlaskClient,
    app: Flask,
    case: str,
    session: Session,
    mails: Callable[[], list[dict[str, str]]],
) -> None:
    client.post(f"{case}/sign", data=FORM)
    link = mails()[0]["link"].removeprefix("http://127.0.0.1:5000")
    client.post(link)
    client.post(link)
    [signature] = session.query(Signature).all()
    sent = [
        json.loads(bytes(data))["message"]["args"]
        for data in app.extensions["queue"].huey.storage.enqueued_items()
    ]
    assert sent.count(["signing.note-words", signature.id]) == 1


def test_all_that_is_wrong_with_own_words_is_said_at_once(client: FlaskClient, case: str) -> None:
    words = "You idiots \U0001f600, call +1 514 398 4455 or see www.example.org"
    form = {**FORM, "own_words": words}
    told = [
        "We cannot print emoji",
        "another way: “You idiots",
        "the phone number",
        "the link or email address",
    ]
    refused = client.post(f"{case}/you", data=form)
    assert refused.status_code == 422
    assert [sentence for sentence in told if sentence not in refused.text] == []
    typing = client.post(f"{case}/preview", data=form).text
    measure = typing[typing.index('id="measure"') :]
    assert [sentence for sentence in told if sentence not in measure] == []
    assert "<meter" not in measure  # what cannot be printed cannot be measured


def test_emoji_are_taken_out_and_the_rest_stays(client: FlaskClient, case: str) -> None:
    refused = client.post(f"{case}/you", data={**FORM, "own_words": "Be strong \U0001f49c, Maya."})
    assert refused.status_code == 422
    assert "We cannot print emoji" in refused.text
    assert re.search(r"<textarea[^>]*>\s*Be strong, Maya\.", refused.text)
    assert (
        client.post(f"{case}/you", data={**FORM, "own_words": "Be strong, Maya."}).status_code
        == 200
    )
