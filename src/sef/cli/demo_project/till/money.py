"""Amounts of money are whole cents."""

SYMBOLS = {
    "USD": "$",
}


def show(cents: int, currency: str = "USD") -> str:
    return f"{SYMBOLS[currency]}{cents // 100}.{cents % 100:02d}"
