"""Memory: recalls what similar incidents taught, and remembers what each incident taught."""
