"""What an import would do: filled in, or put in place where somebody says so; old beside new."""

from datetime import date
from typing import Any

import pytest

from campaign.directory.entry_fields import Contact, MissionDraft, OfficialDraft
from campaign.directory.imports.differences import FieldChange, say_in_words
from campaign.directory.imports.match_entries import OfficialIndex
from campaign.directory.imports.plan import plan_entries
from campaign.directory.imports.read_rows import Held, MissionRecord, OfficialRecord, Repeated
from campaign.directory.missions import Reach, best_mission, ranked, reach_of
from campaign.directory.officials import of_the_office
from campaign.models.directory import (
    ContactDetail,
    Directory,
    Membership,
    Mission,
    MissionKind,
    Official,
    Post,
    Verdict,
)
from tests.factories import make_target_mission, make_target_official


def official_record(source_id: str = "", **fields: object) -> OfficialRecord:
    held = fields.pop("held", ())
    left = fields.pop("left_on", None)
    more = {name: fields.pop(name) for name in ("own_id", "made_words") if name in fields}
    facts = {"name": "Ines Quintero Vidal", "country": "MX"} | fields
    draft = OfficialDraft(**facts)  # type: ignore[arg-type]
    return OfficialRecord(
        2, source_id, draft, held=held, plain_name=draft.name, left_on=left, **more
    )  # type: ignore[arg-type]


def kept_official(**overrides: object) -> Official:
    official = make_target_official(slug="ines-quintero-vidal", source_id="", left_on=None)
    for name, value in overrides.items():
        setattr(official, name, value)
    return official


def test_a_salutation_that_the_file_does_not_have_replaces_none_unless_the_name_changes() -> None:
    official = kept_official(address=[], locality="", postal_code="")
    record = official_record(
        own_id=official.public_id,
        preferred_locale="es",
        salutation={"en": "Dear Ines Quintero Vidal:"},
        made_words=frozenset({"salutation"}),
    )
    (same,) = plan_entries(Directory.OFFICIALS, [official], [record], replace=True).items
    assert (same.verdict, same.differs) == (Verdict.LEFT, ())
    other = official_record(
        own_id=official.public_id,
        preferred_locale="es",
        name="Ines Vidal",
        salutation={"en": "Dear Ines Vidal:"},
        made_words=frozenset({"salutation"}),
    )
    (renamed,) = plan_entries(Directory.OFFICIALS, [official], [other], replace=True).items
    assert renamed.values["salutation"]["en"] == "Dear Ines Vidal:"


def test_a_language_that_a_file_does_not_say_is_english_for_new_officials_alone() -> None:
    official = kept_official(preferred_locale="es")
    silent = official_record(own_id=official.public_id, preferred_locale="")
    (kept,) = plan_entries(Directory.OFFICIALS, [official], [silent], replace=True).items
    assert "preferred_locale" not in kept.values
    (new,) = plan_entries(Directory.OFFICIALS, [], [silent]).items
    assert new.values["preferred_locale"] == "en"


def test_what_staff_typed_stays_unless_the_file_counts() -> None:
    official = kept_official()
    official.contacts = [ContactDetail(type="email", value="old@example.org", note="")]
    record = official_record(
        address=["Calle 60"],
        locality="Mérida",
        office={"en": "Governor", "ar": "حاكمة"},
        contacts=(Contact("email", "new@example.org"),),
    )
    (filled,) = plan_entries(Directory.OFFICIALS, [official], [record]).items
    assert [(change.field, change.old[:4], change.new) for change in filled.changes] == [
        ("office", "en: ", f"{say_in_words(official.office)}; ar: حاكمة"),
        ("email", "old@", "old@example.org, new@example.org"),
    ]
    (replaced,) = plan_entries(Directory.OFFICIALS, [official], [record], replace=True).items
    assert FieldChange("locality", "Altamar", "Mérida") in replaced.changes
    assert FieldChange("email", "old@example.org", "new@example.org") in replaced.changes
    assert replaced.values["office"]["en"] == "Governor"


def placed(address: str = "", locality: str = "", postal_code: str = "") -> dict[str, Any]:
    lines = [address] if address else []
    return {"address": lines, "locality": locality, "region": "", "postal_code": postal_code}


