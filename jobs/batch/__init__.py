"""One file per mart, export or load: what it reads, one pure function, and the line that runs it."""
