import unittest

from till.money import SYMBOLS, show


class MoneyTest(unittest.TestCase):
    def test_cents_have_two_digits(self):
        self.assertEqual(show(1205), "$12.05")

    def test_every_currency_has_a_symbol(self):
        for currency, symbol in SYMBOLS.items():
            with self.subTest(currency):
                self.assertTrue(symbol)
                self.assertEqual(show(100, currency), f"{symbol}1.00")
