"""Published results on the composite of six databases, to be shown beside our own and never ranked with them.

From the comparison table of the InfuseNet paper (SCIA 2025): mean F1 over the twelve action units. Its rows mix two
definitions: those of LBP-TOP, Off-ApexNet, SSSNet, ResNet10, ResNet34 and LED equal the MEB library's pooled F1 over five
seeds to the printed digit; the paper's own rows are described as averages over databases.
"""

from __future__ import annotations

CD6ME = {
    "lbp-top-head": 0.121,
    "off-apexnet": 0.395,
    "sssnet": 0.405,
    "resnet10t": 0.332,
    "resnet18": 0.3828,
    "resnet18-magnified": 0.3243,
    "resnet34": 0.371,
    "resnet50": 0.3202,
    "led": 0.283,
    "vit-tiny": 0.4128,
    "late-fusion": 0.2937,
    "infusenet-vit-tiny": 0.4172,
    "infusenet": 0.423,
}
"""By the name of the detector that comes nearest."""
