"""The pages on which public words wait for a second person, are read, approved and returned."""

import html
import io
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.campaigns import proposals, status_changes
from campaign.campaigns.content import pictures
from campaign.campaigns.status_changes import stop_campaign
from campaign.core.clock import utcnow
from campaign.models.campaign import Campaign, CampaignStatus, StopKind, Update
from campaign.models.revision import Proposal, ProposalState
from campaign.models.signature import SignatureState
from campaign.models.staff import Role
from tests.factories import add_confirmed, make_campaign, post, sign_in
from tests.integration.campaigns.test_edit_conflict import read_form
from tests.integration.campaigns.test_proposals import asks_for_approval
from tests.integration.campaigns.test_risks_and_picture import picture

HOME = "/desk/campaigns/ua-1-26"
UPDATE = {
    "kind": "outcome", "happened_on": "2026-01-09", "title_en": "She is free",
    "body_en": "At **home**.", "title_fr": "Elle est libre", "body_fr": "Rentrée.",
    "tell_signers": "y",
}  # fmt: skip


@pytest.fixture(autouse=True)
def case(app: Flask, session: Session) -> Iterator[Campaign]:
    """An open campaign of a house that asks for a second person."""
    asks_for_approval(app)
    campaign = make_campaign(session)
    session.commit()
    yield campaign
    session.rollback()


def queued(app: Flask) -> bytes:
    return b"".join(app.extensions["queue"].huey.storage.enqueued_items())


def newest(session: Session) -> Proposal:
    session.rollback()
    session.expire_all()
    proposal = session.scalars(select(Proposal).order_by(Proposal.id.desc())).first()
    assert proposal is not None
    return proposal


