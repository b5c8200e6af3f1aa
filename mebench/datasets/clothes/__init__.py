"""Clips written in the layout and annotation format of each recorded database, quirks included.

Nobody can ship the databases; with these trees the loaders are tested end to end, and anybody can try a protocol for
recorded data on faces that are free to show.
"""