@pytest.mark.parametrize(
    ("town", "columns", "changes"),
    [
        ("Paris", {"locality"}, {}),
        ("Paris", {"locality", "region", "postal_code"}, {}),
        ("Lyon", {"locality"}, {"locality": "Lyon"}),
        (
            "Lyon",
            {"locality", "region", "postal_code"},
            {"locality": "Lyon", "region": "", "postal_code": ""},
        ),
        ("", {"locality", "postal_code"}, {}),
    ],
)
def test_a_town_alone_empties_only_what_the_file_has_a_column_for(
    town: str, columns: set[str], changes: dict[str, str]
) -> None:
    ours = placed("", "Paris", "75008") | {"region": "Île-de-France"}
    mission = make_target_mission(source_id="Q7", host_country="FR", last_checked_on=None, **ours)
    draft = mission_draft(host_country="FR", **placed("", town))
    record = MissionRecord(2, "Q7", draft, place_columns=frozenset(columns))
    for replace in (False, True):
        (item,) = plan_entries(Directory.MISSIONS, [mission], [record], replace=replace).items
        assert {name: item.values[name] for name in ours if name in item.values} == changes


@pytest.mark.parametrize(
    ("ours", "theirs", "kept_by_default", "where_the_file_counts"),
    [
        # What is empty is filled in, as a whole; our own spelling stays.
        (placed(), placed("1 Old Road", "Paris"), placed("1 Old Road", "Paris"), None),
        (
            placed("", "Strasbourg"),
            placed("1 Old Road", "Estrasburgo", "67000"),
            placed("1 Old Road", "Strasbourg", "67000"),
            placed("1 Old Road", "Estrasburgo", "67000"),
        ),
        (
            placed("1 Old Road"),
            placed("1, old road", "Paris"),
            placed("1 Old Road", "Paris"),
            placed("1, old road", "Paris"),
        ),
        # A town in the lines of the file is taken out of them, or ours stays where it is.
        (
            placed("", "Paris"),
            placed("1 Old Road, 75008 Paris"),
            placed("1 Old Road", "Paris", "75008"),
            None,
        ),
        (placed("", "Paris"), placed("1 Old Road"), placed("1 Old Road", "Paris"), None),
        (
            placed("", "Paris"),
            placed("Paris, chez Marie, 1 Old Road"),
            placed("", "Paris"),
            placed("Paris, chez Marie, 1 Old Road"),
        ),
        (
            placed("", "Lyon"),
            placed("2 New Road, 75008 Paris"),
            placed("", "Lyon"),
            placed("2 New Road, 75008 Paris"),
        ),
        # Two addresses are never mixed.
        (
            placed("1 Old Road"),
            placed("2 New Road", "Paris"),
            placed("1 Old Road"),
            placed("2 New Road", "Paris"),
        ),
        (
            placed("1 Old Road", "", "75008"),
            placed("", "Lyon"),
            placed("1 Old Road", "", "75008"),
            None,
        ),
        (
            placed("", "Lyon"),
            placed("2 New Road", "Paris"),
            placed("", "Lyon"),
            placed("2 New Road", "Paris"),
        ),
    ],
)
def test_an_address_is_taken_whole_or_kept_whole(
    ours: dict[str, Any],
    theirs: dict[str, Any],
    kept_by_default: dict[str, Any],
    where_the_file_counts: dict[str, Any] | None,
) -> None:
    for replace, wanted in ((False, kept_by_default), (True, where_the_file_counts)):
        mission = make_target_mission(source_id="Q7", host_country="FR", **ours)
        draft = mission_draft(host_country="FR", **theirs)
        official = kept_official(country="FR", **ours)
        record = official_record(country="FR", **theirs)
        for item in (
            *plan_entries(
                Directory.MISSIONS, [mission], [MissionRecord(2, "Q7", draft)], replace=replace
            ).items,
            *plan_entries(Directory.OFFICIALS, [official], [record], replace=replace).items,
        ):
            changed = {name: item.values[name] for name in ours if name in item.values}
            assert ours | changed == (wanted or kept_by_default)


def mission_draft(**facts: Any) -> MissionDraft:
    usual: dict[str, Any] = {"kind": MissionKind.EMBASSY, "sending_country": "MX", "name": {}}
    return MissionDraft(**usual | facts)


@pytest.mark.parametrize(
    ("kept", "listed", "same"),
    [
        ({"locality": "London"}, {"locality": "Londres"}, True),
        ({"locality": "London", "source_id": "x-1"}, {"locality": "لندن"}, True),
        ({"locality": "", "address": ["1 Old Road, London"]}, {"locality": "London"}, True),
        ({"locality": "London", "kind": MissionKind.HIGH_COMMISSION}, {"locality": "London"}, True),
        ({"locality": "London"}, {"locality": "Leeds"}, False),
        ({"locality": "London", "sending_country": "KE"}, {"locality": "London"}, False),
        ({"locality": "Leeds", "kind": MissionKind.CONSULATE}, {"locality": "Leeds"}, False),
    ],
)
def test_a_mission_is_found_again_in_another_lists_language(
    kept: dict[str, Any], listed: dict[str, Any], same: bool
) -> None:
    mission = make_target_mission(**{"source_id": "", "host_country": "GB"} | kept)
    record = MissionRecord(2, "MX-embassy-GB-x", mission_draft(host_country="GB", **listed))
    (item,) = plan_entries(Directory.MISSIONS, [mission], [record]).items
    assert (item.entry is mission) is same


