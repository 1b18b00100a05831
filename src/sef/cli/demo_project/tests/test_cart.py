import unittest

from till.cart import Cart


class CartTest(unittest.TestCase):
    def test_an_empty_cart_costs_nothing(self):
        self.assertEqual(Cart().total(), 0)

    def test_the_total_is_the_sum_of_the_lines(self):
        cart = Cart()
        cart.add("tea", 250)
        cart.add("milk", 100)
        self.assertEqual(cart.total(), 350)
