"""What was looked at last is published: whoever changes it meanwhile makes one look again."""

import io
import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns.content.editions import publish_outcomes
from campaign.campaigns.content.risks import RiskNamed
from campaign.campaigns.content.updates import post_update
from campaign.campaigns.status_changes import reword_reason, stop_campaign
from campaign.core import db
from campaign.core.errors import Refused
from campaign.mail.messages import OutboxMail
from campaign.models.campaign import StopKind, Update, UpdateKind
from campaign.models.paper_signature import Scan
from campaign.models.reply import Reply
from campaign.models.revision import DeskDraft
from campaign.models.staff import Role
from campaign.replies import publish_reply, replies
from campaign.replies.publish_reply import mark_parts
from campaign.replies.replies import ReplyFacts
from tests.factories import add_confirmed, make_campaign, post, sign_in
from tests.integration.campaigns.test_edit_conflict import read_form
from tests.integration.replies.test_replies import (
    FORM,
    SECRET,
    YESTERDAY,
    look_on,
    make_reply,
    png,
    tell,
)
from tests.races import overtake
from tests.ticks import tick

MORE = {
    "Text of the reply": {"text": "Su hermana PLANTED está bien."},
    "Translations": {"text_en": "Her sister PLANTED is well."},
    "Titles": {"title_en": "An answer, PLANTED"},
    "Scan page to publish": {"shown_page": ""},
    "Date and sender of the reply": {"received_on": (YESTERDAY - timedelta(days=1)).isoformat()},
}


def _seen_on(page: str) -> str:
    (mark,) = re.findall(r'name="seen"[^>]* value="([^"]*)"', page)
    return str(mark)


@pytest.fixture
def draft(client: FlaskClient, app: Flask) -> Any:
    """Address of a draft with a scan, logged by a member of staff; an organizer is signed in."""
    with app.app_context(), db.transaction() as session:
        slug = make_campaign(session).slug
    sign_in(client, app, Role.ORGANIZER)
    scan = {"scan": (io.BytesIO(png()), "scan.png"), "who": ""}
    address = post(client, f"/desk/replies/campaigns/{slug}/new", FORM | scan).location
    with app.app_context(), db.transaction() as session:
        reply = session.scalars(select(Reply)).one()
        assert not reply.shown_page, "none is published before somebody chooses it"
        reply.shown_page = f"{session.scalars(select(Scan.public_id)).one()}/1"
    return address


@pytest.mark.parametrize("part", MORE)
def test_what_changes_after_the_last_look_is_looked_at_once_more(
    client: FlaskClient, app: Flask, draft: str, part: str
) -> None:
    page = client.get(f"{draft}/publish").text
    say = {"checked": "y", "look": look_on(page), "fewer_seen": "y"}
    with app.app_context(), db.reading() as session:
        shown_page = session.scalars(select(Reply.shown_page)).one()
        assert shown_page
    seen = {"seen": _seen_on(client.get(draft).text), "who": ""}
    changed = FORM | seen | {"shown_page": shown_page} | MORE[part]
    assert post(client, draft, changed).status_code == 303
    refused = post(client, f"{draft}/publish", say)
    assert refused.status_code == 422
    assert f"What changed: {part}</li>" in refused.text
    assert ("PLANTED" in refused.text) == ("PLANTED" in str(MORE[part]))
    assert " checked" not in refused.text, "it is said of what stands now"
    with app.app_context(), db.reading() as session:
        assert session.scalar(select(func.count(Update.id))) == 0
    say["look"] = look_on(refused.text)
    assert post(client, f"{draft}/publish", say).status_code == 303


def test_bars_that_change_after_the_last_look_are_looked_at_and_no_look_is_none(
    client: FlaskClient, app: Flask, draft: str
) -> None:
    look = look_on(client.get(f"{draft}/publish").text)
    (page,) = set(re.findall(r'data-page="([^"]+)"', client.get(f"{draft}/bars").text))
    bars = {"page-0": page, "x-0": "5", "y-0": "5", "w-0": "30", "h-0": "40"}
    assert post(client, f"{draft}/bars", bars).status_code == 303
    for say in ({"checked": "y", "look": look, "fewer_seen": "y"}, {"checked": "y"}):
        refused = post(client, f"{draft}/publish", say)
        assert refused.status_code == 422
        assert "What is blacked out in the scan" in refused.text


