"""The quality gate: suites over staged rows, verdicts, and the pages that show them."""
