"""What comes in from outside: the poller of the warehouses and the inbox of sales files."""
