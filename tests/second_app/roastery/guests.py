"""The guests: orders over gRPC at a steady rate, most of them over the web. They send no telemetry."""

import itertools
import os
import time

import grpc

APART_S = 1 / 20
PATIENCE_S = 5.0
BEANS = ("arabica", "robusta")
CHANNELS = ("web", "web", "web", "staff")


def main() -> None:
    """Order until the process is stopped; what fails is not ordered again."""
    channel = grpc.insecure_channel(os.environ["COUNTER"], [("grpc.enable_http_proxy", 0)])
    order = channel.unary_unary("/roastery.Counter/Order")
    for number in itertools.count():
        who = CHANNELS[number % len(CHANNELS)]
        order.future(BEANS[number % len(BEANS)].encode(), timeout=PATIENCE_S, metadata=[("channel", who)])
        time.sleep(APART_S)


if __name__ == "__main__":
    main()
