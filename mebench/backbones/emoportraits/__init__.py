"""EMOPortraits, one-shot head avatars in a latent volume (Drobyshev et al., CVPR 2024, arXiv 2404.19110).

Written from the paper and from tables of tensor names and shapes; the published stage-1 state dict loads by name.
Images are ``[B,3,H,W]`` float32, RGB in [0,1]; volumes ``[B,C,D,H,W]``; coordinates (x, y, z) in [-1,1] along
(W, H, D). Lattices put -1 and +1 on the first and last entry, but sampling puts them on the outer edges
(``align_corners=False``), as in the published networks.
"""
