"""Motion measured and applied: optical flow, warping, alignment, landmarks, inter-ocular distance."""
