"""Forms of the desk at the address of what they change: who saves second overwrites nobody unseen.

A form is known here by a page and a POST at one address with a variable part. Those that post to
another address than their page's, or of which there is one for the whole site, are not.
"""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.documents import cover_texts
from campaign.bundles.documents.cover_texts import CoverWords
from campaign.core import db
from campaign.directory import officials
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.directory import Membership, Mission
from campaign.models.paper_signature import PaperRow, RowVerdict, ScanKind
from campaign.models.reply import Reply
from campaign.models.staff import Role
from campaign.paper_signatures import data_entry, scans
from campaign.replies import replies
from campaign.replies.redaction import Bar
from campaign.web.edit_conflict import EditConflictForm, lock_row
from campaign.web.form_fields import LineField
from campaign.webhooks import endpoints
from tests.factories import csrf_token, make_campaign, make_staff_user, post, sign_in
from tests.integration.campaigns.test_edit_conflict import list_dead_links, read_form
from tests.integration.paper_signatures.test_sheets import ANA, make_sheet
from tests.integration.replies.test_replies import make_reply, png
from tests.integration.web.test_routes import _roles, _rules
from tests.races import wait_for_lock

Page = tuple[str, str, str, str]
"""Its address, a field, and what two people enter there."""


def _sheet(session: Session, campaign: Campaign) -> Page:
    sheet = make_sheet(session, campaign, place="Market")
    return f"/desk/paper/{sheet.public_id}/about", "place", "Their fair", "My fair"


def _row(session: Session, campaign: Campaign) -> Page:
    row = data_entry.add_row(session, make_sheet(session, campaign), ANA, actor="test")
    url = f"/desk/paper/{row.sheet.public_id}/rows/{row.public_id}"
    return url, "given_name-0", "Theirana", "Minana"


def _bars(session: Session, campaign: Campaign) -> Page:
    reply = make_reply(session, campaign)
    read = scans.ReadScan(ScanKind.IMAGE, [png()])
    scan = scans.keep_scan(session, read, actor="test", reply_id=reply.id)
    sides = {"x": 5, "y": 5, "w": 30, "h": 40}
    reply.bars = [{"scan": scan.public_id, "page": 1, **sides}]
    return f"/desk/replies/{reply.public_id}/bars", "x-0", "71", "17"


def _cover(_session: Session, campaign: Campaign) -> Page:
    mission = campaign.targets[0].mission
    assert mission is not None
    url = f"/desk/bundles/missions/{mission.slug}/cover/en"
    return url, "subject", "Their subject", "My subject"


def _posts(session: Session, campaign: Campaign) -> Page:
    official = campaign.targets[0].official
    officials.end_office(session, official=official, on=date(2026, 1, 1), actor="test")
    (membership_id,) = session.scalars(select(Membership.id))
    url = f"/desk/officials/{official.slug}/posts"
    return url, f"until_{membership_id}", "2026-02-02", "2026-03-03"


def _webhook(session: Session, _campaign: Campaign) -> Page:
    by = make_staff_user(session, Role.ADMIN)
    address = "https://crm.example.org/"
    endpoint = endpoints.add_endpoint(session, address=address, kinds=endpoints.KINDS, by=by)
    url = f"/desk/webhooks/{endpoint.public_id}/edit"
    return url, "address", "https://theirs.example.org/", "https://mine.example.org/"


def _reason(_session: Session, campaign: Campaign) -> Page:
    campaign.status, campaign.status_reasons = CampaignStatus.STOPPED, {"en": "Danger."}
    return f"/desk/campaigns/{campaign.slug}/reason", "reason_en", "Their reason", "My reason"


