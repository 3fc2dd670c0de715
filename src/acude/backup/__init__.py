"""Backups of the databases: dumped from one moment each, encrypted by Tink, kept in S3 with a manifest."""
