"""Whether every deed of the desk was done in some test, and left an entry in the audit.

The guards make a test fail whose POST changes something and leaves no entry; this sees to it that
there is such a test for every POST view: a whole run fails at its end over those that have none.
Of each entry that a test leaves, what it is about and its details have words.
"""

from flask import Flask, Response, g, request
from sqlalchemy import event

from campaign.core.audit import AuditEntry
from campaign.staff.audit_log import labels, name_subjects, value_labels
from tests.whole_run import WholeRun

_DRAFT = "what somebody types and has not saved changes nothing that anybody else sees"
CHANGES_NOTHING: dict[str, str] = {
    "campaigns.keep_draft": _DRAFT,
    "campaigns.drop_draft": _DRAFT,
    "campaigns.keep_new_draft": _DRAFT,
    "campaigns.drop_new_draft": _DRAFT,
    "replies.keep_draft": _DRAFT,
    "replies.drop_draft": _DRAFT,
    "replies.keep_new_draft": _DRAFT,
    "replies.drop_new_draft": _DRAFT,
    "screening.count_now": "has numbers counted anew",
    "staff.prove": "leaves its entry in a transaction of its own (staff/test_account_page)",
    "staff.audit_log.search": "looks up what a name means; the audit it searches is read alone",
    "campaigns.preview_text": "shows what was typed, and keeps nothing",
    "campaigns.merge": "shows two texts side by side; saving is another view",
    "signing_rehearsal.write": "carries an invented letter on to the next page",
    "signing_rehearsal.you": "carries an invented letter on to the next page",
    "signing_rehearsal.check": "carries an invented letter on to the next page",
    "signing_rehearsal.live": "shows what was typed, and keeps nothing",
    "signing_rehearsal.preview_pdf": "shows what was typed, and keeps nothing",
}
"""Views whose POST leaves nothing behind that the audit could know of, with the reason."""

NOT_SHOWN = {"gone_name"}
"""Details without words of their own: shown as what was merged, or as what the entry is about."""

WORDS_ALONE = {"reason", "failure", "anchor", "gaps"}
"""Details that are nothing but slugs of the program."""

_known: set[str] = set()
_done: set[str] = set()


def watch(app: Flask) -> None:
    """Note the deeds of the desk, and those that are done."""
    for rule in app.url_map.iter_rules():
        names = rule.endpoint.split(".")[:-1]
        above = [".".join(names[: count + 1]) for count in range(len(names))]
        guarded = any(hasattr(app.blueprints[name], "allowed_roles") for name in above)
        if guarded and "POST" in (rule.methods or ()):
            _known.add(rule.endpoint)

    @app.after_request
    def note(response: Response) -> Response:
        session = g.get("session")
        if request.method == "POST" and response.status_code < 400 and session is not None:
            view = app.view_functions.get(request.endpoint or "")
            if session.info.get("audited") or hasattr(view, "leaves_no_entry"):
                _done.add(str(request.endpoint))
        return response


@event.listens_for(AuditEntry, "before_insert")
def _refuse_wordless(_mapper: object, _connection: object, entry: AuditEntry) -> None:
    """Refuse an entry of the program that its reader would see in raw words."""
    if entry.action not in labels.ACTIONS:
        return  # a test invented it
    wordless = {name for name in entry.detail if name not in labels.FACTS} - NOT_SHOWN
    assert not wordless, f"give {wordless} words in campaign/staff/audit_log/labels.py"
    for name in WORDS_ALONE & entry.detail.keys():
        value = entry.detail[name]
        unknown = set(value if isinstance(value, list) else [value]) - {None, ""}
        unknown -= value_labels.WORDS_OF[name].keys()
        assert not unknown, f"give {unknown} words in campaign/staff/audit_log/value_labels.py"
    assert name_subjects.is_named(entry.subject), f"nothing names {entry.subject}"


def _say_missing() -> str:
    missing = sorted(_known - _done - set(CHANGES_NOTHING))
    advice = "No test posts with success, and sees an audit entry, to: "
    return advice + ", ".join(missing) if missing else ""


def make_plugin() -> WholeRun:
    """Make the plugin that judges a whole run."""
    return WholeRun("posted", (_known, _done), _say_missing, fails=True)
