"""The platform's HTTP doors."""
