"""The action units that judges see in the output, against those that they see in its driving clip."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.micro_au.verdicts import NETWORKS, SOURCE, agreement, judge
from mebench.metrics.sample import Sample


class AuAgreement:
    """As ``au_f1``, with the judges' own verdict on the driving clip in place of its annotation: their errors on a clip
    count twice or not at all, and no annotation is needed."""

    facts = MetricFacts(
        name="au_agreement",
        version=1,
        family="micro_au",
        unit="share",
        direction="higher",
        ceiling=1.0,
        floor=0.0,
        worst=0.0,
        networks=NETWORKS,
        summary="Agreement of the judges' verdicts on the output and on its driving clip, as F1.",
        source=SOURCE,
        traps=(
            "It says nothing of intensity: read it next to gain.",
            "A clip that moves and in which the judges see nothing agrees with a driving clip of the same kind.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 1; 0 for a clip without measurable motion."""
        judged = sample.once(judge)
        return 0.0 if judged.still else agreement(judged.seen, judged.seen_in_driving)


METRIC = AuAgreement()
