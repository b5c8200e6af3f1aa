"""FPB-FOMM, the facial-prior-based First Order Motion Model for micro-expressions.

Zhang et al., "Facial Prior Based First Order Motion Model for Micro-expression Generation", ACM MM 2021 (arXiv
2308.04536). FOMM with 18 facial landmarks in place of learned key points: the points never move, all motion is carried by
the local affine frames. Written from the paper and from tables of tensor names; published checkpoints load by name.
"""