def _publish_meanwhile(client: FlaskClient, draft: str) -> None:
    seen = dict.fromkeys(("checked", "fewer_seen"), "y")
    look = {"look": look_on(client.get(f"{draft}/publish").text)} | seen
    assert post(client, f"{draft}/publish", look).status_code == 303


UNPUBLISH_FIRST = "Everyone can read this reply on the case page. To change it, unpublish it first."


NOTHING_SAVED = re.compile(r"Nothing was saved</h2>\s*<ul>\s*<li>This reply is published\.</li>")


def test_who_edits_a_reply_that_is_published_meanwhile_keeps_the_words(
    draft: str, client: FlaskClient
) -> None:
    typed = read_form(client.get(draft).text) | {"text": "Mine, long and true.", "notes": "Ask."}
    _publish_meanwhile(client, draft)
    late = post(client, draft, typed)
    assert (late.status_code, UNPUBLISH_FIRST in late.text) == (422, True)
    assert NOTHING_SAVED.search(late.text)
    again = read_form(late.text)
    assert (again["text"], again["notes"]) == ("Mine, long and true.", "Ask.")
    assert "Mine, long" not in client.get(draft).text, "it is shown as it is"
    assert post(client, f"{draft}/take-back").status_code == 303
    assert post(client, draft, again).status_code == 303
    assert read_form(client.get(draft).text)["text"] == "Mine, long and true."


def test_bars_of_a_reply_that_is_published_meanwhile_stay_in_the_form(
    draft: str, client: FlaskClient
) -> None:
    typed = read_form(client.get(f"{draft}/bars").text)
    typed |= {"x-0": "5", "y-0": "6", "w-0": "37.5", "h-0": "40"}
    (typed["page-0"],) = set(re.findall(r'data-page="([^"]+)"', client.get(f"{draft}/bars").text))
    _publish_meanwhile(client, draft)
    late = post(client, f"{draft}/bars", typed)
    assert (late.status_code, UNPUBLISH_FIRST in late.text) == (422, True)
    assert f'href="{draft}"' in late.text
    assert NOTHING_SAVED.search(late.text)
    again = read_form(late.text)
    assert again["w-0"] == "37.5"
    assert post(client, f"{draft}/take-back").status_code == 303
    assert post(client, f"{draft}/bars", again).status_code == 303


@pytest.mark.both_engines
def test_a_button_for_a_reply_that_is_published_meanwhile_leads_back_and_changes_nothing(
    draft: str, client: FlaskClient, app: Flask
) -> None:
    post(client, f"{draft}/draft", {"text": "Half a sentence."})
    (detach,) = re.findall(r'action="([^"]+/remove)"', client.get(draft).text)
    _publish_meanwhile(client, draft)
    for address in (f"{draft}/delete", detach, f"{draft}/black-out"):
        late = post(client, address, {"words": "hermana"})
        assert (late.status_code, late.location) == (303, draft)
        page = client.get(draft).text
        assert "Nothing was changed, because the reply was published" in page
        assert UNPUBLISH_FIRST in page
    with app.app_context(), db.reading() as session:
        assert session.scalars(select(Reply.text)).one() == FORM["text"]
        assert [session.scalar(select(func.count(row.id))) for row in (Scan, DeskDraft)] == [1, 1]
    for reason in ("no longer on the case page", "because the reply was unpublished"):
        assert post(client, f"{draft}/take-back").location == draft
        assert reason in client.get(draft).text


