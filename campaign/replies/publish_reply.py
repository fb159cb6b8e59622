"""From a sealed reply to what everybody reads: a post with its passages blacked out, and back.

The post is made of the redacted text alone. What is left out is in no column of it, and so in no
page, mail or feed. It is marked what the last look before publishing saw, so that nothing is
published that nobody looked at; and told what a risk flag rules out or another text blacks out.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flask_babel import gettext
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.campaigns.content import updates
from campaign.campaigns.content.pictures import keep_redrawn, redrawn
from campaign.campaigns.content.risks import (
    Finding,
    Words,
    find_blacked_out,
    list_reply_texts,
    refuse_unmeant,
    watch_of,
)
from campaign.campaigns.record_change import record_change
from campaign.core import db
from campaign.core.announcements import announce
from campaign.core.answers import ANYTHING, NOTHING, Answers
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.i18n import force_locale, language_name
from campaign.core.isolation.run_apart import run_apart
from campaign.core.text.passages import UnpairedMarks, are_paired, count_marked
from campaign.core.text.phrases import phrases_of
from campaign.models.campaign import Update, UpdateKind
from campaign.models.notice import NoticeKind
from campaign.models.reply import Reply, ReplyState, ReplyTranslation
from campaign.models.webhook import EventKind
from campaign.paper_signatures import scans
from campaign.printing.redraw import Picture, paint_bars
from campaign.replies import replies
from campaign.replies.redaction import BAR_FIELDS, mark_places, quote, redact, to_markdown
from campaign.tracking.notices import tell_nobody
from campaign.web.edit_conflict import mark_of


@dataclass(frozen=True, slots=True)
class TranslatedPost:
    locale: str
    title: str
    body: str  # markdown, without a word that is left out


def compose_posts(reply: Reply) -> list[TranslatedPost]:
    """Return what would be published, in each language that has a title.

    Raises Invalid with the field of a text whose marks do not stand in pairs.
    """
    original = _redact(reply.text, "text")
    translations = {translated.locale: translated.text for translated in reply.translations}
    posts = []
    for code, title in sorted(reply.titles.items(), key=lambda pair: _order_of(reply, pair[0])):
        translation = _redact(translations.get(code, ""), f"text_{code}")
        with force_locale(code):
            body = _compose_body(reply, code, original, translation)
        posts.append(TranslatedPost(code, title, body))
    return posts


def list_unclosed(reply: Reply) -> list[str]:
    """List languages of texts whose marks do not stand in pairs, the answer's own first."""
    texts = [
        (reply.locale, reply.text),
        *((translation.locale, translation.text) for translation in reply.translations),
    ]
    return list(dict.fromkeys(code for code, text in texts if not are_paired(text)))


def paint_page(session: Session, reply: Reply) -> bytes | None:
    """Return the page that is shown, with its bars painted into the pixels; None: none is shown."""
    if not reply.shown_page:
        return None
    scan_id, _slash, number = reply.shown_page.partition("/")
    try:
        scan = scans.get_scan(session, scan_id, reply_id=reply.id)
        page = scans.read_page(scan, int(number))
    except (NotFound, ValueError) as problem:
        raise Invalid(fields={"shown_page": "page-gone"}) from problem
    bars = [bar for bar in reply.bars if (bar["scan"], str(bar["page"])) == (scan_id, number)]
    sides = [{side: float(bar[side]) for side in BAR_FIELDS} for bar in bars]
    return run_apart(paint_bars, page, bars=sides)


