"""The whole story of one payment, gathered from every store that has a part of it."""
