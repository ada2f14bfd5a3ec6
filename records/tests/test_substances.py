"""The table of substances: ours does its work, a file of the same shape is added, nonsense is named by line."""

from pathlib import Path
from typing import Any

import pytest

from exchange.fhir.systems import System
from records import substances


def test_products_of_one_substance_are_known_as_such_whichever_country_names_them() -> None:
    assert substances.of(str(System.DMD), "318605000") == substances.of(str(System.SNOMED), "318590006") == "bisoprolol"
    assert substances.of(str(System.RXNORM), "313782") == "paracetamol"
    assert substances.of(str(System.RXNORM), "857005") != "paracetamol"


def test_a_code_without_a_line_has_none() -> None:
    assert substances.of(str(System.DMD), "1") == ""
    assert substances.of("", "318605000") == ""


def test_a_file_of_the_operators_own_is_added(tmp_path: Path, settings: Any) -> None:
    file = tmp_path / "more.csv"
    file.write_text("system,code,substance\ndmd,1,Newdrug\n")
    settings.SUBSTANCES_FILE = str(file)
    substances._table.cache_clear()
    try:
        assert substances.of(str(System.DMD), "1") == "newdrug"
        assert substances.of(str(System.DMD), "318605000") == "bisoprolol"
    finally:
        settings.SUBSTANCES_FILE = ""
        substances._table.cache_clear()


def test_a_line_of_another_shape_is_named(tmp_path: Path) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text("system,code,substance\ndmd,1,\n")
    with pytest.raises(ValueError, match=r"wrong\.csv, line 2"):
        list(substances.read(file))
