"""A reply is logged, redacted, published, taken back; what is left out is nowhere to be read."""

import io
import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from campaign.campaigns.content import targets
from campaign.core import clock, db, jobs
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.mail.messages import MailState, OutboxMail
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus, Update, UpdateEdition
from campaign.models.notice import Notice
from campaign.models.reply import Channel, Reply, ReplyState
from campaign.models.staff import Role
from campaign.replies import publish_reply, replies
from campaign.replies.publish_reply import mark_parts
from campaign.replies.replies import ReplyFacts
from campaign.tracking.notices import tell_batch
from campaign.web.pagination import PAGE_SIZE
from tests.busy_readers import answer_without_readers
from tests.days import days_ago
from tests.factories import (
    add_confirmed,
    make_campaign,
    make_staff_user,
    make_target_official,
    post,
    sign_in,
)
from tests.races import overtake

SECRET = "Rosalinda-Quebrada"
YESTERDAY = days_ago(1)


def make_reply(session: Session, campaign: Campaign | None = None, **more: Any) -> Reply:
    """A letter in Spanish with a passage to leave out, translated into English."""
    campaign = campaign or make_campaign(session)
    facts: dict[str, Any] = {
        "received_on": YESTERDAY,
        "channel": Channel.LETTER,
        "locale": "es",
        "target": campaign.targets[0],
        "text": f"Su hermana [[{SECRET}]] está bien.\n\n1. *Recibido*.",
        "translations": {"en": f"Her sister [[{SECRET}]] is well."},
        "titles": {"en": "The governor answers", "es": "La gobernadora responde"},
    }
    return replies.log_reply(session, campaign, ReplyFacts(**(facts | more)), actor="test")


def _publish(session: Session, reply: Reply) -> object:
    """By somebody who has just looked at it."""
    return publish_reply.publish(session, reply, actor="staff:1", look=mark_parts(reply))


def _everything(session: Session) -> str:
    """All that is published or mailed, as text."""
    rows = [
        *session.scalars(select(UpdateEdition.body)),
        *session.scalars(select(UpdateEdition.title)),
    ]
    rows += [str(context) for context in session.scalars(select(OutboxMail.context))]
    return "\n".join(rows)


@pytest.mark.both_engines
def test_a_reply_stays_with_who_sent_it_when_a_successor_takes_over(
    client: FlaskClient, app: Flask
) -> None:
    with app.app_context(), db.transaction() as session:
        reply = make_reply(session)
        _publish(session, reply)
        target, slug = reply.campaign.targets[0], reply.campaign.slug
        successor = make_target_official(2, name="Pedro Nuevo")
        session.add(successor)
        session.flush()
        targets.replace_official(session, target=target, successor=successor, actor="test")
    page = client.get(f"/en/actions/{slug}").text
    assert "Pedro Nuevo" in page
    assert "Her sister" in page
    assert "Replied on" not in page
    sign_in(client, app, Role.ORGANIZER)
    listed = client.get(f"/desk/replies/campaigns/{slug}").text
    (page,) = set(re.findall(r'href="(/desk/replies/[\w-]{20,})"', listed))
    for text_of_page in (listed, client.get(page).text.partition("<aside>")[2]):
        assert "Ines Quintero Vidal" in text_of_page
        assert "Pedro Nuevo" not in text_of_page


def test_a_published_reply_is_on_the_page_in_the_feed_and_in_the_mail_without_its_secret(
    client: FlaskClient, app: Flask
) -> None:
    with app.app_context(), db.transaction() as session:
        reply = make_reply(session)
        slug, reply_id = reply.campaign.slug, reply.id
        add_confirmed(session, reply.campaign, 2, consent_updates_at=db.utcnow())
        _publish(session, reply)
    tell(app)
    page = client.get(f"/en/actions/{slug}").text
    assert "Replied on" in page
    assert "Her sister" in page
    assert "Su hermana" in page, "the answer in its own language stands below"
    assert 'class="bar"' in page
    assert "1. *Recibido*." in page
    spanish = client.get(f"/es/actions/{slug}").text
    assert "La gobernadora responde" in spanish
    assert "Her sister" not in spanish
    for address in (f"/en/actions/{slug}", f"/es/actions/{slug}", "/en/feed.xml", "/en/updates"):
        assert SECRET not in client.get(address).text
    with app.app_context(), db.reading() as session:
        told = session.scalars(select(OutboxMail).where(OutboxMail.kind == "case-update")).all()
        assert len(told) == 2
        assert "Her sister" in str(json.loads(told[0].context or "")["text"])
        assert SECRET not in _everything(session)
        sealed = session.execute(text("SELECT text FROM reply")).scalar_one()
        assert SECRET.encode() not in bytes(sealed)
        assert session.get_one(Reply, reply_id).state is ReplyState.PUBLISHED