def publish(
    session: Session,
    reply: Reply,
    *,
    actor: str,
    look: str,
    risks_seen: Answers = NOTHING,
    fewer_seen: bool = False,
    is_another: bool = False,
) -> Update:
    """Post it on the case's page; those who want news are told, the first time.

    `look` is the mark of what its publisher has read (`mark_parts`). Raises Invalid where a
    mark is not closed, a title or all words are missing, or what `post_update` finds; Refused
    where it is published, has changed since the look, or the campaign is no public one. Asks once
    more by RiskNamed where it says what a flag rules out or what it blacks out elsewhere, and by
    Invalid with `fewer_seen` where one text has fewer passages blacked out than another; with
    `is_another` where a colleague may have published the same reply.
    """
    _refuse_unread(reply, look)
    picture = _draw_page(session, reply)  # while nothing is locked
    replies.lock_draft(session, reply)
    _refuse_unread(reply, look)
    campaign = reply.campaign
    session.refresh(campaign, with_for_update={"key_share": True})  # of two at once, one is first
    if campaign.status not in lifecycle.PUBLIC:
        raise Refused("reply-not-public")
    shown = compose_posts(reply)
    if not reply.text.strip() and picture is None:
        raise Invalid(fields={"text": "reply-empty"})
    refuse_unmeant(list_findings(reply), seen=risks_seen)
    asked = {}
    if list_fewer_marks(reply) and not fewer_seen:
        asked["fewer_seen"] = "fewer-marks"
    if list_published(session, reply) and not is_another:
        asked["is_another"] = "reply-published-before"
    if asked:
        raise Invalid(fields=asked)
    update = updates.post_update(
        session,
        campaign,
        actor=actor,
        kind=UpdateKind.REPLY,
        happened_on=reply.received_on,
        words={post.locale: (post.title, post.body) for post in shown},
        pictures=_pictures(picture, [post.locale for post in shown]),
        risks_seen=ANYTHING,  # Markdown hides words that stand over two lines: looked through above
    )
    update.target_id = reply.target_id
    session.flush()
    if reply.published_at is not None:
        tell_nobody(session, campaign.id, NoticeKind.REPLY, update.id)
    reply.update, reply.state = update, ReplyState.PUBLISHED
    reply.published_at = reply.published_at or db.utcnow()
    session.flush()
    replies.audit_reply(session, reply, actor, "reply.publish", update=update.id)
    _announce(session, reply)
    return update


def _announce(session: Session, reply: Reply) -> None:
    announce(
        session,
        EventKind.REPLY_PUBLISHED,
        now=db.utcnow(),
        reply=reply.public_id,
        action=reply.campaign.slug,
        received_on=reply.received_on.isoformat(),
    )


def list_published(session: Session, reply: Reply) -> list[Reply]:
    """List what may be this reply and was published before: supporters were emailed about it."""
    if reply.published_at is not None:
        return []
    return [same for same in replies.list_same(session, reply) if same.published_at is not None]


def _refuse_unread(reply: Reply, look: str) -> None:
    if list_changed(reply, look):
        raise Refused("reply-changed")


def _draw_page(session: Session, reply: Reply) -> Picture | None:
    page = paint_page(session, reply)
    return None if page is None else redrawn(io.BytesIO(page))


def _pictures(page: Picture | None, locales: Sequence[str]) -> list[updates.Shown]:
    """Return the page that is shown, if one is, as a picture of the post."""
    if page is None:
        return []
    return [updates.Shown(keep_redrawn(page), {code: _describe_picture(code) for code in locales})]


def unpublish(session: Session, reply: Reply, *, actor: str) -> None:
    """Take the post away; mails that wait are not sent. Raises ReplyMoved where there is none.

    Its picture is shown no more; the file is left to `sweep_pictures`: others may show the same.
    """
    replies.lock_reply(session, reply)
    if reply.state is not ReplyState.PUBLISHED:
        raise replies.ReplyMoved("reply-not-published", reply=reply.public_id)
    update, reply.update = reply.update, None
    kept = updates.seal_update(update) if update is not None else {}
    reply.state = ReplyState.TAKEN_BACK
    session.flush()
    if update is not None:
        reply.campaign.updates.remove(update)
    record_change(session, reply.campaign, actor, "reply.take-back", reply=reply.id, **kept)


def _order_of(reply: Reply, code: str) -> tuple[bool, str]:
    return code != reply.campaign.default_locale, code


def _redact(text: str, field: str) -> str:
    try:
        return to_markdown(redact(text))
    except UnpairedMarks as problem:
        raise Invalid(fields={field: "marks-unpaired"}) from problem


