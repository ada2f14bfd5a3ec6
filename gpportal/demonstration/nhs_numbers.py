"""NHS numbers in the 999 range, which is never issued to anyone."""


def check_digit(nine: str) -> int | None:
    """Modulus 11 check digit of nine digits; None where the remainder admits none (NHS Data Dictionary)."""
    remainder = 11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
    return None if remainder == 10 else remainder % 11


def is_valid(number: str) -> bool:
    """True if ten digits satisfy Modulus 11."""
    return len(number) == 10 and number.isdigit() and check_digit(number[:9]) == int(number[9])


def nth(index: int) -> str:
    """The NHS number of the person with that index; different indexes never share one."""
    # Wide steps leave room to move on where no check digit exists, and keep the numbers from looking like a list.
    middle = 107_011 + index * 1_201
    while (digit := check_digit(f"999{middle:06}")) is None:
        middle += 1
    return f"999{middle:06}{digit}"
