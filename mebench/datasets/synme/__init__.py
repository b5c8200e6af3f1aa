"""SynME, the open set: faces rendered on the user's machine from a seed, with exact truth for every pair."""
