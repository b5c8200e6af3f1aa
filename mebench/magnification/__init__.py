"""Motion made larger and smaller: one file a magnifier. A demagnifier is a magnifier called with a factor below 1."""
