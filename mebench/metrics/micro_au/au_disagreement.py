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
        floor=1.0,
        worst=1.0,
        networks=NETWORKS,
        summary="Share of action units about which the judges of the output are not unanimous.",
        source=SOURCE,
        traps=("It judges the judges more than the clip: unanimity about a wrong action unit is unanimity too.",),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 1; 1 for a clip without measurable motion, about which there is nothing to agree."""
        judged = sample.once(judge)
        return 1.0 if judged.still else float(judged.output.disagreement[0])


METRIC = AuDisagreement()
