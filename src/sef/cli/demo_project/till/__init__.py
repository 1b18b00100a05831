"""A till: carts, money, receipts."""
