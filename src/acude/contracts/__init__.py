"""Reads contracts/ and renders them: Spark schema, decoder, GX suite, Glue table, Redshift DDL, docs."""
