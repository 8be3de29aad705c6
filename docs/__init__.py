"""The documentation: pages, and the code that makes some of them and their pictures."""