def test_form_and_approver_read_to_how_many_an_outcome_goes(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    add_confirmed(session, case, 2, consent_updates_at=utcnow())
    states = {"state": SignatureState.HELD, "consent_updates_at": utcnow()}
    add_confirmed(session, case, 1, **states)
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    outcome = {name: text for name, text in UPDATE.items() if name != "tell_signers"}
    preview = post(client, f"{HOME}/updates", outcome | {"look": "1"}).text
    assert "Emails will go to 3 people." in preview
    assert "3 people in all" in preview
    assert "(2 people)" in preview
    post(client, f"{HOME}/updates", outcome)
    read = client.get(f"{HOME}/proposals/{newest(session).public_id}").text
    assert "Emails will go to 3 people." in read
    assert "get both emails" not in read
    news = UPDATE | {"kind": "further-information", "tell_network": "y"}
    preview = post(client, f"{HOME}/updates", news | {"look": "1"}).text
    assert "Emails will go to 2 people." in preview
    post(client, f"{HOME}/updates", news)
    read = client.get(f"{HOME}/proposals/{newest(session).public_id}").text
    assert "Emails will go to 2 people." in read
    assert "get both emails" in read
    stop_campaign(session, case, actor="a", now=utcnow(), reasons={"en": "It is over."})
    session.commit()
    read = client.get(f"{HOME}/proposals/{newest(session).public_id}").text
    assert "Emails will go to" not in read
    assert "no one gets an email about this update. Edit the text, and send it again" in read


def test_an_update_waits_is_read_in_each_language_and_goes_out_once_approved(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    author = sign_in(client, app, Role.ORGANIZER)
    assert "Send for approval" in client.get(f"{HOME}/updates").text
    assert post(client, f"{HOME}/updates", UPDATE).location == f"{HOME}/updates"
    url = f"{HOME}/proposals/{newest(session).public_id}"
    assert session.scalars(select(Update)).all() == []
    assert b"following.update-posted" not in queued(app)
    assert "1 of your texts needs a colleague’s approval" in client.get("/desk/today").text
    own = client.get(url).text
    assert "You cannot approve it yourself" in own
    assert "Approve and publish" not in own
    assert post(client, url, {"decision": "approve"}).status_code == 422

    colleague = sign_in(client, app, Role.ORGANIZER)
    assert "1 text needs your approval" in client.get("/desk/today").text
    assert url in client.get(HOME).text
    read = client.get(url).text
    assert "<strong>home</strong>" in read
    assert "Elle est libre" in read
    assert "No supporter gets news about this case." in read
    assert author.name in read
    assert "She is free" not in client.get("/en/actions/ua-1-26").text
    assert post(client, url, {"decision": "approve"}).location == HOME
    assert "She is free" in client.get("/en/actions/ua-1-26").text
    assert b"following.update-posted" in queued(app)
    assert newest(session).decided_by_id == colleague.id
    late = post(client, url, {"decision": "approve"})
    assert late.status_code == 422
    assert "This no longer needs a decision" in late.text
    assert "needs your approval" not in client.get("/desk/today").text


@pytest.mark.both_engines
def test_what_comes_back_is_mended_in_the_form_it_came_from(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    reader = app.test_client()
    sign_in(client, app, Role.ORGANIZER)
    post(client, f"{HOME}/updates", UPDATE)
    first = newest(session).public_id
    url = f"{HOME}/proposals/{first}"
    sign_in(reader, app, Role.ORGANIZER)
    assert post(reader, url, {"decision": "return"}).status_code == 422
    note = {"decision": "return", "note": "Name the <prison>."}
    assert post(reader, url, note).status_code == 303
    assert reader.get(f"{HOME}/updates?proposal={first}").status_code == 404
    assert "Edit the text" not in reader.get(url).text

    assert "1 of your texts was returned to you" in client.get("/desk/today").text
    assert '<p class="as-typed" dir="auto">Name the &lt;prison&gt;.</p>' in client.get(url).text
    form = client.get(f"{HOME}/updates?proposal={first}").text
    assert "At **home**." in form
    assert "Elle est libre" in form
    assert f"{HOME}/updates?proposal={first}" in form
    again = UPDATE | {"body_en": "Out of prison."}
    assert post(client, f"{HOME}/updates?proposal={first}", again).status_code == 303
    second = newest(session)
    assert second.state is ProposalState.PENDING
    assert second.public_id != first
    late = post(reader, url, {"decision": "return", "note": "A <second> thought."})
    assert late.status_code == 422
    assert "Its author has replaced it." in late.text
    assert f"{HOME}/proposals/{second.public_id}" in late.text
    assert "A &lt;second&gt; thought." in late.text
    assert "Approve and publish" not in late.text
    assert "came back to you" not in client.get("/desk/today").text
    assert (
        post(client, f"{HOME}/proposals/{second.public_id}", {"decision": "withdraw"}).status_code
        == 303
    )
    assert newest(session).state is ProposalState.WITHDRAWN


@pytest.mark.parametrize(
    ("path", "form", "words"),
    [
        ("updates", UPDATE, ["At **home**.", "Elle est libre"]),
        ("status", {"to": "closed", "reason_en": "Won, with thanks."}, ["Won, with thanks."]),
        ("reason", {"reason_en": "Won, at last."}, ["Won, at last."]),
        ("editions/en", {"outcome": "She came home."}, ["She came home."]),
    ],
)
def test_a_recalled_text_is_kept_until_its_author_sends_or_deletes_it(
    app: Flask,
    client: FlaskClient,
    session: Session,
    case: Campaign,
    path: str,
    form: dict[str, str],
    words: list[str],
) -> None:
    if path == "reason":
        case.status = CampaignStatus.CLOSED
        session.commit()
    other = app.test_client()
    sign_in(client, app, Role.ADMIN)
    sign_in(other, app, Role.ADMIN)
    write = f"{HOME}/{path}"
    sent = form | {"title": "Amara", "summary": "Taken.", "asks": "Let her go."}
    if path == "reason":
        sent |= read_form(client.get(write).text) | form
    for decision in ("withdraw", "delete"):
        assert post(client, write, sent).status_code == 303
        mine = newest(session).public_id
        url = f"{HOME}/proposals/{mine}"
        assert "Recall the request" in client.get(url).text
        recalled = post(client, url, {"decision": "withdraw"}, follow_redirects=True).text
        assert "Request recalled. Nothing was published. You can edit the text" in recalled
        assert "Delete this text" in recalled
        assert f'{url}">' in client.get(HOME).text
        assert url not in other.get(HOME).text
        assert "was returned to you" not in client.get("/desk/today").text
        assert post(other, url, {"decision": "approve"}).status_code == 422
        again = re.search(rf'href="([^"]*proposal={mine}[^"]*)"', recalled)
        assert again
        page = html.unescape(client.get(html.unescape(again[1])).text)
        assert all(text in page for text in words)
        if decision == "delete":
            assert (
                "Text deleted."
                in post(client, url, {"decision": "delete"}, follow_redirects=True).text
            )
            assert newest(session).payload == ""
            assert url not in client.get(HOME).text
            continue
        write = html.unescape(again[1])
    first = session.scalars(select(Proposal).order_by(Proposal.id)).first()
    assert first is not None
    assert (first.state, first.payload) == (ProposalState.OBSOLETE, "")


def test_what_cannot_be_published_any_more_says_why_and_waits_on(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    post(client, f"{HOME}/updates", UPDATE | {"kind": "good-news"})
    url = f"{HOME}/proposals/{newest(session).public_id}"
    status_changes.stop_campaign(
        session, case, actor="command", now=utcnow(), reasons={"en": "Danger."}
    )
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    refused = post(client, url, {"decision": "approve", "note": "Tell them."})
    assert refused.status_code == 422
    assert "asks for an email that can no longer be sent" in refused.text
    assert "Tell them." in refused.text
    assert "Approve and publish" in refused.text, "it is not decided"
    assert newest(session).state is ProposalState.PENDING
    assert post(client, url, {"decision": "return", "note": "Tell nobody."}).status_code == 303


def test_a_stop_is_done_at_once_and_its_reason_waits(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    stop = {"to": "stopped", "kind": "harm", "reason_en": "Her sister is watched."}
    assert post(client, f"{HOME}/status", stop).status_code == 303
    session.rollback()
    session.refresh(case)
    assert case.status is CampaignStatus.STOPPED
    assert b"following.campaign-stopped" in queued(app)
    public = client.get("/en/actions/ua-1-26").text
    assert "another letter could do harm" in public
    assert "sister" not in public
    url = f"{HOME}/proposals/{newest(session).public_id}"
    sign_in(client, app, Role.ORGANIZER)
    assert "Her sister is watched." in client.get(url).text
    assert post(client, url, {"decision": "approve"}).status_code == 303
    assert "Her sister is watched." in client.get("/en/actions/ua-1-26").text


@pytest.mark.both_engines
def test_closing_with_a_reason_waits_and_without_one_does_not(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    assert post(client, f"{HOME}/status", {"to": "closed", "reason_en": "Won."}).location == HOME
    assert "stays open until someone else approves" in client.get(HOME).text
    url = f"{HOME}/proposals/{newest(session).public_id}"
    assert post(client, f"{HOME}/status", {"to": "closed", "reason_en": ""}).status_code == 303
    session.rollback()
    session.refresh(case)
    assert (case.status, case.status_reasons) == (CampaignStatus.CLOSED, {})
    sign_in(client, app, Role.ADMIN)
    assert post(client, url, {"decision": "approve"}).status_code == 422
    assert "It is out of date." in client.get(url).text


def test_what_an_approval_does_is_said_while_it_is_asked(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    admin = app.test_client()
    sign_in(admin, app, Role.ADMIN)
    post(client, f"{HOME}/status", {"to": "closed", "reason_en": "Won."})
    url = f"{HOME}/proposals/{newest(session).public_id}"
    assert "When it is approved, the campaign closes at once" in client.get(url).text
    assert "If you approve it, the campaign closes at once" in admin.get(url).text
    assert post(admin, url, {"decision": "return", "note": "By whom?"}).status_code == 303
    page = client.get(url).text
    assert "By whom?" in page
    assert "closes at once" not in page


def test_what_an_opening_could_do_without_is_said_before_it(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    case.act_by = case.issued_on = None
    session.commit()
    sign_in(client, app, Role.ADMIN)
    page = client.get(HOME).text
    assert "Still to do" in page
    assert "can open without it" not in page
    case.status, case.opened_at = CampaignStatus.DRAFT, None
    session.commit()
    assert "can open without it" in client.get(HOME).text


def test_an_organizer_proposes_a_reason_that_an_admin_alone_would_reword(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    case.status, case.closed_at = CampaignStatus.CLOSED, utcnow()
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    assert f"{HOME}/reason" in client.get(HOME).text
    assert post(client, f"{HOME}/reason", {"reason_en": "Won."}).status_code == 303
    session.rollback()
    session.refresh(case)
    assert case.status_reasons == {}
    url = f"{HOME}/proposals/{newest(session).public_id}"
    sign_in(client, app, Role.ADMIN)
    assert post(client, url, {"decision": "approve"}).status_code == 303
    assert "Won." in client.get("/en/actions/ua-1-26").text


def test_nobody_alone_changes_why_a_case_was_stopped(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    case.status, case.stopped_at, case.stop_kind = CampaignStatus.STOPPED, utcnow(), StopKind.HARM
    session.commit()
    sign_in(client, app, Role.ADMIN)
    assert 'value="safe"' in client.get(f"{HOME}/reason").text
    assert post(client, f"{HOME}/reason", {"reason_en": "Won.", "kind": "safe"}).status_code == 303
    url = f"{HOME}/proposals/{newest(session).public_id}"
    session.rollback()
    session.refresh(case)
    assert case.stop_kind is StopKind.HARM
    assert "from then on: There is good news" in client.get(url).text
    session.rollback()
    assert post(client, url, {"decision": "approve"}).status_code == 422, "it is one’s own"
    sign_in(client, app, Role.ORGANIZER)
    assert post(client, url, {"decision": "approve"}).status_code == 303
    session.rollback()
    session.refresh(case)
    assert case.stop_kind is StopKind.SAFE


@pytest.mark.parametrize("ends", [True, False])
def test_who_writes_over_a_reason_that_waits_has_seen_it(
    app: Flask, client: FlaskClient, session: Session, case: Campaign, ends: bool
) -> None:
    """Also in a closing, and also where it came back to its author meanwhile."""
    url = f"{HOME}/status?to=closed"
    if ends:
        case.status, case.stopped_at, url = CampaignStatus.STOPPED, utcnow(), f"{HOME}/reason"
        session.commit()
    other = app.test_client()
    sign_in(client, app, Role.ADMIN)
    sign_in(other, app, Role.ADMIN)
    typed = read_form(client.get(url).text)
    assert post(other, url, typed | {"reason_en": "Their words"}).status_code == 303
    late = post(client, url, typed | {"reason_en": "My words"})
    assert late.status_code == 422
    assert "Someone saved this page while you were editing it" in late.text
    assert "Their words" in late.text.split("Saved now")[1].split("</div>")[0]
    assert proposals.content_of(newest(session)) == {"en": "Their words"}
    theirs = f"{url}{'&' if '?' in url else '?'}proposal={newest(session).public_id}"
    again = read_form(other.get(theirs).text) | {"reason_en": "Their second words"}
    assert read_form(client.get(url).text)["reason_en"] == "Their words"
    assert post(client, url, read_form(late.text)).status_code == 303
    assert proposals.content_of(newest(session)) == {"en": "My words"}
    assert "My words" in post(other, theirs, again).text.split("Saved now")[1].split("</div>")[0]
    assert proposals.content_of(newest(session)) == {"en": "My words"}


@pytest.mark.parametrize("kind", ["closing", "outcome", "good-news"])
def test_whoever_approves_that_an_action_ends_reads_which_linked_ones_are_open(
    app: Flask, client: FlaskClient, session: Session, case: Campaign, kind: str
) -> None:
    later = make_campaign(session, follows=case)
    waits = {"status": CampaignStatus.SCHEDULED, "open_at": utcnow(), "opened_at": None}
    scheduled = make_campaign(session, follows=case, **waits)
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    if kind == "closing":
        post(client, f"{HOME}/status", {"to": "closed", "reason_en": "Won, with thanks."})
    else:
        post(client, f"{HOME}/updates", UPDATE | {"kind": kind})
    other = app.test_client()
    sign_in(other, app, Role.ADMIN)
    page = other.get(f"{HOME}/proposals/{newest(session).public_id}").text
    named = "is linked to this action and is still open" in page and f"/{later.slug}" in page
    assert named is (kind != "good-news")
    opens = "is linked to this action and opens automatically" in page
    assert (opens and f'href="/desk/campaigns/{scheduled.slug}"' in page) is named


@pytest.mark.parametrize("to", ["closed", "stopped"])
def test_a_reason_that_is_overtaken_stays_with_its_author(
    app: Flask, client: FlaskClient, session: Session, to: str
) -> None:
    other = app.test_client()
    author = sign_in(client, app, Role.ORGANIZER)
    sign_in(other, app, Role.ADMIN)
    post(client, f"{HOME}/status", {"to": "closed", "reason_en": "Won, with thanks."})
    mine = newest(session).public_id
    url, page = f"{HOME}/proposals/{mine}", other.get(f"{HOME}/status?to={to}").text
    assert all(words in page for words in (url, f"{author.name or author.email} proposed this on"))
    ends = {"to": to, "kind": "harm", "reason_en": "" if to == "closed" else "Danger."}
    assert post(other, f"{HOME}/status", ends).status_code == 303
    assert "Proposed closing</a>: out of date." in client.get(HOME).text
    assert "1 of your texts was returned to you" in client.get("/desk/today").text
    told = client.get(url).text
    assert all(words in told for words in ("It is out of date.", "Won, with thanks."))
    again = read_form(client.get(f"{HOME}/reason?proposal={mine}").text)
    assert again["reason_en"] == "Won, with thanks."
    assert post(client, url, {"decision": "delete"}).status_code == 303
    assert url not in client.get(HOME).text


@pytest.mark.both_engines
def test_who_writes_again_what_came_back_finds_it_beside_what_waits(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    url, other = f"{HOME}/status?to=closed", app.test_client()
    sign_in(client, app, Role.ADMIN)
    sign_in(other, app, Role.ADMIN)
    assert post(client, url, {"reason_en": "My words"}).status_code == 303
    mine = newest(session).public_id
    back = {"decision": "return", "note": "Shorter."}
    assert post(other, f"{HOME}/proposals/{mine}", back).status_code == 303
    assert "Saved now" not in other.get(url).text
    assert post(other, url, {"reason_en": "Their words"}).status_code == 303
    page = client.get(f"{url}&proposal={mine}").text
    assert "Their words" in page.split("Saved now")[1].split("</div>")[0]
    assert read_form(page)["reason_en"] == "My words"
    assert post(client, f"{url}&proposal={mine}", read_form(page)).status_code == 303
    assert proposals.content_of(newest(session)) == {"en": "My words"}


def test_a_picture_of_an_update_that_is_refused_is_asked_for_again(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    sent = UPDATE | {"alt_en": "A door.", "happened_on": ""}
    refused = post(client, f"{HOME}/updates", sent | {"picture": (io.BytesIO(picture()), "a.jpg")})
    assert refused.status_code == 422
    lost = "Choose the file again. Your browser did not keep it."
    assert refused.text.count(lost) == 2, "in the summary and at the field"
    bare = sent | {"alt_en": "", "picture": (io.BytesIO(picture()), "a.jpg")}
    assert "Describe the picture" in post(client, f"{HOME}/updates", bare).text
    assert session.scalars(select(Proposal)).all() == []


@pytest.mark.both_engines
def test_the_picture_of_a_proposed_update_is_shown_to_the_desk_and_not_swept(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    sent = UPDATE | {"alt_en": "A door.", "picture": (io.BytesIO(picture()), "door.jpg")}
    assert post(client, f"{HOME}/updates", sent).status_code == 303
    proposal = newest(session)
    key, url = proposal.picture, f"{HOME}/proposals/{proposal.public_id}/picture"
    assert url in client.get(url.removesuffix("/picture")).text
    assert client.get(url).mimetype == "image/jpeg"
    assert client.get(f"/pictures/{key.rpartition('/')[2]}").status_code == 404
    with app.app_context():
        pictures._sweep([key], utcnow() + timedelta(days=1))
        assert list(storage.storage().names("pictures")) == [key]
        session.execute(update(Proposal).values(picture=""))
        session.commit()
        pictures._sweep([key], utcnow() + timedelta(days=1))
        assert list(storage.storage().names("pictures")) == []


def test_whoever_decides_about_a_closing_reads_that_the_deadline_was_moved_since(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    sign_in(client, app, Role.ORGANIZER, name="Olivia")
    post(client, f"{HOME}/status?to=closed", {"reason_en": "Enough letters."})
    page = f"{HOME}/proposals/{newest(session).public_id}"
    other = app.test_client()
    sign_in(other, app, Role.ADMIN, name="Ada")
    before = other.get(page).text
    assert "extended the deadline" not in before
    approval = {"decision": "approve", "deadline": str(case.act_by)}
    assert case.act_by
    later = case.act_by + timedelta(days=90)
    assert post(client, f"{HOME}/extend", {"act_by": later.isoformat()}).status_code == 303
    told = other.get(page).text
    assert "Olivia extended the deadline" in told
    assert "Approve and close" in told
    stale = post(other, page, approval)
    assert stale.status_code == 422
    assert "The deadline was extended after you opened the page." in stale.text
    assert "Olivia extended the deadline" in stale.text
    assert post(other, page, approval | {"deadline": later.isoformat()}).status_code == 303