PAGES: dict[str, Callable[[Session, Campaign], Page]] = {
    "bundles.edit_cover": _cover,
    "campaigns.reason.edit": _reason,
    "directory.edit_posts": _posts,
    "paper_signatures.correct": _row,
    "paper_signatures.edit": _sheet,
    "replies.publish.edit_bars": _bars,
    "webhooks.change": _webhook,
}
OTHERS: dict[str, str] = {
    name: why
    for why, names in {
        "the two texts are merged: campaigns/test_drafts_and_merges.py": """
            campaigns.edit_edition campaigns.edit_facts campaigns.edit_options
            campaigns.edit_targets campaigns.edit_template campaigns.merge
            campaigns.side_by_side""",
        "asked the same: campaigns/test_edit_conflict.py": """
            campaigns.edit_picture campaigns.edit_reach campaigns.edit_risks directory.edit
            directory.edit_mission replies.edit screening_rules.edit_rules""",
        "asked the same: about/test_about_pages.py": "about_desk.edit",
        "asked the same: deliveries/test_corrections.py": "deliveries.correct",
        "makes something new beside what is there": """
            bundles_rehearsal.make_bundle bundles_rehearsal.sign campaigns.clone
            campaigns.continue_as campaigns.post_update deliveries.add_files deliveries.deliver
            deliveries.publish directory.new_successor paper_signatures.attach
            paper_signatures.key_in replies.create""",
        "a step that is refused, or does nothing, where somebody has taken it before": """
            api_tokens.revoke bundles.cancel campaigns.aimed_at
            campaigns.decide_proposal campaigns.delete crm.remove_connection
            deliveries.reroute directory.delete handover.hand_over replies.publish.publish
            webhooks.delete""",
        "the same, and where its reason waits, asked: campaigns/test_proposal_pages.py": (
            "campaigns.change_status"
        ),
        "only a later day than the one that stands is taken": "campaigns.extend",
        "one's own upload, which nobody else opens": """
            crm.check_file directory.mapping paper_signatures.show_import""",
        "a secret that no page shows is replaced, not edited": "crm.change_key",
        "keeps nothing": """
            bundles.take_reprint deliveries.envelopes_download signing_rehearsal.write""",
    }.items()
    for name in names.split()
}


def test_each_form_of_the_desk_asks_who_saves_second_or_says_why_it_need_not(app: Flask) -> None:
    """Whoever adds one at the address of its page puts it into one of the two lists above."""
    pages = {rule.rule for rule in _rules(app) if "GET" in (rule.methods or ())}
    forms = {
        rule.endpoint
        for rule in _rules(app)
        if "POST" in (rule.methods or ()) and rule.rule in pages
        if rule.arguments - (rule.defaults or {}).keys()
        if _roles(app, rule.endpoint) is not None
    }
    assert forms == {*PAGES, *OTHERS}
    assert not PAGES.keys() & OTHERS.keys()


@pytest.mark.parametrize("name", PAGES)
def test_who_saves_second_sees_both_and_saves_knowingly(
    app: Flask, client: FlaskClient, session: Session, name: str
) -> None:
    url, field, theirs, mine = PAGES[name](session, make_campaign(session))
    session.commit()
    other = app.test_client()
    for browser in (client, other):
        sign_in(browser, app, Role.ADMIN)
    typed = read_form(client.get(url).text)
    assert post(other, url, typed | {field: theirs}).status_code == 303
    late = post(client, url, typed | {field: mine})
    assert late.status_code == 422
    assert ">Someone saved this page while you were editing it</h2>" in late.text
    assert not list_dead_links(late.text)
    shown = {"2026-02-02": "2 February 2026"}.get(theirs, theirs)
    saved = late.text.split("Saved now")[1].split("</div>")[0]
    assert shown in saved
    assert f'<a href="#{"page-0" if name.endswith("bars") else field}">' in saved
    again = read_form(late.text)
    assert again[field] == mine
    assert read_form(client.get(url).text)[field] == theirs
    assert post(client, url, again).status_code == 303
    assert read_form(client.get(url).text)[field] == mine


@pytest.mark.parametrize("name", PAGES)
def test_who_changes_ones_language_meanwhile_meets_nobody(
    app: Flask, client: FlaskClient, session: Session, name: str
) -> None:
    url, field, _theirs, mine = PAGES[name](session, make_campaign(session))
    session.commit()
    sign_in(client, app, Role.ADMIN)
    typed = read_form(client.get(url).text)
    assert post(client, "/desk/account", {"name": "Ada", "locale": "fr"}).status_code == 303
    assert '<html lang="fr"' in client.get(url).text
    assert post(client, url, typed | {field: mine}).status_code == 303


@pytest.mark.parametrize("name", ["reason_pt-BR", "office_pt_BR"])
def test_a_text_of_a_language_with_a_country_is_named_with_it(app: Flask, name: str) -> None:
    with app.test_request_context():
        fields = {name: LineField("Reason", limit=9), "locales": ["pt-BR"]}
        form = type("TextForm", (EditConflictForm,), fields)(data={name: "Theirs"})
        form.hold_instead({name: "Mine"})
        assert form.theirs == ((name, "Reason (Portuguese (Brazil))", "Theirs"),)


