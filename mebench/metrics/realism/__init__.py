"""Does the output look like the true answer? Pixel, structural and perceptual distance."""
