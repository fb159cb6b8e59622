"""Letters to review: taken and not counted, looked at, sent back, rejected, and undone."""

import html
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.freeze.waiting_counts import list_waiting
from campaign.campaigns.content.risks import set_flags
from campaign.core import db, i18n, jobs
from campaign.core.audit import AuditEntry
from campaign.core.errors import Refused
from campaign.core.settings import Settings
from campaign.mail.messages import read_mail
from campaign.mail.sender import render
from campaign.models.campaign import Campaign
from campaign.models.revision import RiskFlag, RiskKind
from campaign.models.screening import Decision, Hold, ScreeningAct
from campaign.models.signature import Signature, SignatureState
from campaign.models.staff import Role, StaffUser
from campaign.screening import review_queue
from campaign.screening.review_queue import HeldFilter, LetterReturned
from campaign.signing import signed_links
from campaign.signing.campaign_terms import get_plan
from campaign.signing.checks.screening_rules import ScreeningRules
from campaign.signing.mails import mail_name
from campaign.tracking import change_or_withdraw
from tests.days import today
from tests.factories import csrf_token, make_campaign, make_staff_user, post, sign_in
from tests.integration.screening.conftest import (
    Write,
    count_shown,
    link_in,
    newest_mail,
    read_flags_seen,
    read_seen,
    set_rules,
    the_signature,
    version_of_hold,
)
from tests.integration.signing.conftest import FORM

QUEUE = "/desk/screening/"


def decide(staff: FlaskClient, signature: Signature, decision: str, note: str = "") -> Any:
    url, seen = f"{QUEUE}letters/{signature.public_id}", version_of_hold(signature)
    form = {"decision": decision, "note": note, "seen": seen}
    return post(staff, url, form, follow_redirects=True)


@pytest.mark.both_engines
def test_a_letter_that_names_a_witness_is_held_and_its_writer_sees_no_difference(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    write: Write,
    staff: FlaskClient,
) -> None:
    """Whoever tries names one by one learns from no page which of them is flagged."""
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Halldora Lysing")]
    session.commit()
    case, seen = f"/en/actions/{campaign.slug}", []
    for name in ("Halldora Lysing", "Somebody Else"):
        form = {**FORM, "own_words": f"I thank {name}."}
        pages = [client.post(f"{case}/{step}", data=form) for step in ("preview", "you", "check")]
        assert [page.status_code for page in pages] == [200, 200, 200]
        browser, link = app.test_client(), write(f"I thank {name}.")
        thanks = browser.get(link)
        assert "Thank you. Your letter is confirmed." in thanks.text
        assert browser.get(f"{link}/letter.pdf").status_code == 200
        told = [page.text.replace(name, "NAME") for page in pages[:2]]
        seen.append([*told, thanks.text.replace(link, "LINK").replace(name, "NAME")])
    assert seen[0][:2] == seen[1][:2]
    held, other = session.scalars(select(Signature).order_by(Signature.id)).all()
    assert (held.state, other.state) == (SignatureState.HELD, SignatureState.CONFIRMED)
    assert session.get_one(Hold, held.id).reasons == ["risk"]
    assert count_shown(app, campaign) == 2
    assert [waiting.letters for waiting in list_waiting(session)] == [1]
    assert "<mark>Halldora Lysing" in staff.get(QUEUE).text
    decide(staff, held, "return", "Leave the names out.")
    session.rollback()
    session.expire_all()
    assert held.shown_state is SignatureState.HELD
    url = f"{QUEUE}letters/{held.public_id}"
    approve = {"decision": "approve", "show": "returned", "note": "Typed."}
    approve["seen"] = version_of_hold(held)
    asked = post(staff, url, approve)
    assert asked.status_code == 422
    assert "Do not name this witness:" in asked.text
    assert "Typed." in asked.text
    session.rollback()
    session.expire_all()
    assert held.state is SignatureState.HELD
    session.rollback()
    approve |= {"flagged_seen": "y"} | read_flags_seen(asked.text)
    assert post(staff, url, approve).status_code == 303
    session.rollback()
    session.expire_all()
    assert (held.state, held.state_before) == (SignatureState.CONFIRMED, None)


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("words", "reason", "marked"),
    [
        ("Halldora Lysing", "risk", "Halldora Lysing"),
        ("LYSING", "not-allowed", "LYSING"),
        ("the nurse Halldora Lysing", "risk", "Halldora Lysing"),
        ("Lysing, Halldora", "risk", "Lysing, Halldora"),
        ("Halldora-Lysing", "risk", "Halldora-Lysing"),
        ("Dr. Lysing", "not-allowed", "Dr. Lysing"),
        ("Halldóra Lysings", "not-allowed", "Halldóra Lysings"),
    ],
)
def test_a_word_that_is_not_allowed_and_names_a_witness_is_not_told_either(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    write: Write,
    staff: FlaskClient,
    words: str,
    reason: str,
    marked: str,
) -> None:
    campaign.forbidden_words = [words, "Else"]
    session.commit()
    check = f"/en/actions/{campaign.slug}/check"
    told = "say it another way: “{}”."

    def is_told(words: str) -> bool:
        shown = client.post(check, data={**FORM, "own_words": f"I thank {words} ."})
        return told.format(words) in html.unescape(shown.text)

    assert is_told(words)
    flag = (RiskKind.WITNESS, "Halldora Lysing")
    set_flags(session, campaign, actor="test", words=[flag], embargo_until=None)
    session.commit()
    assert not is_told(words)
    assert is_told("Else")
    write(f"I thank {words} .")
    held = session.scalars(select(Signature)).one()
    assert session.get_one(Hold, held.id).reasons == [reason]
    assert f"<mark>{marked}" in staff.get(QUEUE).text
    session.rollback()
    set_flags(session, campaign, actor="test", words=[], embargo_until=None)
    session.commit()
    assert is_told(words)


