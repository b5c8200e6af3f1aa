"""The leaderboard as static pages: a pure function of submissions, protocols and the facts of metrics."""

from mebench.leaderboard.site.build import Built, build_site

__all__ = ["Built", "build_site"]
