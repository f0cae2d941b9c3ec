"""Honest selection: parameters chosen on the past only, leads with the luck of having chosen taken out."""
