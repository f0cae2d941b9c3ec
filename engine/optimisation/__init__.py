"""All level formulas, vectorised over SKUs where a strategy uses them; strategies select and parametrise them."""
