import unittest

from till.cart import Cart
from till.receipt import receipt


class ReceiptTest(unittest.TestCase):
    def test_the_last_row_is_the_total(self):
        cart = Cart()
        cart.add("tea", 250)
        self.assertEqual(receipt(cart).splitlines()[-1].split(), ["total", "$2.50"])
