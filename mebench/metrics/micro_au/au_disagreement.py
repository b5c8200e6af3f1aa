"""How far the judges are from unanimous about an output."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.micro_au.verdicts import NETWORKS, SOURCE, judge
from mebench.metrics.sample import Sample


class AuDisagreement:
    """Share of the twelve action units on which the judges' verdicts on the output differ."""

    facts = MetricFacts(
        name="au_disagreement",
        version=1,
        family="micro_au",
        unit="share",
        direction="lower",
        ceiling=0.0,
        floor=None,
        worst=1.0,
        networks=NETWORKS,
        summary="Share of action units about which the judges of the output are not unanimous.",
        source=SOURCE,
        ranked=False,
        traps=("It judges the judges: unanimity about nothing is unanimity too, so a still clip may read 0.",),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 1."""
        return float(sample.once(judge).output.disagreement[0])


METRIC = AuDisagreement()