def test_what_an_official_says_is_quoted_in_each_language(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        _publish(session, make_reply(session))
        bodies = dict(session.execute(select(UpdateEdition.locale, UpdateEdition.body)).all())
    assert bodies["es"].startswith("> Su hermana ")
    assert bodies["en"].startswith("> Her sister ")
    ours = [line for line in bodies["en"].splitlines() if line and not line.startswith(">")]
    assert ours == ["Our translation. The reply in its own language (Spanish):"]


@pytest.mark.both_engines
def test_what_is_taken_back_is_gone_and_is_never_mailed_twice(app: Flask) -> None:
    with app.app_context():
        with db.transaction() as session:
            reply = make_reply(session)
            reply_id = reply.id
            add_confirmed(session, reply.campaign, 2, consent_updates_at=db.utcnow())
            _publish(session, reply)
        tell(app)
        with db.transaction() as session:
            publish_reply.unpublish(session, session.get_one(Reply, reply_id), actor="staff:1")
        with db.reading() as session:
            assert session.scalar(select(func.count(Update.id))) == 0
            waiting = session.scalars(select(OutboxMail.id)).all()
        jobs.run_now("mail.send", waiting[0])
        with db.reading() as session:
            assert session.get_one(OutboxMail, waiting[0]).state is not MailState.SENT
        with db.transaction() as session:
            _publish(session, session.get_one(Reply, reply_id))
        tell(app)
        with db.reading() as session:
            assert session.scalar(select(func.count(OutboxMail.id))) == len(waiting)
            assert session.scalar(select(func.count(Update.id))) == 1


CHANGES: dict[str, Callable[[Session, Reply], object]] = {
    "publish": _publish,
    "edit": lambda session, reply: replies.edit_reply(
        session, reply, ReplyFacts(YESTERDAY, Channel.LETTER, "es", text=SECRET), actor="staff:2"
    ),
    "delete": lambda session, reply: replies.delete_reply(session, reply, actor="staff:2"),
    "bars": lambda session, reply: replies.set_bars(session, reply, [], actor="staff:2"),
}


@pytest.mark.both_engines
@pytest.mark.parametrize("change", CHANGES)
def test_who_looked_before_it_was_published_changes_nothing(app: Flask, change: str) -> None:
    with app.app_context(), db.transaction() as session:
        reply_id = make_reply(session).id

    def look(session: Session) -> Reply:
        return session.get_one(Reply, reply_id)

    with pytest.raises(Refused, match="reply-published"):
        overtake(app, lambda session: _publish(session, look(session)), look, CHANGES[change])
    with app.app_context(), db.reading() as session:
        assert session.scalar(select(func.count(Update.id))) == 1
        kept = look(session)
        assert (kept.state, "está bien" in kept.text) == (ReplyState.PUBLISHED, True)


@pytest.mark.both_engines
@pytest.mark.parametrize("change", CHANGES)
def test_who_looked_before_it_was_deleted_finds_nothing(app: Flask, change: str) -> None:
    with app.app_context(), db.transaction() as session:
        seen = make_reply(session)
        reply_id = seen.id

    def look(session: Session) -> Reply:
        session.add(seen)  # as it was, also where the second begins after the first
        return seen

    with pytest.raises(NotFound, match="reply"):
        overtake(
            app,
            lambda session: CHANGES["delete"](session, session.get_one(Reply, reply_id)),
            look,
            CHANGES[change],
        )
    with app.app_context(), db.reading() as session:
        assert session.scalar(select(func.count(Update.id))) == 0


@pytest.mark.both_engines
def test_two_who_take_a_post_away_do_it_once(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        reply = make_reply(session)
        _publish(session, reply)
        reply_id = reply.id

    def look(session: Session) -> Reply:
        return session.get_one(Reply, reply_id)

    def take(session: Session, reply: Reply) -> None:
        publish_reply.unpublish(session, reply, actor="staff:1")

    with pytest.raises(Refused, match="reply-not-published"):
        overtake(app, lambda session: take(session, look(session)), look, take)


def tell(app: Flask) -> None:
    with app.app_context():
        jobs.run_now("following.find-news")
        with db.reading() as session:
            notices = session.scalars(select(Notice.id)).all()
        for notice_id in notices:
            while tell_batch(notice_id):
                pass


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"text": "[[ open"}, "text"),
        ({"translations": {"en": "closed ]]"}}, "text_en"),
        ({"titles": {"es": "Responde"}}, "title_en"),
        ({"text": "", "translations": {}}, "text"),
    ],
)
def test_what_is_not_whole_is_not_published(
    session: Session, more: dict[str, Any], field: str
) -> None:
    reply = make_reply(session, **more)
    with pytest.raises(Invalid) as caught:
        _publish(session, reply)
    assert field in caught.value.fields
    assert session.scalar(select(func.count(Update.id))) == 0


