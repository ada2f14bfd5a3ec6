"""Whatever sources say: grouping loses nothing, doubles nothing and puts nothing in another's mouth."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from records import substances
from records.screen import grouping
from records.screen.claims import Claim
from records.tests.claiming import DAY, GP, LATER, NI, SC, SNOMED, claim

NAMES = [
    "Asthma",
    "Bisoprolol 2.5mg tablets",
    "Bisoprolol 5mg tablets",
    "Kidney disease stage 3A",
    "Kidney disease stage 3B",
    "",
]
CLAIMS = st.lists(
    st.builds(
        claim,
        number=st.integers(0, 10_000),
        source=st.sampled_from([GP, NI, SC]),
        display=st.sampled_from(NAMES),
        code=st.sampled_from(["", "1", "2", "318605000", "318590006"]),
        code_system=st.sampled_from([SNOMED, "https://dmd.nhs.uk", "http://loinc.org"]),
        kind=st.sampled_from(["problem", "medicine", "allergy"]),
        status=st.sampled_from(["active", "resolved", "stopped", ""]),
        date=st.sampled_from([None, DAY, LATER]),
    ),
    max_size=25,
    unique_by=lambda c: c.id,
)


@given(CLAIMS)
def test_no_claim_is_lost_doubled_or_put_in_anothers_mouth(said: list[Claim]) -> None:
    found = grouping.together(said)
    assert sorted(c.id for group in found for c in group) == sorted(c.id for c in said)
    before = {c.id: c for c in said}
    for group in grouping.groups(said, grouping.medicines_differ):
        assert {s.id for s in group.sources} == {before[c.id].source.id for c in group.claims}
        assert all(before[c.id] == c for c in group.claims)


@given(CLAIMS)
def test_whatever_is_said_of_directions_each_is_quoted_from_its_own_source(said: list[Claim]) -> None:
    """And two who say the same never differ."""
    texts = ("take one daily", "twice a day", "with food", "one daily then two daily", "")
    for number, one in enumerate(said):
        one.detail["directions"] = texts[(number + one.source.id) % len(texts)]
    sentence = grouping.directions_differ(said)
    letters = {c.source.letters for c in said if c.detail["directions"]}
    assert not sentence or all(f"({one}" in sentence for one in letters)
    for one in said:
        one.detail["directions"] = texts[0]
    assert grouping.directions_differ(said) == ""


@given(CLAIMS)
def test_what_is_put_together_is_coded_and_alike(said: list[Claim]) -> None:
    for group in grouping.together(said):
        if len(group) > 1:
            assert all(c.coded for c in group)
            families = {grouping.family(c) for c in group} - {""}
            contents = {substances.of(*c.concept) for c in group}
            assert (
                len({c.concept for c in group}) == 1
                or len(families) == 1
                or (len(contents) == 1 and "" not in contents)
            )


@given(CLAIMS)
def test_the_order_in_which_sources_speak_changes_nothing(said: list[Claim]) -> None:
    def shape(claims: list[Claim]) -> set[frozenset[UUID]]:
        return {frozenset(c.id for c in group) for group in grouping.together(claims)}

    assert shape(said) == shape(list(reversed(said)))


@given(CLAIMS)
def test_an_entry_in_error_changes_no_other_row(said: list[Claim]) -> None:
    wrong = replace(claim(20_000, GP, "Asthma", "1"), status="entered-in-error")
    assert grouping.groups([*said, wrong]) == grouping.groups(said)
