"""A shop to try the platform on: shoppers, warehouses, orders, old sales files, and the ledger of what they did."""
