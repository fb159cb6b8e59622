"""Where a reply says what a risk flag rules out, and leaving that out."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from campaign.campaigns.content.risk_words import Finding, Words
from campaign.campaigns.content.risks import watch_of
from campaign.core.text.phrases import phrases_of
from campaign.models.reply import Reply, ReplyTranslation
from campaign.replies import replies
from campaign.replies.redaction import are_paired, mark_places, redact


def list_words(reply: Reply) -> Iterator[Words]:
    """List what would be published, as typed: without markup, and without what is left out."""
    texts = {reply.locale: ("text", reply.text)} | {
        translation.locale: (f"text_{translation.locale}", translation.text)
        for translation in reply.translations
    }
    for code, (field, text) in texts.items():
        if are_paired(text):
            yield Words("reply", code, field, redact(text))
    for code, title in reply.titles.items():
        yield Words("reply", code, f"title_{code}", title)


def list_findings(reply: Reply) -> list[Finding]:
    """List each place that a flag rules out; the same words of one text once."""
    findings: dict[tuple[str, str], Finding] = {}
    for finding in watch_of(reply.campaign).findings(list_words(reply)):
        findings.setdefault((finding.field, finding.found.casefold()), finding)
    return list(findings.values())


def black_out(session: Session, reply: Reply, words: str, *, actor: str) -> bool:
    """Leave `words` out of the answer and its translations; tells whether one said them.

    Titles stay as they are. Raises Refused (`reply-published`).
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