@pytest.mark.parametrize("words", ["Halldora Lysing", "Lysing"])
def test_a_note_with_a_word_that_the_form_keeps_quiet_about_is_asked_about(
    session: Session, campaign: Campaign, write: Write, staff: FlaskClient, words: str
) -> None:
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Halldora Lysing")]
    campaign.forbidden_words = ["Lysing"]
    session.commit()
    write(f"I thank {words}.")
    held = session.scalars(select(Signature)).one()
    asked = decide(staff, held, "return", f"Remove “{words}”.")
    assert asked.status_code == 422
    assert "This would leave the workspace at once" in asked.text
    assert "sent back" in decide(staff, held, "return", "Please name no one.").text


def test_a_word_not_allowed_is_marked_where_a_part_of_it_is_public(
    session: Session, campaign: Campaign, write: Write, staff: FlaskClient
) -> None:
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Lysing")]
    campaign.forbidden_words = ["Lysing family"]
    campaign.editions[0].background += " Lysing was arrested."
    session.commit()
    write("Please free the Lysing family now.")
    assert "<mark>Lysing family<small" in staff.get(QUEUE).text


def test_words_not_allowed_are_told_from_a_named_witness(
    session: Session, campaign: Campaign, write: Write, staff: FlaskClient
) -> None:
    """Also where the case page says them: the campaign does not want them in a letter."""
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="María del Río")]
    campaign.forbidden_words = ["guerra del agua", "María Auxiliadora", "río"]
    campaign.editions[0].background += " Guerra del agua."
    session.commit()
    named, not_allowed = "Do not name this witness:", "This is in “Words not allowed in a letter”"
    flagged = "A risk flag rules this out. The supporter is not told."
    letters = {
        "Recuerde la Guerra del agua.": (["Guerra del agua"], [not_allowed]),
        "Vi a María Del Río ayer.": (["María Del Río"], [named]),
        "María del Río, junto al río.": (["María del Río", "río"], [named]),
        "Del río María Del Río: la guerra del agua.": (
            ["río", "María Del Río", "guerra del agua"],
            [named, not_allowed],
        ),
    }
    for words in letters:
        write(words)
    for signature in session.scalars(select(Signature).order_by(Signature.id)).all():
        marks, sentences = letters[words := signature.own_words]
        shown = html.unescape(staff.get(f"{QUEUE}?at={signature.public_id}").text)
        letter = shown.partition('<article class="held"')[2].partition("</article>")[0]
        for sentence in (named, not_allowed):
            assert letter.count(sentence) == sentences.count(sentence), words
        assert re.findall("<mark>([^<]*)<small", letter) == marks
        assert (flagged in letter) is (named in sentences)
        assert "Approve the letter with these words" in letter
        suggested = "Remove names and places that are not on the case page."
        assert letter.count(f'dir="auto">{suggested}</q>') == 1, "its writer learns no more"


