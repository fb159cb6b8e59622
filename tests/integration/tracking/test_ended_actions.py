"""Once an action has ended, each page of signing and following says what is true of the letter."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from campaign.campaigns.status_changes import close_campaign, stop_campaign
from campaign.core import clock, db, i18n
from campaign.models.campaign import Campaign, LetterFormat
from campaign.models.signature import Signature, SignatureState
from campaign.signing.signed_links import signed_link
from tests.days import days_ago
from tests.integration.signing.conftest import FORM
from tests.integration.tracking.conftest import Deliver, Mails

ENDS = {"stopped", "closed", "deadline"}
STATES = {"none", "unconfirmed", "confirmed", "held", "printed", "delivered", "withdrawn"}
IN_VAIN = {"stopped", "closed"}
"""After these no letter that waits is taken; after the deadline one signed in time still is."""
GOES_OUT = {"closed", "deadline"}

ONLY_IF = (
    "we will print it only if we open the action again and you confirm it. "
    "Otherwise we will delete it"
)

SAID: list[tuple[str, set[str], set[str], str]] = [
    # request, ends, states of the letter, what is said
    ("sign", ENDS, STATES, "What you have just sent came too late, and we did not keep it."),
    ("write", ENDS, STATES, "What you have just sent came too late, and we did not keep it."),
    ("write", ENDS, STATES, "These are your words, so that you can copy them:"),
    ("check", ENDS, STATES, "What you have just sent came too late, and we did not keep it."),
    ("other address", ENDS, STATES, "What you have just sent came too late, and we did not keep"),
    ("other address", {"stopped"}, STATES, "have not confirmed your letter, we will not print it."),
    ("other address", {"closed"}, STATES, f"have not confirmed your letter, {ONLY_IF} by DAY."),
    ("again", {"stopped"}, STATES, "letter, we will not print it. We will delete it by DAY."),
    ("again", {"closed"}, STATES, f"have not confirmed your letter, {ONLY_IF} by DAY."),
    ("again", {"deadline"}, STATES, "open the link in our email and confirm your letter."),
    ("sent", IN_VAIN, STATES, "You can no longer write for this action"),
    ("sent", {"stopped"}, STATES, "letter, we will not print it. We will delete it by DAY."),
    ("sent", {"closed"}, STATES, f"have not confirmed your letter, {ONLY_IF} by DAY."),
    ("sent", {"deadline"}, STATES, "open the link in our email and confirm your letter."),
    ("look", ENDS, STATES, "You can no longer write for this action"),
    ("link", {"stopped"}, {"unconfirmed"}, "We will not print your letter. We will delete it"),
    ("link", {"closed"}, {"unconfirmed"}, "print your letter only if we open the action"),
    ("link", {"deadline"}, {"unconfirmed"}, "Is this your letter?"),
    ("link", {"stopped"}, {"confirmed", "held"}, "We will not print or deliver yours."),
    ("link", {"stopped"}, {"printed", "delivered"}, "We will not deliver any more letters."),
    ("link", GOES_OUT, {"held"}, "Our staff read some letters before we count and print them"),
    ("link", ENDS, {"withdrawn"}, "We will not count or deliver it."),
    ("pdf", {"stopped"}, {"confirmed", "printed", "delivered"}, "We will not deliver any more l"),
    ("mine", {"stopped"}, {"unconfirmed"}, "this action was stopped. We will not print your let"),
    ("mine", {"closed"}, {"unconfirmed"}, "this action was closed. We will print your letter only"),
    ("mine", {"stopped"}, {"confirmed", "held", "delivered"}, "The only news that can still come"),
    ("change", {"stopped"}, STATES - {"none"}, "We will not deliver any more letters."),
    ("change", GOES_OUT, {"printed", "delivered"}, "so you can no longer change it."),
    ("save", {"stopped"}, STATES - {"none"}, "We will not deliver any more letters."),
    ("withdraw", ENDS, {"delivered"}, "so you can no longer withdraw it."),
    ("take back", ENDS, {"confirmed", "held", "printed"}, "You have withdrawn this letter."),
    ("news on", {"stopped"}, {"confirmed", "delivered"}, "If we learn how the case ends, we will"),
    ("news off", {"stopped"}, {"confirmed", "delivered"}, "The only news that can still come is"),
    ("confirm", {"stopped"}, {"unconfirmed"}, "We will not print your letter. We will delete it"),
    ("confirm", {"closed"}, {"unconfirmed"}, "print your letter only if we open the action"),
    ("confirm", {"deadline"}, {"unconfirmed"}, "Thank you. Your letter is confirmed."),
    ("confirm mine", {"stopped"}, {"unconfirmed"}, "We will not print your letter. We will"),
    ("confirm mine", {"closed"}, {"unconfirmed"}, "print your letter only if we open the action"),
    ("delete others'", IN_VAIN, {"unconfirmed"}, "Its link no longer works."),
]
LIVE = {"unconfirmed", "confirmed", "held", "printed", "delivered"}
TRUE_OF: list[tuple[str, set[str], set[str]]] = [
    # what any of these pages may say, after these ends, of letters in these states
    ("not signed anything", set(), set()),
    ("write again", set(), set()),
    ("Wrong address", set(), set()),
    ("Send the email again", set(), set()),
    ("You can sign", set(), set()),
    ("did not confirm it in time", set(), set()),
    ("We still deliver", set(), set()),
    ("One step left", {"deadline"}, STATES),
    ("Confirm this letter", {"deadline"}, {"unconfirmed"}),
    ("Confirm it with its own link", {"deadline"}, {"unconfirmed"}),
    ("We will delete it on", {"stopped"}, {"unconfirmed"}),
    ("Otherwise we will delete it on DAY", {"closed"}, {"unconfirmed"}),
    ("We will not print your letter", {"stopped"}, {"unconfirmed"}),
    ("we will not print it", {"stopped"}, STATES),
    ("We will not deliver your letter", {"stopped"}, {"unconfirmed", "confirmed", "held"}),
    ("We will not print or deliver yours", {"stopped"}, {"confirmed", "held"}),
    ("We will print it and deliver it", GOES_OUT, {"confirmed"}),
    ("We read it before we count and print it", GOES_OUT, {"held"}),
    ("Printed (not yet)", GOES_OUT, {"confirmed", "held"}),
    ("Printed (not yet)", {"deadline"}, {"unconfirmed"}),
    ("Delivered (not yet)", GOES_OUT, {"confirmed", "held", "printed"}),
    ("Delivered (not yet)", {"deadline"}, {"unconfirmed"}),
    ("You can withdraw it until we deliver it", ENDS, LIVE - {"delivered"}),
    ("We email you about deliveries", GOES_OUT, LIVE),
    ("The only news that can still come is how", {"stopped"}, LIVE),
    ("You do not get news about this case by email", ENDS, LIVE - {"unconfirmed"}),
    ("You do not get news about this case by email", {"deadline"}, {"unconfirmed"}),
]


def state_after(request: str, end: str, state: str) -> str:
    if request == "confirm" and (end, state) == ("deadline", "unconfirmed"):
        return "confirmed"
    if request == "delete others'" and state == "unconfirmed":
        return "deleted"
    if request == "take back" and state in LIVE - {"delivered"}:
        return "withdrawn"
    return state


def test_every_row_speaks_of_something_that_is_asked() -> None:
    assert {row[0] for row in SAID} <= {name for name, _ in list_requests("", "/a/b", "", "", "")}


@pytest.mark.parametrize(
    ("end", "state", "cards"),
    [
        *((end, state, False) for end in sorted(ENDS) for state in sorted(STATES)),
        *(
            (end, state, True)
            for end in ("stopped", "closed")
            for state in ("unconfirmed", "delivered")
        ),
    ],
)
def test_each_page_is_true_of_the_letter_after_the_end(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    case: str,
    mails: Mails,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
    end: str,
    state: str,
    cards: bool,
) -> None:
    campaign.format = LetterFormat.CARD if cards else LetterFormat.LETTER
    session.commit()
    receipt = find_receipt(client.post(f"{case}/check", data=FORM).text)
    client.post(f"{case}/sign", data={**FORM, "receipt": receipt})
    link = newest_link(mails)
    client.post("/en/my-letters", data={"email": FORM["email"]})
    mine = f"{newest_link(mails)}/{session.query(Signature).one().public_id}"
    news = f"/en/news-off/{signed_link('case-news', mine.rpartition('/')[2])}"
    bring_to(state, client, session, link, mine)
    if state in {"printed", "delivered"}:
        bundle_id = freeze(campaign)
        if state == "delivered":
            deliver(bundle_id)
    end_action(session, campaign, end)
    # The letter's own link may end on the day before that of a page that is made past midnight.
    now = clock.utcnow()
    last_days = {
        i18n.say_date(
            clock.day_of(now + timedelta(days=7, minutes=minutes), campaign.timezone), "en"
        )
        for minutes in (-10, 10)
    }
    for name, ask in list_requests(case, link, mine, news, receipt):
        if state in {"none", "deleted"} and name in OF_A_LETTER:
            continue
        after = state_after(name, end, state)
        page = re.sub("|".join(last_days), "DAY", words_of(ask(client)))
        if cards:
            page = page.replace("card", "letter").replace("Card", "Letter")
        check_words(page, name, end, state, after)
        state = after


def bring_to(state: str, client: FlaskClient, session: Session, link: str, mine: str) -> None:
    if state == "none":
        session.delete(session.query(Signature).one())
    elif state != "unconfirmed":
        session.rollback()
        client.post(link)
    if state == "held":
        session.query(Signature).one().state = SignatureState.HELD
    session.commit()
    if state == "withdrawn":
        client.post(f"{mine}/withdraw")


def check_words(page: str, name: str, end: str, state: str, after: str) -> None:
    for request, ends, states, sentence in SAID:
        if request == name and end in ends and state in states:
            assert sentence in page, (name, page)
    true_now = {sentence for sentence, ends, states in TRUE_OF if end in ends and after in states}
    for sentence in {row[0] for row in TRUE_OF} - true_now:
        assert sentence not in page, (name, page)


Ask = Callable[[FlaskClient], TestResponse]
OF_A_LETTER = {
    *("link", "pdf", "not mine", "mine", "change", "withdraw", "news on", "news off"),
    *("save", "confirm", "confirm mine", "delete others'", "take back"),
}


def list_requests(
    case: str, link: str, mine: str, news: str, receipt: str
) -> Iterator[tuple[str, Ask]]:
    """What a browser asks for; what changes a letter comes last."""
    for name in ("sign", "write", "check"):
        yield name, post(f"{case}/{name}", FORM)
    yield "other address", post(f"{case}/you", {**FORM, "replaces": receipt or "gone"})
    yield "again", post(f"{case}/sign", {**FORM, "receipt": receipt, "again": "1"})
    yield "sent", get(f"{case}/sent")
    yield "look", get(f"{case}/write")
    yield "link", get(link)
    yield "pdf", get(f"{link}/letter.pdf")
    yield "not mine", get(f"{link}/not-mine")
    yield "mine", get(mine)
    yield "change", get(f"{mine}/change")
    yield "withdraw", get(f"{mine}/withdraw")
    yield "news on", post(news, {"on": "1"})
    yield "news off", post(news, {"on": "0"})
    yield "save", post(f"{mine}/change", FORM)
    yield "confirm", post(link, {})
    yield "confirm mine", post(f"{mine}/confirm", {})
    yield "delete others'", post(f"{link}/not-mine", {})
    yield "take back", post(f"{mine}/withdraw", {})


def post(url: str, form: dict[str, object]) -> Ask:
    return lambda client: client.post(url, data=form, follow_redirects=True)


def get(url: str) -> Ask:
    return lambda client: client.get(url)


def end_action(session: Session, campaign: Campaign, end: str) -> None:
    session.rollback()
    session.refresh(campaign)
    if end == "deadline":
        campaign.act_by = days_ago(3)
    else:
        close_or_stop = stop_campaign if end == "stopped" else close_campaign
        close_or_stop(session, campaign, actor="command", now=db.utcnow(), reasons={"en": "Why."})
    session.commit()


def find_receipt(page: str) -> str:
    [receipt] = re.findall(r'name="receipt" value="([^"]+)"', page)
    return str(receipt)


def newest_link(mails: Mails) -> str:
    return str(mails()[-1]["link"]).removeprefix("http://127.0.0.1:5000")


def words_of(response: TestResponse) -> str:
    """The words of the page's own part, without the letter itself; "" of a PDF."""
    if response.mimetype != "text/html":
        return ""
    main = response.text.partition("<main")[2].partition("</main>")[0]
    main = re.sub(r"<article.*?</article>", "", main, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", f"<main{main}")).split())
