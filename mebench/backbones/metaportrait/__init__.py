"""MetaPortrait, identity-preserving talking head generation from dense landmarks (Zhang et al., CVPR 2023, arXiv
2212.08062): the 256 px base model.

Written from the paper and from tables of tensor names and shapes; published checkpoints load by name. Tensors are
``[B,C,H,W]`` float32, images RGB in [0,1]. The motion reaches the network as drawings of landmarks (:mod:`.drawing`).
The paper's second stage, temporal super-resolution to 512 px, is left out: a generative face prior rewrites the detail
that micro-expressions consist of.
"""