def test_whoever_has_a_name_in_common_with_a_witness_is_not_held_for_it(
    session: Session, campaign: Campaign, write: Write
) -> None:
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Halldora Lysing")]
    campaign.forbidden_words = ["Lysing"]
    session.commit()
    write("I thank you.", given_name="Luis", family_name="Lysing")
    assert session.scalars(select(Signature)).one().state is SignatureState.CONFIRMED


def test_of_many_approved_at_once_those_that_name_a_witness_still_wait(
    session: Session, campaign: Campaign, write: Write, staff: FlaskClient
) -> None:
    """Also one held for another reason, whom a flag named that came later."""
    set_rules(session, campaign, first=5)
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Halldora Lysing")]
    session.commit()
    for words in ("I thank Lysing, Halldora.", "I thank Ana Ruiz.", "I thank you."):
        write(words)
    named, later, other = session.scalars(select(Signature).order_by(Signature.id)).all()
    assert session.get_one(Hold, named.id).reasons == ["risk", "first"]
    campaign.risk_flags.append(RiskFlag(kind=RiskKind.WITNESS, words="Ana Ruiz"))
    session.commit()
    many = {"decision": "approve", "seen": read_seen(staff.get(QUEUE).text)[1]}
    told = post(staff, f"{QUEUE}all", many, follow_redirects=True).text
    assert "1 letter approved." in told
    assert "2 letters contain words that risk flags rule out or that are not allowed" in told
    again = post(staff, f"{QUEUE}all", many, follow_redirects=True).text
    assert "No letter was approved" in again
    session.rollback()
    session.expire_all()
    held, taken = SignatureState.HELD, SignatureState.CONFIRMED
    assert [signature.state for signature in (named, later, other)] == [held, held, taken]


def test_before_signing_a_page_says_that_such_words_are_read_first_and_never_a_flags(
    client: FlaskClient, session: Session, campaign: Campaign, fresh_pages: None
) -> None:
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Halldora Lysing")]
    set_rules(session, campaign, held=("phone-number", "link"), watched=("convoy",))
    case, heading = f"/en/actions/{campaign.slug}", "We will read your letter before we print it"
    for words, sentence in {
        "I know her sister Rosa.": "Your words mention relatives or a home.",
        "She lives at 12 Calle Sol.": "Your words mention relatives or a home.",
        "Call +1 613 555 0199 now.": "Your words contain a phone number.",
        "Read https://example.org/x first.": "Your words contain a link or an email address.",
        "I saw the convoy.": "",
        "I thank Halldora Lysing.": "",
        "I write because I care.": "",
    }.items():
        page = client.post(f"{case}/check", data={**FORM, "own_words": words})
        assert page.status_code == 200
        assert (heading in page.text) is bool(sentence), words
        assert sentence in page.text


