"""ExpressRoute proper: what Microsoft.Network calls expressRoute…, one module per noun.

    circuits               expressRouteCircuits, authorizations
    peerings               expressRouteCircuits/peerings
    cross_connections      the provider's view of both
    service_providers      the catalogue of providers
"""
