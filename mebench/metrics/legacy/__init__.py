"""Numbers that papers print, for comparison with them. They are labelled so, they are never ranked on, and each says what
it misses at the amplitude of a micro-expression."""
