"""Measures that only a known answer allows: the open set."""
