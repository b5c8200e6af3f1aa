"""Frozen face animators: one folder each."""
