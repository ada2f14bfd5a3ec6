"""Numbers as they are read: NHS numbers in threes, thousands with commas, decimals as they were written."""

import re


def nhs_number(value: str) -> str:
    """ "999 123 4578"; anything that is not ten digits is shown as it came."""
    digits = re.sub(r"[\s-]", "", value or "")
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}" if re.fullmatch(r"\d{10}", digits) else (value or "")


def figure(value: str | int | None) -> str:
    """ "1,840" for 1840; "142.50" stays "142.50"; words and "132/78" stay as they are."""
    text = "" if value is None else str(value)
    found = re.fullmatch(r"([<>]=?\s*)?(-?)(\d{4,})(\.\d+)?", text)
    if not found:
        return text
    sign, minus, whole, rest = found.groups(default="")
    return f"{sign}{minus}{int(whole):,}{rest}"


def phone_link(value: str) -> str:
    """What a telephone dials: digits and a leading plus."""
    return re.sub(r"(?!^\+)\D", "", value or "")


def count(number: int, one: str, many: str = "") -> str:
    """ "1 letter", "2 letters"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
