"""What the customer gets to keep."""

from till.cart import Cart
from till.money import show


def receipt(cart: Cart) -> str:
    rows = [*cart.lines]
    rows.append(("total", cart.total()))
    return "\n".join(f"{name:<10}{show(cents):>10}" for name, cents in rows)
