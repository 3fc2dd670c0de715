"""Backups of the databases: dumped from one moment each, encrypted in chunks, kept in S3 under a signed manifest."""
