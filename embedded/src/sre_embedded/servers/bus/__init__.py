"""A small durable broker that speaks the Kafka protocol: a fixed list of calls, classic groups, no transactions."""
