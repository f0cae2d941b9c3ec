"""Foreign logs as rows of the contract: one module per kind of log, each with its format and mapping."""

from arena_pipeline.ingest.adapters.access_log import ACCESS_LOG
from arena_pipeline.ingest.adapters.base import Adapter, Mapping
from arena_pipeline.ingest.adapters.freshretailnet import FRESHRETAILNET
from arena_pipeline.ingest.adapters.ga4 import GA4
from arena_pipeline.ingest.adapters.mapped import MAPPED
from arena_pipeline.ingest.adapters.retailrocket import RETAILROCKET
from arena_pipeline.ingest.adapters.shopify import SHOPIFY
from arena_pipeline.ingest.adapters.woocommerce import WOOCOMMERCE

ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter for adapter in (GA4, SHOPIFY, WOOCOMMERCE, RETAILROCKET, FRESHRETAILNET, ACCESS_LOG, MAPPED)
}

__all__ = ["ADAPTERS", "Adapter", "Mapping"]
