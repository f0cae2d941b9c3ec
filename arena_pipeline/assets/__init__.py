"""The asset graph: thin assets, each reads, makes one engine call, writes, and reports."""
