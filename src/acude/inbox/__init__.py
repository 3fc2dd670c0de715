"""Sales files that arrive on S3: upload, list, read."""
