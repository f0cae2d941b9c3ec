"""Several levels of stock at once: exact serial systems, guaranteed service, and the simulation that checks both."""