@pytest.mark.parametrize(
    ("words", "told"),
    [("Call +1 613 555 0199 now.", True), ("I thank Halldora Lysing.", False), ("I care.", False)],
)
def test_email_and_page_that_confirm_it_say_what_the_page_check_said_and_no_more(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    write: Write,
    settings: Settings,
    words: str,
    *,
    told: bool,
) -> None:
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Halldora Lysing")]
    set_rules(session, campaign, held=("phone-number",))
    link = write(words, confirm=False, consent_updates="y")
    row = newest_mail(session)
    mail = read_mail(row).recheck(session)
    assert mail is not None
    row.context = json.dumps(mail.values())
    text = str(render(row, settings).get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert ("We read it before we count and print it." in text) is told
    assert ("We then print it and deliver it." in text) is not told
    assert "We cannot print your letter until you confirm it." in text
    page = client.get(link).text
    for part in (" ".join(text.split()), page):
        assert ("Once we count your signature, we also start to email you news" in part) is told
        assert ("When you confirm, we also start to email you news" in part) is not told
    assert ("We then read it before we count and print it." in page) is told
    assert ("We then print it and deliver it." in page) is not told


def test_who_writes_one_of_the_first_letters_is_told_so_until_there_are_enough(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    write: Write,
    settings: Settings,
    fresh_pages: None,
) -> None:
    set_rules(session, campaign, first=1)
    case, told = f"/en/actions/{campaign.slug}", "We read the first letters for this case."
    assert told in client.post(f"{case}/check", data=FORM).text
    link = write("I care.", confirm=False, email="ana@example.org")
    row = newest_mail(session)
    mail = read_mail(row).recheck(session)
    assert mail is not None
    row.context = json.dumps(mail.values())
    text = str(render(row, settings).get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert "We read it before we count and print it." in text
    assert "We then read it before we count and print it." in client.get(link).text
    client.post(link)
    assert the_signature(session).state is SignatureState.HELD

    assert told not in client.post(f"{case}/check", data=FORM).text
    link = write("I do care.", confirm=False, email="eva@example.org")
    assert "We then print it and deliver it." in client.get(link).text


def test_who_changes_a_letter_is_told_before_it_is_saved_that_it_will_be_read(
    client: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Halldora Lysing")]
    set_rules(session, campaign, held=("phone-number",))
    write("I care.", email="ana@example.org")
    client.post("/en/my-letters", data={"email": "ana@example.org"})
    change = f"{link_in(newest_mail(session))}/{the_signature(session).public_id}/change"
    typed = {**FORM, "own_words": "Call +1 613 555 0199 now."}
    page = client.post(change, data=typed)
    assert page.status_code == 200
    assert "We will read your letter before we print it" in page.text
    assert "Your words contain a phone number." in page.text
    assert the_signature(session).own_words == "I care."
    assert 'name="read_first" value="phone-number"' in page.text
    assert client.post(change, data=typed | {"read_first": "phone-number"}).status_code == 303
    assert the_signature(session).state is SignatureState.HELD
    # Of what is held in silence no page says a word.
    write("I care.", email="bo@example.org")
    client.post("/en/my-letters", data={"email": "bo@example.org"})
    change = f"{link_in(newest_mail(session))}/{the_signature(session).public_id}/change"
    flagged = {**FORM, "own_words": "I thank Halldora Lysing."}
    assert client.post(change, data=flagged).status_code == 303


@pytest.mark.both_engines
def test_a_held_letter_is_not_counted_not_bundled_and_its_writer_reads_that_we_look_at_it(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, watched=("river gold",))
    link = write("They took the RIVER   GOLD from us.")
    held = the_signature(session)
    assert held.state is SignatureState.HELD
    assert session.get_one(Hold, held.id).reasons == ["watched-word"]
    assert count_shown(app, campaign) == 0
    assert list_waiting(session) == []
    page = client.get(link).text
    assert "We are reading your letter" in page
    assert "letter.pdf" not in page
    pdf = client.get(f"{link}/letter.pdf")
    assert (pdf.status_code, pdf.location) == (303, link)


@pytest.mark.both_engines
def test_approving_counts_it_and_undo_takes_it_out_again(
    app: Flask,
    staff: FlaskClient,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    write: Write,
) -> None:
    set_rules(session, campaign, first=1)
    link = write("I write because I care.")
    held = the_signature(session)
    page = staff.get(QUEUE).text
    assert "Maëlle Tremblay" in page
    assert "One of the first letters of the campaign" in page
    with app.app_context():
        moment = i18n.say_moment(held.times.confirmed_at or held.signed_at, in_language="en")
    assert f"{moment}</dd>" in page, "when it was confirmed, not when that day began"
    assert 'data-key="a"' in page
    assert "1 letter approved." in decide(staff, held, "approve").text
    assert the_signature(session).state is SignatureState.CONFIRMED
    assert count_shown(app, campaign) == 1
    assert "Thank you. Your letter is confirmed." in client.get(link).text
    [act] = session.scalars(select(ScreeningAct.id))
    session.rollback()
    undo = {"act": act}
    assert (
        "1 letter is under review again."
        in post(staff, f"{QUEUE}undo", undo, follow_redirects=True).text
    )
    assert the_signature(session).state is SignatureState.HELD
    assert count_shown(app, campaign) == 0
    assert "already undone" in post(staff, f"{QUEUE}undo", undo, follow_redirects=True).text
    assert "nothing left to undo" in post(staff, f"{QUEUE}undo", follow_redirects=True).text
    deeds = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    decisions = [deed for deed in deeds if deed.startswith("letter.") and deed != "letter.look"]
    assert decisions == ["letter.approved", "letter.decision-undone"]


def test_what_holds_it_is_marked_in_the_text(
    staff: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, held=("insult", "link"))
    write("You idiot, look at www.example.com now.")
    page = staff.get(QUEUE).text
    assert "<mark>You idiot<small" in page
    assert "<mark>www.example.com<small" in page
    assert "Remove the insult." in page


@pytest.mark.both_engines
def test_the_whole_letter_is_shown_as_it_is_printed_and_as_pdf_while_it_waits(
    app: Flask, staff: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, held=("insult",))
    write("You idiot.")
    held = the_signature(session)
    page = staff.get(QUEUE).text
    assert page.count('class="letter-salutation"') == 1
    assert "own-marked" in page
    assert '<p class="letter-own">You idiot.</p>' in page
    address = f"{QUEUE}letters/{held.public_id}/letter.pdf"
    assert address in page
    assert staff.get(address).status_code == 405
    paper = post(staff, address)
    assert (paper.mimetype, paper.headers["Cache-Control"]) == ("application/pdf", "no-store")
    organizer = app.test_client()
    sign_in(organizer, app, Role.ORGANIZER)
    assert post(organizer, address).status_code == 404
    decide(staff, held, "approve")
    assert post(staff, address).status_code == 404
    session.rollback()
    noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "letter.download")).one()
    assert noted.subject == f"campaign:{campaign.id}"
    assert noted.detail == {"letters": [held.public_id]}


def test_a_held_letter_as_pdf_asks_again_who_wants_it(
    staff: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, held=("insult",))
    write("You idiot.")
    with staff.session_transaction() as cookie:
        cookie["fs_paa"] = 0
    asked = post(staff, f"{QUEUE}letters/{the_signature(session).public_id}/letter.pdf")
    assert (asked.status_code, asked.mimetype) == (403, "text/html")
    assert "You idiot." not in asked.text


def test_a_letter_that_is_sent_back_is_changed_by_its_link_and_looked_at_again(
    client: FlaskClient, staff: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, held=("insult",))
    before = write("You idiot.")
    held = the_signature(session)
    assert "Enter a reason" in decide(staff, held, "return").text
    assert "sent back" in decide(staff, held, "return", "Take out <b>the insult</b>.").text
    mail = newest_mail(session)
    assert mail.kind == "letter-returned"
    link = link_in(mail)
    for address in (before, link):
        page = client.get(address).text
        assert "Please change your letter" in page
    assert "Take out &lt;b&gt;the insult&lt;/b&gt;." in page
    form = client.get(f"{link}/change")
    for whole in (page, form.text):
        assert '<p class="letter-own">You idiot.</p>' in whole
    assert form.status_code == 200
    assert form.headers["Cache-Control"] == "no-store"
    words = {"own_words": "Please read this.", "points": ["protect"]}
    look = client.post(f"{link}/change", data=words | {"show": "1"}).text
    now, shown = look.partition("Your letter now")[2].partition('id="shown"')[::2]
    assert ("You idiot." in now, "Please read this." in now) == (True, False)
    assert ("You idiot." in shown, "Please read this." in shown) == (False, True)
    sent = client.post(f"{link}/change", data=words)
    assert (sent.status_code, sent.location) == (303, f"{link}?changed=1")
    again = the_signature(session)
    assert (again.state, again.own_words) == (SignatureState.HELD, "Please read this.")
    assert session.get_one(Hold, again.id).reasons == ["changed"]
    assert "We are reading your letter" in client.get(link).text
    decide(staff, again, "approve")
    assert the_signature(session).state is SignatureState.CONFIRMED
    over = client.get(f"{link}/change")
    assert (over.status_code, over.location) == (303, link)


@pytest.mark.parametrize(
    ("late", "status", "sentence"),
    [
        ("approve", 409, "Your letter is no longer waiting for a change from you."),
        ("reject", 410, "We have read this letter, and we cannot print it."),
        ("withdraw", 410, "You have already withdrawn it"),
        ("other-link", 404, "A newer link may have replaced this one"),
    ],
)
def test_who_changes_a_letter_that_was_sent_back_too_late_keeps_the_words(
    app: Flask,
    client: FlaskClient,
    staff: FlaskClient,
    session: Session,
    campaign: Campaign,
    write: Write,
    late: str,
    status: int,
    sentence: str,
) -> None:
    set_rules(session, campaign, held=("insult",))
    first = write("You idiot.")
    held = the_signature(session)
    decide(staff, held, "return", "Take out the insult.")
    address = f"{first if late == 'other-link' else link_in(newest_mail(session))}/change"
    held_id, url, seen = held.id, f"{QUEUE}letters/{held.public_id}", version_of_hold(held)
    session.rollback()
    if late == "withdraw":
        with app.test_request_context(), db.transaction() as other:
            signature = other.get_one(Signature, held_id)
            change_or_withdraw.withdraw_letter(other, signature, db.utcnow())
    elif late == "other-link":
        with app.app_context(), db.transaction() as other:
            other.get_one(Signature, held_id).token_digest = signed_links.digest_of("another")
    else:
        form = {"decision": late, "note": "No.", "seen": seen}
        assert post(staff, url, {**form, "show": "returned"}).status_code == 303
    typed = {"own_words": "Please <read> this.", "points": ["protect"]}
    answer = client.post(address, data=typed)
    assert answer.status_code == status
    assert sentence in answer.text
    assert ">Please &lt;read&gt; this.</textarea>" in answer.text
    if late == "approve":
        same = client.post(address, data={**typed, "own_words": "You idiot."})
        assert sentence in same.text
        assert "so that you can copy them" not in same.text


def test_a_confirmed_letter_that_is_changed_for_the_worse_is_held(
    app: Flask, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, held=("insult",))
    write("I write because I care.")
    assert count_shown(app, campaign) == 1
    signature = the_signature(session)
    form = change_or_withdraw.as_posted(signature)
    form["own_words"] = "You idiot."
    judged = change_or_withdraw.judge_change(session, signature, form).result.form
    assert judged is not None
    change_or_withdraw.change_letter(session, signature, judged)
    session.commit()
    assert the_signature(session).state is SignatureState.HELD
    assert count_shown(app, campaign) == 0


def test_a_rejected_letter_keeps_its_reason_and_shows_it_to_nobody_outside(
    client: FlaskClient, staff: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, first=5)
    link = write("I write because I care.")
    decide(staff, the_signature(session), "reject", "Advertising.")
    rejected = the_signature(session)
    assert rejected.state is SignatureState.REJECTED
    assert session.get_one(Hold, rejected.id).note == "Advertising."
    page = client.get(link)
    assert page.status_code == 410
    assert "Advertising" not in page.text


@pytest.mark.both_engines
def test_all_that_a_filter_shows_is_decided_at_once_and_undone_at_once(
    app: Flask, staff: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, first=20, watched=("gold",))
    for words in ("One.", "Two.", "Two and gold."):
        write(words)
    seen = read_seen(staff.get(QUEUE).text)[1]
    write("Gold came later.")
    data = {"decision": "approve", "reason": "watched-word", "seen": seen}
    post(staff, f"{QUEUE}all", data)
    assert count_shown(app, campaign) == 1
    post(staff, f"{QUEUE}all", {"decision": "approve", "seen": seen})
    assert count_shown(app, campaign) == 3
    acts = session.scalars(select(ScreeningAct.id).order_by(ScreeningAct.id)).all()
    session.rollback()
    post(staff, f"{QUEUE}undo", {"act": acts[-1]})
    assert count_shown(app, campaign) == 1
    with app.app_context():
        day = i18n.say_date(today(), "en")
    assert staff.get(QUEUE).text.count(f'data-label="Since">{day}</td>') == 3
    session.rollback()
    assert review_queue.count_held(session, HeldFilter()) == 3


@pytest.mark.both_engines
def test_of_many_who_decide_at_once_one_does(
    app: Flask, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, first=1)
    write()
    held = the_signature(session)
    public_id, seen = held.public_id, {version_of_hold(held)}
    people = [make_staff_user(session, Role.STAFF) for _ in range(6)]
    ids = [person.id for person in people]
    session.commit()

    def act(at: int) -> str:
        decision = (Decision.APPROVED, Decision.REJECTED)[at % 2]
        with app.app_context():
            try:
                with db.transaction() as own:
                    by = own.get_one(StaffUser, ids[at])
                    review_queue.decide(
                        own,
                        public_ids=[public_id],
                        decision=decision,
                        by=by,
                        now=db.utcnow(),
                        seen=seen,
                        note="No.",
                    )
            except Refused as problem:
                return problem.slug
        return "done"

    with ThreadPoolExecutor(6) as pool:
        told = sorted(pool.map(act, range(6)))
    assert told == ["done", *["nothing-held"] * 5]
    expected = 1 if the_signature(session).state is SignatureState.CONFIRMED else 0
    assert count_shown(app, campaign) == expected


def test_a_name_that_looks_like_the_staffs_is_held(
    staff: FlaskClient, session: Session, write: Write
) -> None:
    write(given_name="0dilе", family_name="Marсhand")
    assert session.get_one(Hold, the_signature(session).id).reasons == ["look-alike"]
    write(given_name="Odette", family_name="Marchal")
    assert the_signature(session).state is SignatureState.CONFIRMED


@pytest.mark.both_engines
def test_alike_letters_are_held_from_the_number_that_is_set(
    app: Flask, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, alike=5)
    words = "Please let the river of our town run clear again this very year."
    for _ in range(5):
        write(words)
        with app.app_context():
            jobs.run_now("signing.note-words", the_signature(session).id)
    assert count_shown(app, campaign) == 5
    write(words)
    assert session.get_one(Hold, the_signature(session).id).reasons == ["similar"]
    assert count_shown(app, campaign) == 5


def test_organizers_set_the_rules_and_see_no_letter(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    url = f"/desk/campaigns/{campaign.slug}/screening"
    page = client.get(url)
    assert page.status_code == 200
    form = {
        "csrf_token": csrf_token(client),
        "first": "2",
        "watched": "gold\ngold\nCañón",
        "insults": "hold",
        "links": "refuse",
        "phones": "refuse",
        "languages": ["en", "fr"],
        "longer_than": "900",
        "lookalikes": "y",
    }
    assert client.post(url, data=form).status_code == 303
    session.rollback()
    session.refresh(campaign)
    assert campaign.screening == {
        "first": 2,
        "longer_than": 900,
        "watched": ["gold", "Cañón"],
        "held": ["insult"],
        "insult_languages": ["en", "fr"],
    }
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert "Cañón" not in json.dumps(entry.detail, ensure_ascii=False)
    assert client.post(url, data={**form, "alike": "3", "first": "x"}).status_code == 422
    write("You idiot.")
    assert the_signature(session).state is SignatureState.HELD
    show = client.get(f"/desk/campaigns/{campaign.slug}").text
    assert "The staff need to review 1 letter." in show
    assert "Tremblay" not in show
    assert client.get(QUEUE).status_code == 404


def test_a_reference_like_anothers_is_flagged(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    other = make_campaign(session, reference="UА l/26", slug="ua-l-26")
    session.commit()
    sign_in(client, app, Role.ADMIN)
    for slug in (campaign.slug, other.slug):
        assert "looks like that of another" in client.get(f"/desk/campaigns/{slug}").text


def test_a_get_decides_nothing(
    staff: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, first=1)
    write()
    held = the_signature(session)
    for url in (f"letters/{held.public_id}", "all", "undo", "fraud/count"):
        assert staff.get(QUEUE + url).status_code == 405
    assert decide(staff, held, "burn").status_code == 404
    assert the_signature(session).state is SignatureState.HELD
    wanted = select(AuditEntry.action).where(AuditEntry.action.like("letter.%"))
    assert not set(session.scalars(wanted))


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
def test_the_mail_says_what_to_change_and_where(
    session: Session, settings: Settings, campaign: Campaign, lang: str
) -> None:
    mail = LetterReturned(
        writer=mail_name("Ana"),
        person_name="Amara Okafor",
        reference="UA 1/26",
        note="Take out the name.\nThank you.",
        link="https://x.example/l",
        case_url="https://x.example/c",
    )
    mail.send(session, to="a@example.org", locale=lang, campaign_id=campaign.id)
    session.commit()
    message = render(newest_mail(session), settings)
    plain = message.get_body(("plain",))
    assert plain is not None
    text = plain.get_content()
    assert "Ana – " in str(message["Subject"]).translate(dict.fromkeys((0x2068, 0x2069)))
    assert "Take out the name." in text
    assert "https://x.example/l" in text.split()
    assert "UA 1/26" in next(line for line in text.splitlines() if line)


def test_a_reason_is_proposed_beside_the_box_and_an_empty_one_is_refused(
    staff: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, watched=("river gold",))
    write("They took the river gold from us.")
    held = the_signature(session)
    page = staff.get(QUEUE).text
    assert 'dir="auto" lang="en" aria-describedby="note-hint"></textarea>' in page
    assert "Remove names and places" in page
    assert "Enter a reason" in decide(staff, held, "return").text
    session.expire_all()
    assert session.get_one(Hold, held.id).decision is Decision.OPEN


def test_rules_that_are_set_hold_at_the_next_form_and_move_no_public_date(
    app: Flask, session: Session, campaign: Campaign
) -> None:
    before = campaign.changed_at
    assert get_plan(session, campaign.slug).word_rules.held == frozenset()
    rules = ScreeningRules(held=("insult",))
    review_queue.set_rules(session, campaign, rules=rules, actor="command")
    session.commit()
    assert set(get_plan(session, campaign.slug).word_rules.held) == {"insult"}
    assert campaign.changed_at == before
