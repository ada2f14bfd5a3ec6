"""The sandbox PDS knows the demonstration's people as they are."""

from gpportal.demonstration import national


def test_the_table_kept_beside_the_sandbox_is_what_the_demonstration_says() -> None:
    assert national.FILE.read_text(encoding="utf-8") == national.table()
    assert national.table().count("\n") > 490