def test_what_a_file_names_by_its_id_is_no_other_rows_mission() -> None:
    kept = make_target_mission(source_id="7", host_country="GB", locality="London")
    other = MissionRecord(2, "8", mission_draft(host_country="GB", locality="London"))
    named = MissionRecord(3, "7", mission_draft(host_country="GB", locality="London"))
    # Another list counts its own rows: its 7 is a mission elsewhere.
    elsewhere = MissionRecord(4, "7", mission_draft(host_country="FR", locality="Paris"))
    entries = [
        item.entry
        for item in plan_entries(Directory.MISSIONS, [kept], [other, named, elsewhere]).items
    ]
    assert entries == [None, kept, None]


def test_who_left_is_noted_where_they_are_kept_and_otherwise_left_with_the_reason() -> None:
    gone = official_record(left_on=date(2026, 5, 1))
    (noted,) = plan_entries(Directory.OFFICIALS, [kept_official()], [gone]).items
    assert noted.values == {"left_on": date(2026, 5, 1)}
    (left,) = plan_entries(Directory.OFFICIALS, [], [gone]).items
    assert (left.verdict, left.title, left.slug) == (Verdict.LEFT, gone.draft.name, "")
    assert "2026-05-01" in str(left.why)


def test_a_row_that_says_a_mission_again_is_left_and_says_whose_it_is() -> None:
    (left,) = plan_entries(
        Directory.MISSIONS, [], [Repeated(7, 3, "Embassy of Mexico in Ottawa")]
    ).items
    assert (left.row, left.verdict, left.title) == (7, Verdict.LEFT, "Embassy of Mexico in Ottawa")
    assert "row 3" in str(left.why)


def test_an_office_that_is_noted_already_is_no_news_until_it_ends() -> None:
    official = kept_official()
    label = {"en": "Governor of Altamar"}
    official.memberships = [
        Membership(post=Post(key="governor of altamar", label=label), started_on=date(2020, 1, 1))
    ]
    again = official_record(held=(Held(label, date(2020, 1, 1)),))
    ended = official_record(held=(Held(label, date(2020, 1, 1), date(2026, 1, 1)),))
    assert plan_entries(Directory.OFFICIALS, [official], [again]).items[0].verdict is Verdict.LEFT
    assert plan_entries(Directory.OFFICIALS, [official], [ended]).items[0].changes == (
        FieldChange("post", "", "Governor of Altamar (2020-01-01–2026-01-01)"),
    )


def test_an_official_is_found_by_the_sources_id_before_the_name() -> None:
    renamed = kept_official(source_id="Q1")
    namesake = make_target_official(2, slug="ana-perez", source_id="Q2", country="MX")
    index = OfficialIndex([renamed, namesake])
    assert index.find(official_record("Q1", name="Ines Quintero")) == (
        renamed,
        "ines-quintero-vidal",
    )
    # Another person of the same source and name is somebody else.
    assert index.find(official_record("Q3", name="Ana Pérez")) == (None, "ana-perez-2")


def test_a_mission_that_was_checked_changes_only_where_the_file_counts() -> None:
    mission = make_target_mission(source_id="Q5", accredited_to=[], hours="")
    mission.name = {"en": "Embassy"}
    mission.last_checked_on = date(2026, 1, 1)
    draft = MissionDraft(
        kind=MissionKind.EMBASSY,
        name={"en": "Embassy of Mexico in Ottawa"},
        sending_country="MX",
        host_country="CA",
        head_of_mission="Ana Núñez",
        hours="9 to 12",
        address=["45 Sample Street"],
        locality="Ottawa",
        last_checked_on=date(2025, 1, 1),
    )
    record = MissionRecord(2, "Q5", draft)
    (careful,) = plan_entries(Directory.MISSIONS, [mission], [record]).items
    assert [(change.field, change.new) for change in careful.changes] == [("hours", "9 to 12")]
    (bold,) = plan_entries(Directory.MISSIONS, [mission], [record], replace=True).items
    assert FieldChange("head_of_mission", "Tomas Arbelaez", "Ana Núñez") in bold.changes
    assert FieldChange("address", "100 Sample Street, Suite 10", "45 Sample Street") in bold.changes
    assert bold.values["last_checked_on"] == date(2025, 1, 1)  # that of the file's address
    assert "name" not in bold.values  # the name that we make of kind and city is nobody's word


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize(
    ("kept", "changed"),
    [
        # Approved letters may print it: a list that says nothing of names changes none.
        ({"en": "Embassy of Mexico in Ottawa"}, {}),
        ({"en": "Embassy of Mexico in Ottawa", "fr": "Ambassade du Mexique"}, {}),
        ({"en": "Mexico House"}, {}),
        ({"fr": "Ambassade du Mexique"}, {"en": "Embassy of Mexico in Ottawa"}),
    ],
)
def test_a_name_that_we_make_replaces_none(
    kept: dict[str, str], changed: dict[str, str], *, replace: bool
) -> None:
    mission = make_target_mission(source_id="Q5", name=kept)
    composed = {"en": "Embassy of Mexico in Ottawa", "fr": "Ambassade\u00a0: Mexique, Ottawa"}
    draft = mission_draft(host_country="CA", locality=mission.locality, name=composed)
    record = MissionRecord(2, "Q5", draft, made_names=frozenset(composed))
    (row,) = plan_entries(Directory.MISSIONS, [mission], [record], replace=replace).items
    assert row.values.get("name", kept) == kept | changed
    assert [change for change in row.differs if change.field == "name"] == []


