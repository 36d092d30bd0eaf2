"""ExpressRoute proper: what Microsoft.Network calls expressRoute…, one module per noun.

    circuits               expressRouteCircuits; circuit_rules and direct say what one must be
    authorizations         keys of circuits and of Direct ports
    peerings               expressRouteCircuits/peerings; peering_rules says what one must be
    global_reach           connections between circuits, from both ends
    failover_tests         a circuit's link failover tests
    cross_connections      the provider's view of circuits and peerings
    service_providers, provider_ports   who sells circuits, and how full their ports are
    ports, port_locations  ExpressRoute Direct; letter writes the letter of authorization
    lags                   link aggregation, refused
    family                 all of these together
    words                  what several of them ask of a circuit
"""
