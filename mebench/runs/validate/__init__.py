"""What each metric answers to known degradations of a perfect output: ``mebench validate metrics``."""
