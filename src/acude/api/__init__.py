"""The platform's HTTP APIs."""
