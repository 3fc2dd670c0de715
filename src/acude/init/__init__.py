"""What the platform needs on servers that exist already: what is missing of it, and its creation."""
