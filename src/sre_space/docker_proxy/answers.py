"""What is passed on of the engine's answers: chosen fields, and nothing of a container's environment or mounts."""

from collections.abc import Iterable, Mapping
from typing import Any

from sre_space.codec.docker import ONE_OFF, PROJECT, SERVICE

LABELS = (PROJECT, SERVICE, ONE_OFF, "com.docker.compose.container-number")
_LISTED = ("Id", "Names", "Image", "Created", "State", "Status")
_INSPECTED = ("Id", "Name", "Created", "RestartCount")
_STATE = (
    "Status", "Running", "Paused", "Restarting", "OOMKilled", "Dead", "Pid", "ExitCode", "Error", "StartedAt",
    "FinishedAt",
)  # fmt: skip
_HOST = ("Memory", "MemorySwap", "NanoCpus", "RestartPolicy")


def listed(container: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a listing shows of a container."""
    return {**_chosen(container, _LISTED), "Labels": _chosen(container["Labels"], LABELS)}


def inspected(container: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is shown of one container."""
    config, state = container["Config"], container["State"]
    health = _chosen(state.get("Health") or {}, ("Status", "FailingStreak"))
    return {
        **_chosen(container, _INSPECTED),
        "State": {**_chosen(state, _STATE), **({"Health": health} if health else {})},
        "Config": {"Image": config.get("Image"), "Labels": _chosen(config["Labels"], LABELS)},
        "HostConfig": _chosen(container["HostConfig"], _HOST),
    }


def _chosen(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}