@pytest.mark.both_engines
def test_what_is_edited_while_it_is_being_published_is_not_published(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        reply = make_reply(session)
        reply_id, look = reply.id, mark_parts(reply)

    def edit(session: Session) -> None:
        texts = {"en": f"Her sister {SECRET} is well."}
        reply = session.get_one(Reply, reply_id)
        facts = ReplyFacts(
            reply.received_on,
            reply.channel,
            "es",
            target=reply.target,
            text=reply.text,
            translations=texts,
            titles=reply.titles,
        )
        replies.edit_reply(session, reply, facts, actor="staff:2")

    def load(session: Session) -> Reply:
        reply = session.get_one(Reply, reply_id)
        assert reply.translations
        return reply

    def publish(session: Session, reply: Reply) -> None:
        publish_reply.publish(session, reply, actor="staff:1", look=look)

    with pytest.raises(Refused, match="reply-changed"):
        overtake(app, edit, load, publish)
    with app.app_context(), db.reading() as session:
        assert session.scalar(select(func.count(Update.id))) == 0


OPENLY: dict[str, dict[str, Any]] = {
    "in a translation": {"translations": {"en": "Hers is her sister Ana Lucia."}},
    "in the answer, once more": {
        "text": "Hemos hablado con [[su hermana Ana Lucia]]. ANA está bien.",
        "translations": {},
    },
    "in a title": {"titles": {"en": "Ana Lucia's letter", "es": "Una carta"}},
    "in the translation of what only that hides": {
        "text": "Hemos hablado con Ana.",
        "translations": {"en": "We spoke with [[Ana]]."},
    },
}
HIDDEN: dict[str, Any] = {
    "text": "Hemos hablado con [[su hermana Ana Lucia]].",
    "translations": {"en": "We spoke with [[her sister Ana Lucia]]."},
    "titles": {"en": "A letter", "es": "Una carta"},
}


@pytest.mark.parametrize("where", OPENLY)
def test_a_word_that_is_blacked_out_in_one_text_and_read_in_another_is_asked_about(
    client: FlaskClient, app: Flask, where: str
) -> None:
    with app.app_context(), db.transaction() as session:
        address = f"/desk/replies/{make_reply(session, **HIDDEN | OPENLY[where]).public_id}/publish"
    sign_in(client, app, Role.ORGANIZER)
    page = client.get(address).text
    assert "Blacked out in a reply:" in page
    assert re.search("<mark>Ana( Lucia)?</mark>", page, re.IGNORECASE)
    say = {"checked": "y", "look": look_on(page), "fewer_seen": "y"}
    refused = post(client, address, say)
    assert refused.status_code == 422
    assert "This says what is blacked out in a reply." in refused.text
    with app.app_context(), db.reading() as session:
        assert session.scalar(select(func.count(Update.id))) == 0
    assert post(client, address, say | tick(refused)).status_code == 303


def test_a_version_with_fewer_passages_blacked_out_is_asked_about_in_any_script(
    client: FlaskClient, app: Flask
) -> None:
    with app.app_context(), db.transaction() as session:
        more = HIDDEN | {"translations": {"ar": "تحدّثنا مع أختها آنا."}}
        address = f"/desk/replies/{make_reply(session, **more).public_id}/publish"
    sign_in(client, app, Role.ORGANIZER)
    page = client.get(address).text
    assert "Arabic: 0 of 1 passages" in page
    say = {"checked": "y", "look": look_on(page)}
    refused = post(client, address, say)
    assert refused.status_code == 422
    assert 'name="fewer_seen"' in refused.text
    assert post(client, address, say | {"fewer_seen": "y"}).status_code == 303


def test_what_hides_the_same_in_each_language_is_published_without_a_question(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        reply = make_reply(session, **HIDDEN)
        publish_reply.publish(session, reply, actor="staff:1", look=mark_parts(reply))


@pytest.mark.both_engines
def test_a_name_is_offered_as_one_passage(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        more = {"translations": {"en": "We spoke with Ana Lucia.", "fr": "Avec [[Ana Lucia]]."}}
        reply = make_reply(session, **HIDDEN | more)
        address = f"/desk/replies/{reply.public_id}/publish"
    sign_in(client, app, Role.ORGANIZER)
    page = client.get(address).text
    assert re.findall("Black out “(.*)”", page) == ["Ana Lucia"]
    assert "0 of 1 passages" in page
    post(client, f"{address.removesuffix('publish')}black-out", {"words": "Ana Lucia"})
    page = client.get(address).text
    assert "passages" not in page
    assert "We spoke with <span" in page


def test_a_text_with_one_of_two_passages_side_by_side_is_asked_about(app: Flask) -> None:
    """In another script no word tells that the second name can be read."""
    texts = {
        "text": "قال [[أحمد]] [[حسن]] ذلك.",
        "translations": {"en": "[[Ahmed]] Hassan said so."},
    }
    with app.app_context(), db.transaction() as session:
        reply = make_reply(session, **HIDDEN | texts)
        fewer = publish_reply.list_fewer_marks(reply)
    assert [(text.locale, text.marks, text.most) for text in fewer] == [("en", 1, 2)]


def test_a_picture_without_bars_beside_words_that_hide_something_is_asked_about(
    client: FlaskClient, app: Flask, draft: str
) -> None:
    page = client.get(f"{draft}/publish").text
    assert "The text has black bars, but the picture has none." in page
    say = {"checked": "y", "look": look_on(page)}
    assert post(client, f"{draft}/publish", say).status_code == 422


def test_a_post_by_hand_that_says_what_a_reply_hides_is_asked_about(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        campaign = make_reply(session, **HIDDEN).campaign
        words = {"en": ("What we know", "The governor writes of **Ana Lucia**.")}
        post = partial(
            post_update,
            session,
            campaign,
            actor="staff:1",
            kind=UpdateKind.OUTCOME,
            happened_on=YESTERDAY,
        )
        with pytest.raises(RiskNamed) as refused:
            post(words=words)
        assert {finding.found for finding in refused.value.findings} == {"Ana Lucia"}
        post(words=words, risks_seen=refused.value.keys)
        post(words={"en": ("What we know", "The governor answered her family.")})
        stop = partial(
            stop_campaign,
            session,
            campaign,
            actor="staff:1",
            now=db.utcnow(),
            kind=StopKind.HARM,
            reasons={"en": "Lucia asked us to stop."},
        )
        with pytest.raises(RiskNamed) as refused:
            stop()
        stop(risks_seen=refused.value.keys)
        with pytest.raises(RiskNamed):
            reword_reason(session, campaign, actor="staff:1", reasons={"en": "Ana asks to stop."})
        with pytest.raises(RiskNamed):
            publish_outcomes(session, campaign, actor="staff:1", outcomes={"en": "Ana is safe."})


def _log(client: FlaskClient, slug: str, **more: object) -> str:
    return str(post(client, f"/desk/replies/campaigns/{slug}/new", FORM | more).location)


def _publish_page(client: FlaskClient, address: str, **more: str) -> Any:
    look = look_on(client.get(f"{address}/publish").text)
    return post(client, f"{address}/publish", {"checked": "y", "look": look, **more})


@pytest.mark.both_engines
@pytest.mark.parametrize("change", [{}, {"received_on": "2026-01-02"}])
def test_a_reply_that_a_colleague_published_is_not_emailed_a_second_time(
    client: FlaskClient, app: Flask, change: dict[str, str]
) -> None:
    with app.app_context(), db.transaction() as session:
        campaign = make_campaign(session)
        slug = campaign.slug
        add_confirmed(session, campaign, 2, consent_updates_at=db.utcnow())
    second = app.test_client()
    sign_in(client, app, Role.ORGANIZER, name="Olivia Park")
    sign_in(second, app, Role.ORGANIZER, name="Noor Haddad")
    sender = {"who": "target:governor-1"}
    own, other = _log(client, slug, **sender), _log(second, slug, **sender, **change)
    page = second.get(other).text
    assert ("This reply may have been logged already" in page) == (not change)
    assert ("Olivia Park · " in page) == (not change)
    look = look_on(second.get(f"{other}/publish").text)
    assert _publish_page(client, own).status_code == 303
    refused = post(second, f"{other}/publish", {"checked": "y", "look": look})
    assert refused.status_code == 422
    assert "this reply may have been published already" in refused.text
    assert "Olivia Park · " in refused.text
    assert own in refused.text
    assert "Olivia Park · " in second.get(f"{other}/publish").text
    tell(app)
    with app.app_context(), db.reading() as session:
        assert session.scalar(select(func.count(Update.id))) == 1
        assert session.scalar(select(func.count(OutboxMail.id))) == 2
    assert _publish_page(second, other, is_another="y").status_code == 303
    with app.app_context(), db.reading() as session:
        assert session.scalar(select(func.count(Update.id))) == 2


def test_after_a_stop_no_email_about_a_reply_is_promised(
    client: FlaskClient, app: Flask, draft: str
) -> None:
    promise, none = "We email it to supporters who asked for news.", "so no one gets an email"
    page = client.get(f"{draft}/publish").text
    assert (promise in page, none in page) == (True, False)
    with app.app_context(), db.transaction() as session:
        campaign, now = session.scalars(select(Reply)).one().campaign, db.utcnow()
        stop_campaign(session, campaign, actor="a", now=now, reasons={"en": "It is over."})
    page = client.get(f"{draft}/publish").text
    assert (promise in page, none in page) == (False, True)