def test_who_corrects_a_row_that_another_removed_meanwhile_is_told_also_that_it_is_restored(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    url, field, _theirs, mine = _row(session, make_campaign(session))
    session.commit()
    sign_in(client, app, Role.ADMIN)
    typed = read_form(client.get(url).text) | {field: mine}
    assert post(client, f"{url}/remove").status_code == 303
    late = post(client, url, typed)
    assert late.status_code == 422
    assert "Yes" in late.text.split("<strong>Removed</strong>")[1].split("</div>")[0]
    sentence = "Row 1 corrected and restored."
    for again, is_said in ((read_form(late.text), True), (typed, False)):
        sheet = post(client, url, again | {"seen": read_form(client.get(url).text)["seen"]})
        assert (sentence in client.get(sheet.location).text) is is_said
        session.rollback()
        assert session.scalars(select(PaperRow.verdict)).all() == [RowVerdict.COUNTED]


def test_an_office_noted_meanwhile_keeps_its_days(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    url, field, _theirs, mine = _posts(session, campaign)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    typed = read_form(client.get(url).text)
    days = (date(2019, 1, 1), date(2020, 2, 2))
    official = campaign.targets[0].official
    held = officials.note_held(session, official, officials.Held({"en": "Judge"}, *days))
    session.commit()
    added = {f"from_{held.id}": "2019-01-01", f"until_{held.id}": "2020-02-02"}
    late = post(client, url, typed | {field: mine})
    assert late.status_code == 422
    again = read_form(late.text)
    assert again | added | {field: mine} == again
    assert post(client, url, again).status_code == 303
    assert read_form(client.get(url).text).items() >= added.items()


def test_what_another_chose_is_said_in_the_words_of_the_choice(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    url, *_ = _row(session, make_campaign(session))
    session.commit()
    sign_in(client, app, Role.ADMIN)
    typed = read_form(client.get(url).text)
    moved = {"country-0": "DE", "postal_code-0": "10115", "news-0": "y", "email-0": "a@example.org"}
    assert post(client, url, typed | moved).status_code == 303
    saved = post(client, url, typed).text.split("Saved now")[1].split("</div>")[0]
    chosen = re.findall("<strong><a[^>]*>(.+?)</a>.+?stands-now[^>]*>(.+?)<", saved, re.DOTALL)
    assert set(chosen) >= {("Country", "Germany"), ("Postal code", "10115"), ("News", "Yes")}


def _correct(session: Session) -> None:
    row = session.scalars(select(PaperRow)).one()
    row = data_entry.get_row(session, row.sheet, row.public_id, lock=True)
    data_entry.correct_row(session, row, replace(ANA, given_name="Theirana"), actor="test")


def _move_bar(session: Session) -> None:
    reply = session.scalars(select(Reply)).one()
    (bar,) = reply.bars
    replies.set_bars(session, reply, [cast("Bar", bar | {"x": 71})], actor="test")


def _write_cover(session: Session) -> None:
    mission = session.scalars(select(Mission)).one()
    lock_row(session, mission)
    words = CoverWords("Their subject", "Dear all", "We bring ((letters)).", "Yours")
    cover_texts.save_words(session, mission=mission, locale="en", words=words, actor="test")


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("bundles.edit_cover", _write_cover),
        ("paper_signatures.correct", _correct),
        ("replies.publish.edit_bars", _move_bar),
    ],
)
def test_who_saves_while_another_is_saving_waits_and_sees_it(
    app: Flask, client: FlaskClient, session: Session, name: str, change: Callable[[Session], None]
) -> None:
    url, field, theirs, mine = PAGES[name](session, make_campaign(session))
    session.commit()
    sign_in(client, app, Role.ADMIN)
    typed = read_form(client.get(url).text) | {field: mine, "csrf_token": csrf_token(client)}
    session.rollback()
    with ThreadPoolExecutor(1) as pool:
        with app.app_context(), db.transaction() as own:
            change(own)
            own.flush()
            saved = pool.submit(client.post, url, data=typed)
            if own.get_bind().dialect.name == "postgresql":
                wait_for_lock(own)
        late = saved.result(timeout=30)
    assert late.status_code == 422
    assert theirs in late.text.split("Saved now")[1].split("</div>")[0]
    assert "This is the standard text." not in late.text
