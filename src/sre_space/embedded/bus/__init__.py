"""A small durable broker that speaks the Kafka protocol: a frozen list of calls, classic groups, no transactions."""
