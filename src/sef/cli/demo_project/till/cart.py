"""What a customer is about to buy."""


class Cart:
    """Lines of a name and a price in cents."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, int]] = []

    def add(self, name: str, cents: int) -> None:
        self.lines.append((name, cents))

    def total(self) -> int:
        return sum(cents for _, cents in self.lines)
