"""Sealed rounds: tasks drawn from a secret seed whose commitment is published first, answered by anybody, scored by the
organisers, and opened to everybody afterwards."""