def test_a_draft_of_a_case_that_is_not_public_stays_one(session: Session) -> None:
    reply = make_reply(session, make_campaign(session, status=CampaignStatus.DRAFT))
    with pytest.raises(Refused):
        _publish(session, reply)
    reply.campaign.status = CampaignStatus.OPEN
    _publish(session, reply)
    with pytest.raises(Refused):
        replies.edit_reply(
            session, reply, ReplyFacts(YESTERDAY, Channel.POST, "es"), actor="staff:1"
        )


def test_a_reply_is_of_no_day_that_is_to_come_where_the_campaign_is(session: Session) -> None:
    """Between these two zones it is never the same day."""
    day = clock.today("Pacific/Kiritimati")
    with pytest.raises(Invalid) as refused:
        make_reply(session, make_campaign(session, timezone="Pacific/Pago_Pago"), received_on=day)
    assert refused.value.fields == {"received_on": "day-to-come"}
    make_reply(session, make_campaign(session, timezone="Pacific/Kiritimati"), received_on=day)


def test_a_reply_may_be_of_the_day_of_the_delivery_that_it_answers(session: Session) -> None:
    """It has the day of its mission, which may be one ahead."""
    campaign = make_campaign(session, timezone="Pacific/Pago_Pago")
    day = clock.today("Pacific/Kiritimati")
    delivery = DeliveryAttempt(
        campaign=campaign, happened_on=day, messages=1, outcome=DeliveryOutcome.ACCEPTED
    )
    session.add(delivery)
    session.flush()
    make_reply(session, campaign, received_on=day, delivery=delivery)


# --- Pages -------------------------------------------------------------------------------------

FORM = {
    "received_on": YESTERDAY.isoformat(),
    "channel": "letter",
    "language": "es",
    "text": f"Su hermana [[{SECRET}]] está bien.",
    "title_en": "An answer",
    "text_en": f"Her sister [[{SECRET}]] is well.",
    "delivery": "",
    "shown_page": "",
}


def png() -> bytes:
    """A scan with something red on it."""
    picture = Image.new("RGB", (100, 80), "white")
    picture.paste((255, 0, 0), (10, 10, 30, 30))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def look_on(page: str) -> str:
    """The mark of what the last look before publishing showed."""
    (mark,) = re.findall(r'name="look"[^>]* value="([^"]*)"', page)
    return str(mark)


