"""Recovery of demand that stock-outs hid: logs -> daily activity -> recovered, sampled and as-of demand."""
