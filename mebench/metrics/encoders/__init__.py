"""Networks that turn a clip into one vector, for distances between sets of clips."""
