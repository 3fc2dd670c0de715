"""The decisions' database. Its owner is the role of ACUDE_RISK_DSN."""
