"""Every action that the code records has words for its reader."""

import ast
from dataclasses import fields
from functools import cache

from campaign.bundles.documents.make_documents import NOTHING_PRINTED, TOTALS_DIFFER
from campaign.bundles.volumes.assemble import PAPERS_REFUSED
from campaign.bundles.volumes.print_queue import AWAY, FAILED
from campaign.campaigns.content.part_contents import EDITION
from campaign.campaigns.create_and_edit import Facts
from campaign.core.isolation.orders import NO_ROOM, OUT_OF_MEMORY, TOOK_TOO_LONG
from campaign.deliveries.record_delivery import RecordFacts
from campaign.directory.duplicate_entries import list_fields
from campaign.directory.entry_fields import MissionDraft, OfficialDraft
from campaign.exports.export_job import EMPTY, GONE
from campaign.models.api_token import ApiScope
from campaign.models.bundle import DeliveryOutcome
from campaign.models.directory import Mission, Official
from campaign.models.export import ConsentColumns
from campaign.models.paper_signature import RowVerdict
from campaign.models.screening import Decision
from campaign.models.webhook import EventKind
from campaign.staff.audit_log import value_labels
from campaign.staff.audit_log.labels import ACTIONS, FACTS, GROUPS
from tests.audit_coverage import NOT_SHOWN
from tests.sources import search_modules

_RECORDERS = {"record", "record_change", "_record", "_note", "note", "_audit", "move"}
_RECORDERS |= {"audit_reply", "audit_sheet"}


@cache
def _calls() -> list[ast.Call]:
    """What records."""
    return [
        node
        for name, source in search_modules(rf"\b({'|'.join(_RECORDERS)})\(")
        if not name.startswith("migrations/")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in _RECORDERS
    ]


def _actions() -> set[str]:
    """Texts with a point that are handed to what records, or named `action`."""
    actions = set()
    for call in _calls():
        for value in [
            *call.args,
            *(keyword.value for keyword in call.keywords if keyword.arg == "action"),
        ]:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                head, point, tail = value.value.partition(".")
                if point and head.isalpha() and tail.replace("-", "").isalpha():
                    actions.add(value.value)
    return actions


def test_every_action_has_words() -> None:
    actions = _actions()
    assert {"bundle.download", "accounts.role", "campaign.edit"} <= actions
    assert actions - set(ACTIONS) == set(), "give them words in campaign/staff/audit_log/labels.py"


def test_what_is_done_to_officials_and_missions_alike_has_words() -> None:
    verbs = ("create", "edit", "delete", "merge", "import")
    actions = {f"{part}.{verb}" for part in ("officials", "missions") for verb in verbs}
    own = {"officials.posts", "officials.leave", "officials.take-over", "missions.check"}
    assert actions | own <= set(ACTIONS)


def test_every_deed_belongs_to_a_group_of_the_list() -> None:
    assert {slug.partition(".")[0] for slug in ACTIONS} <= set(GROUPS)


def test_every_fact_of_an_entry_has_a_name_in_words() -> None:
    """Those that a call names; `tests/audit_coverage.py` sees the others as they are recorded."""
    # Of the function itself, or of another function that is called so.
    own = {"actor", "action", "subject", "session", "reasons", "carried", "by_edit"}
    named = {keyword.arg for call in _calls() for keyword in call.keywords if keyword.arg}
    assert {"address_changed", "people", "by_hand"} & named
    assert named - own - NOT_SHOWN - set(FACTS) == set(), (
        "give them words in campaign/staff/audit_log/labels.py"
    )


def test_every_field_that_an_entry_can_list_has_a_label() -> None:
    drafts = {field.name for draft in (OfficialDraft, MissionDraft) for field in fields(draft)}
    merged = {*list_fields(Official()), *list_fields(Mission())}
    assert {"door_notes", "postal_code", "contacts"} <= drafts
    named = drafts | merged | set(Facts.__annotations__) | {*EDITION, *RecordFacts.__slots__}
    assert named - set(value_labels.FIELDS) == set(), (
        "give them words in campaign/staff/audit_log/value_labels.py"
    )


def test_every_value_of_a_kind_that_the_program_knows_has_words() -> None:
    kinds = {
        "outcome": DeliveryOutcome,
        "verdict": RowVerdict,
        "scopes": ApiScope,
        "events": EventKind,
        "columns": ConsentColumns,
    }
    for name, kind in kinds.items():
        assert {each.value for each in kind} <= set(value_labels.WORDS_OF[name]), name
    decided = set(Decision) - {Decision.OPEN, Decision.ASIDE}
    assert decided == set(value_labels.DECISIONS)


def test_every_reason_and_gap_that_the_program_knows_has_words() -> None:
    """`tests/audit_coverage.py` sees others as they are recorded."""
    reasons = {NOTHING_PRINTED, TOTALS_DIFFER, PAPERS_REFUSED, AWAY, FAILED, NO_ROOM}
    reasons |= {OUT_OF_MEMORY, TOOK_TOO_LONG, GONE, EMPTY}
    assert reasons == set(value_labels.WORDS_OF["reason"])
    gaps = [
        node
        for _name, source in search_modules(r"\bGap\(")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Gap"
    ]
    assert len(gaps) > 20
    blocking = {ast.literal_eval(gap.args[0]) for gap in gaps if _blocks(gap)} - {""}
    assert blocking == set(value_labels.WORDS_OF["gaps"])


def _blocks(gap: ast.Call) -> bool:
    given = [keyword.value for keyword in gap.keywords if keyword.arg == "blocking"]
    return "False" not in map(ast.unparse, [*gap.args[2:3], *given])