@pytest.mark.parametrize("street", ["45 Sample Street", "100 Sample Street"])
@pytest.mark.parametrize("day", [date(2026, 3, 1), date(2025, 1, 1), None])
@pytest.mark.parametrize("replace", [True, False])
def test_the_day_of_a_check_goes_with_the_address(
    street: str, day: date | None, *, replace: bool
) -> None:
    old = date(2026, 1, 1)
    mission = make_target_mission(source_id="Q5", address=["100 Sample Street"])
    mission.last_checked_on = old
    draft = MissionDraft(
        kind=MissionKind.EMBASSY,
        sending_country="MX",
        host_country="CA",
        address=[street],
        locality=mission.locality,
        region=mission.region,
        postal_code=mission.postal_code,
        last_checked_on=day,
    )
    record = MissionRecord(2, "Q5", draft)
    (row,) = plan_entries(Directory.MISSIONS, [mission], [record], replace=replace).items
    is_same = street == "100 Sample Street"
    expected = max(day or old, old) if is_same else day if replace else old
    assert row.values.get("last_checked_on", old) == expected
    assert ("address" in row.values) is (replace and not is_same)


def test_a_street_where_none_was_is_not_checked() -> None:
    mission = make_target_mission(source_id="Q5", address=[], last_checked_on=date(2026, 1, 1))
    draft = MissionDraft(
        kind=MissionKind.EMBASSY,
        sending_country="MX",
        host_country="CA",
        address=["45 Sample Street"],
        locality=mission.locality,
    )
    record = MissionRecord(2, "Q5", draft)
    (row,) = plan_entries(Directory.MISSIONS, [mission], [record], replace=True).items
    assert row.values["last_checked_on"] is None


def test_the_embassy_where_we_are_comes_before_one_accredited_and_a_consulate() -> None:
    def mission(slug: str, **facts: object) -> Mission:
        return make_target_mission(slug=slug, **({"accredited_to": []} | facts))

    here, consulate = mission("here"), mission("consulate", kind=MissionKind.CONSULATE)
    afar = mission("afar", host_country="US", accredited_to=["CA"])
    un = mission("un", kind=MissionKind.PERMANENT_MISSION)
    other = mission("other", host_country="FR")
    everything = [other, un, consulate, afar, here]
    assert [candidate.slug for candidate in ranked(everything, "CA")] == [
        "here",
        "afar",
        "consulate",
        "other",
        "un",
    ]
    assert [reach_of(candidate, "CA") for candidate in (here, afar, consulate, un)] == [
        Reach.HERE,
        Reach.ACCREDITED,
        Reach.CONSULATE,
        Reach.ELSEWHERE,
    ]
    assert best_mission([un, other], "CA") is None


def test_what_carries_the_predecessors_name_does_not_pass_on() -> None:
    official = kept_official()
    draft = OfficialDraft(
        name=official.name,
        country="MX",
        office={"en": "Governor of Altamar"},
        salutation={"en": "Excellency:", "es": "Señora Quintero:"},
        close={"en": "Yours,"},
        address=["Plaza Principal 1"],
        locality="Altamar",
        contacts=(
            Contact("email", "ines.quintero@example.org"),
            Contact("email", "governor@example.org"),
        ),
    )
    left = of_the_office(official, draft)
    assert (left.name, left.salutation) == ("", {"en": "Excellency:"})
    assert [contact.value for contact in left.contacts] == ["governor@example.org"]
    assert (left.office, left.address) == (draft.office, draft.address)