def test_a_draft_is_kept_without_its_scan_being_drawn(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        slug = make_campaign(session).slug
    sign_in(client, app, Role.ORGANIZER)
    draft = post(client, f"/desk/replies/campaigns/{slug}/new", FORM | {"who": ""}).location
    kept = FORM | {"who": "", "keep": "1", "scan": (io.BytesIO(png()), "scan.png")}
    assert answer_without_readers(partial(post, client, draft, kept)).status_code == 303


def test_a_scan_is_published_with_its_bars_painted_in(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        campaign = make_campaign(session)
        slug, who = campaign.slug, campaign.targets[0].official.slug
    sign_in(client, app, Role.ORGANIZER)
    form = FORM | {"who": f"target:{who}", "scan": (io.BytesIO(png()), "scan.png")}
    answer = post(client, f"/desk/replies/campaigns/{slug}/new", form)
    assert answer.status_code == 303
    page = client.get(f"{answer.location}/bars").text
    (scan_page,) = set(re.findall(r'data-page="([^"]+)"', page))
    with app.app_context(), db.transaction() as session:
        session.scalars(select(Reply)).one().shown_page = scan_page
    bars = {"page-0": scan_page, "x-0": "5", "y-0": "5", "w-0": "30", "h-0": "40"}
    assert post(client, f"{answer.location}/bars", bars | {"w-0": "x"}).status_code == 422
    assert post(client, f"{answer.location}/bars", bars).status_code == 303
    page = client.get(f"{answer.location}/publish").text
    assert SECRET not in page
    look = {"look": look_on(page)}
    assert post(client, f"{answer.location}/publish", look).status_code == 422, (
        "nobody said it is read"
    )
    assert post(client, f"{answer.location}/publish", look | {"checked": "y"}).status_code == 303
    shown = client.get(f"/en/actions/{slug}").text
    (address,) = re.findall(r'src="(/pictures/[^"]+)"', shown) or re.findall(
        r'<figure class="picture"><img src="([^"]+)"', shown
    )
    picture = Image.open(io.BytesIO(client.get(address).data)).convert("RGB")
    points = [picture.getpixel((x, y)) for x in range(picture.width) for y in range(picture.height)]
    red = [pixel for pixel in points if isinstance(pixel, tuple) and pixel[0] > pixel[1] + 60]
    assert red == [], "what lay under the bar is in no pixel"
    updates = f"/desk/campaigns/{slug}/updates"
    assert 'name="update"' not in client.get(updates).text, (
        "it is taken back where it was published"
    )
    key = address.lstrip("/")
    with app.app_context(), db.transaction() as session:
        other = make_campaign(session, picture=key)
    assert post(client, f"{answer.location}/take-back").status_code == 303
    assert client.get(address).status_code == 200, "another case shows the same"
    with app.app_context(), db.transaction() as session:
        session.get_one(Campaign, other.id).picture = ""
    assert client.get(address).status_code == 404


@pytest.mark.both_engines
def test_the_page_says_what_is_missing_and_tells_deliveries_apart(
    client: FlaskClient, app: Flask
) -> None:
    with app.app_context(), db.transaction() as session:
        campaign = make_campaign(session)
        untitled = make_reply(session, campaign, titles={}).public_id
        broken = make_reply(session, campaign, translations={"en": "[[ open"}).public_id
        mission = campaign.targets[0].mission
        assert mission is not None
        for outcome in (DeliveryOutcome.ACCEPTED, DeliveryOutcome.REFUSED):
            attempt = DeliveryAttempt(
                campaign=campaign,
                mission_id=mission.id,
                happened_on=YESTERDAY,
                messages=3,
                outcome=outcome,
                place="At the gate",
            )
            session.add(attempt)
    sign_in(client, app, Role.ORGANIZER)
    page = client.get(f"/desk/replies/{untitled}/publish").text
    assert "Enter a title, in the main language" in page
    assert "Close each [[" not in page
    page = client.get(f"/desk/replies/{broken}/publish").text
    assert "Check the text in English." in page
    assert "Enter a title, in the main language" not in page
    assert "Publish the reply" not in page, "there is no button, and nothing to tick"
    assert "I have read all of it" not in page
    assert "Check the text in English." in client.get(f"/desk/replies/{broken}").text
    assert "Close each [[" not in client.get(f"/desk/replies/{untitled}").text
    choices = re.findall(
        r"<option[^>]*>([^<]*At the gate)<", client.get(f"/desk/replies/{untitled}").text
    )
    assert len(choices) == len(set(choices)) == 2
    assert all("Ottawa" in choice for choice in choices)


@pytest.mark.both_engines
def test_a_campaign_with_many_replies_has_further_pages(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        campaign = make_campaign(session)
        for number in range(PAGE_SIZE + 1):
            make_reply(session, campaign, received_on=date(2026, 1, 1) + timedelta(days=number))
        slug = campaign.slug
    sign_in(client, app, Role.ORGANIZER)
    address = f"/desk/replies/campaigns/{slug}"
    first = client.get(address).text
    assert f'rel="next" href="{address}?page=2"' in first
    last = client.get(f"{address}?page=2").text
    assert (first + last).count('href="/desk/replies/') >= PAGE_SIZE + 1
    assert 'rel="next"' not in last
    assert "1 January 2026" in last
    assert client.get(f"{address}?page=99999999999999999999999").status_code == 200


def test_a_reply_of_another_team_does_not_exist(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        owner = make_staff_user(session, Role.ORGANIZER)
        reply = make_reply(session, make_campaign(session, owner_id=owner.id))
        address = f"/desk/replies/{reply.public_id}"
    sign_in(client, app, Role.ORGANIZER)
    for end in ("", "/publish", "/bars", "/shown.jpg"):
        assert client.get(f"{address}{end}").status_code == 404
    assert post(client, f"{address}/publish", {"checked": "y"}).status_code == 404
    assert SECRET not in client.get("/desk/replies/").text
    sign_in(client, app, Role.STAFF)
    assert client.get(address).status_code == 404
