"""FSRT, the Facial Scene Representation Transformer (Rochow, Schwarz, Behnke, CVPR 2024, arXiv 2404.09736).

Written from the paper and from tables of tensor names and shapes; published checkpoints load by name. A source becomes
a set of tokens; every output pixel is a query of its own that attends to them, given the driving key points and the
driving expression vector. Images are RGB in [0,1]; key points (x, y) live on the detector's own grid, see
:mod:`mebench.backbones.fsrt.detector`, pixels on a grid of pixel centres, and the two must not be mixed.
"""
