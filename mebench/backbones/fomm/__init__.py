"""FOMM, the First Order Motion Model for image animation (Siarohin et al., NeurIPS 2019, arXiv 2003.00196).

Written from the paper and from tables of tensor names and shapes; published checkpoints load by name. Tensors are
``[B,C,H,W]`` float32, images RGB in [0,1], coordinates (x, y) in [-1,1] with -1 and +1 on the centres of the border
pixels.
"""