def _compose_body(reply: Reply, code: str, original: str, translation: str) -> str:
    """Put the words in the reader's language first, then the original where it is another.

    All of them are quoted: in an email they stand below words of ours.
    """
    if not original:
        return quote(translation) if translation else ""
    if code == reply.locale:
        return quote(original)
    language = language_name(reply.locale, code)
    if not translation:
        lead = gettext("The reply is in this language: %(language)s.", language=language)
        return f"{lead}\n\n{quote(original)}"
    lead = gettext(
        "Our translation. The reply in its own language (%(language)s):", language=language
    )
    return f"{quote(translation)}\n\n{lead}\n\n{quote(original)}"


def _describe_picture(code: str) -> str:
    with force_locale(code):
        return gettext("Picture of the reply. We blacked out the words we do not publish.")


def mark_parts(reply: Reply) -> str:
    """Mark all that would be published: one for each part, in a fixed order."""
    return " ".join(map(mark_of, _parts(reply).values()))


def list_changed(reply: Reply, look: str) -> list[str]:
    """List the parts that differ from those in `look`; all of them where it is no look at all."""
    marks, parts = look.split(" "), _parts(reply)
    if len(marks) != len(parts):
        return list(parts)
    return [
        name
        for (name, data), mark in zip(parts.items(), marks, strict=True)
        if mark_of(data) != mark
    ]


def _parts(reply: Reply) -> dict[str, Mapping[str, object]]:
    bars = [json.dumps(bar, sort_keys=True) for bar in reply.bars]
    return {
        "text": {"text": reply.text, "locale": reply.locale},
        "translations": {
            translation.locale: translation.text for translation in reply.translations
        },
        "titles": reply.titles,
        "bars": {"bars": bars},
        "page": {"page": reply.shown_page},
        "facts": {"day": reply.received_on, "target": reply.target_id},
    }


def list_words(reply: Reply) -> Iterator[Words]:
    """List what would be published, as typed: without markup, and without what is left out."""
    for code, text in list_reply_texts(reply).items():
        if are_paired(text):
            field = "text" if code == reply.locale else f"text_{code}"
            yield Words("reply", code, field, redact(text))
    for code, title in reply.titles.items():
        yield Words("reply", code, f"title_{code}", title)


def list_findings(reply: Reply) -> list[Finding]:
    """List what a flag rules out or another text blacks out; the same words of one text once."""
    shown = list(list_words(reply))
    findings: dict[tuple[str, str], Finding] = {}
    for finding in (
        *watch_of(reply.campaign).findings(shown),
        *find_blacked_out(list_reply_texts(reply).values(), shown),
    ):
        findings.setdefault((finding.field, finding.found.casefold()), finding)
    return list(findings.values())


class FewerMarks(NamedTuple):
    """A text, or the picture, in which less is blacked out than in another."""

    locale: str  # empty: the picture
    marks: int
    most: int  # in another text; or 1, where only the picture has bars


def list_fewer_marks(reply: Reply) -> list[FewerMarks]:
    """List texts with fewer passages left out than another, and a picture with no bar at all."""
    texts = list_reply_texts(reply)
    counts = {code: count_marked(text) for code, text in texts.items() if text}
    most = max(counts.values(), default=0)
    bars = sum(f"{bar['scan']}/{bar['page']}" == reply.shown_page for bar in reply.bars)
    if reply.shown_page and most and not bars:
        counts[""] = 0
    # A name over two lines has two bars: their number is compared with no text's.
    most = most or bool(bars)
    return [FewerMarks(code, count, most) for code, count in counts.items() if count < most]


def black_out(session: Session, reply: Reply, words: str, *, actor: str) -> bool:
    """Leave `words` out of the answer and its translations; tells whether one said them.

    Titles stay as they are. Raises ReplyMoved (`reply-published`).
    """
    replies.lock_draft(session, reply)
    phrases, changed = phrases_of([words]), False
    texts: list[Reply | ReplyTranslation] = [reply, *reply.translations]
    for text in texts:
        if phrases and are_paired(text.text):
            new = mark_places(text.text, phrases.places)
            text.text, changed = new, changed or new != text.text
    if changed:
        session.flush()
        replies.audit_reply(session, reply, actor, "reply.edit", blacked_out=True)
    return changed
