"""The action units that judges see in the output, against the annotation of its driving clip."""

from __future__ import annotations

from mebench.errors import Unavailable
from mebench.metrics.contract import MetricFacts
from mebench.metrics.micro_au.verdicts import NETWORKS, SOURCE, agreement, judge
from mebench.metrics.sample import Sample


class AuF1:
    """``2 |seen and annotated| / (|seen| + |annotated|)`` over twelve action units, by the majority of the judges."""

    facts = MetricFacts(
        name="au_f1",
        version=1,
        family="micro_au",
        unit="share",
        direction="higher",
        ceiling=1.0,
        floor=0.0,
        worst=0.0,
        networks=NETWORKS,
        summary="Agreement of the action units that judges see in the output with the driving clip's annotation, as F1.",
        source=SOURCE,
        traps=(
            "It says nothing of intensity: read it next to gain.",
            "Judges err on real clips too: compare with the row of the true answer, not with 1.",
            "The mean over clips is no macro-F1: mebench au judge gives that from a run.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 1; 0 for a clip without measurable motion."""
        judged = sample.once(judge)
        if judged.annotated is None or not judged.annotated.any():
            raise Unavailable("none of the twelve action units is annotated in the driving clip.")
        return agreement(judged.seen, judged.annotated)


METRIC = AuF1()
