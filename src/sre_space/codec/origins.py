"""Who sent telemetry: the service, its unit and its version, from the attributes of a resource."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sre_space.codec.otlp import UNKNOWN_SERVICE

# OpenTelemetry's resource conventions; what deploys the code names it better than what runs it.
_NAMES = (
    "k8s.deployment.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "k8s.cronjob.name",
    "k8s.job.name",
    "k8s.replicaset.name",
    "app.kubernetes.io/name",
    "k8s.pod.label.app.kubernetes.io/name",
    "k8s.pod.labels.app",
    "k8s.container.name",
    "faas.name",
    "aws.ecs.task.family",
    "cloud.run.service",
    "container.name",
    "k8s.pod.name",
    "service_name",
    "service",
    "app",
    "application",
    "deployment",
    "workload",
    "backend",
    "job",
    "container",
    "pod",
    "process.executable.name",
)
_INSTANCES = ("k8s.pod.name", "service.instance.id", "container.name", "container.id", "host.name", "pod", "instance")
_POD = re.compile(r"(-[0-9a-f]{8,10})?-[0-9a-z]{5}$|-\d+$")
_HASHES = {  # what Kubernetes appends to the name of a deployment
    "k8s.replicaset.name": re.compile(r"-[0-9a-f]{8,10}$"),
    "k8s.pod.name": _POD,
    "pod": _POD,
}


class Origin(NamedTuple):
    """The sender of telemetry: its service, the unit (pod, instance, container or host), `service.version`."""

    service: str
    instance: str
    version: str


def origin_of(attributes: Mapping[str, Any]) -> Origin:
    """Return the sender that a resource's attributes name; `unknown_service` where none of them names a service."""
    instance = next((str(attributes[key]) for key in _INSTANCES if attributes.get(key)), "")
    return Origin(service_of(attributes), instance, str(attributes.get("service.version") or ""))


def service_of(attributes: Mapping[str, Any]) -> str:
    """Return `service.name`; without one, or with the one that an SDK made up, the name of what deployed the code."""
    own = str(attributes.get("service.name") or "")
    if own and not own.startswith(UNKNOWN_SERVICE):
        return own
    for key in _NAMES:
        if attributes.get(key):
            name = str(attributes[key])
            return _HASHES[key].sub("", name) if key in _HASHES else name
    return own or UNKNOWN_SERVICE
