"""The peers as processes on loopback: Collector, prober, Prometheus and Alertmanager, with their files."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from peers.history import HOURS, history
from peers.probing import Prober
from peers.rules import FAST_MS, VARIANTS, rules_of

HOST, READY_WITHIN_S = "127.0.0.1", 60.0
ATTEMPTS_PER_SECOND = 11.0  # five customers and a synthetic one a second, each with nearly two attempts
BUCKETS_MS = (5, 10, 25, 50, 100, 250, FAST_MS, 1000, 2500, 5000)


@contextmanager
def peers(programs: Mapping[str, Path], folder: Path, services: Mapping[str, str], pages: str) -> Iterator[str]:
    """Run all of them; yield the Collector's URL for OTLP over HTTP. `services` are the URLs to probe, by name."""
    otlp, metrics, alerts, web = (free_port() for _ in range(4))
    prober = Prober()
    files = {
        "otelcol.yaml": collector(otlp, metrics),
        "alertmanager.yaml": alertmanager(pages),
        "prometheus.yaml": prometheus(metrics, prober.port, alerts, services),
        "rules.yaml": rules(),
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=1))  # JSON is YAML
    with ExitStack() as running:
        running.enter_context(prober)
        alerting = [*_flags(alerts, "alertmanager.yaml"), "--storage.path=alerts", "--cluster.listen-address="]
        metering = [*_flags(web, "prometheus.yaml"), "--storage.tsdb.path=data", "--web.enable-otlp-receiver"]
        for name, words, ready in (
            ("otelcol", ["--config", "otelcol.yaml"], f"http://{HOST}:{metrics}/metrics"),
            ("alertmanager", alerting, f"http://{HOST}:{alerts}/-/ready"),
            ("prometheus", metering, f"http://{HOST}:{web}/-/ready"),
        ):
            running.enter_context(_running([str(programs[name]), *words], folder, name, ready))
        _fill(f"http://{HOST}:{web}")
        yield f"http://{HOST}:{otlp}"


def _flags(port: int, config: str) -> list[str]:
    return [f"--config.file={config}", f"--web.listen-address={HOST}:{port}"]


def collector(otlp: int, metrics: int) -> Mapping[str, object]:
    """Return the Collector's configuration: metrics of spans, told each second instead of each minute."""
    return {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"{HOST}:{otlp}"}}}},
        "connectors": {
            "span_metrics": {
                "histogram": {"explicit": {"buckets": [f"{bound}ms" for bound in BUCKETS_MS]}},
                "metrics_flush_interval": "1s",
            }
        },
        "exporters": {"prometheus": {"endpoint": f"{HOST}:{metrics}"}},
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {
                "traces": {"receivers": ["otlp"], "exporters": ["span_metrics"]},
                "metrics": {"receivers": ["span_metrics"], "exporters": ["prometheus"]},
            },
        },
    }


def prometheus(metrics: int, probes: int, alerts: int, services: Mapping[str, str]) -> Mapping[str, object]:
    """Return Prometheus' configuration: for each variant a job with its interval, of the metrics and of the probes."""
    jobs: list[Mapping[str, object]] = []
    for one in VARIANTS:
        timing = {"scrape_interval": one.interval, "scrape_timeout": min(one.interval, "10s", key=_seconds)}
        own = {"target_label": "job", "replacement": one.name}
        jobs += [_metrics(one.name, metrics, own, timing), _probing(one.name, probes, services, own, timing)]
    return {
        "global": {"evaluation_interval": "1s"},
        "storage": {"tsdb": {"out_of_order_time_window": f"{HOURS + 1}h"}},  # for the hours before now
        "scrape_configs": jobs,
        "rule_files": ["rules.yaml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"{HOST}:{alerts}"]}]}]},
    }


def _metrics(name: str, port: int, own: Mapping[str, str], timing: Mapping[str, str]) -> Mapping[str, object]:
    targets = [{"targets": [f"{HOST}:{port}"]}]
    return {"job_name": f"{name}-metrics", "static_configs": targets, "relabel_configs": [own], **timing}


def _probing(
    name: str, port: int, services: Mapping[str, str], own: Mapping[str, str], timing: Mapping[str, str]
) -> Mapping[str, object]:
    """Return a job that asks the prober about each service, as the blackbox exporter's documentation has it."""
    relabelled = [
        {"source_labels": ["__address__"], "target_label": "__param_target"},
        {"target_label": "__address__", "replacement": f"{HOST}:{port}"},
        own,
    ]
    targets = [{"targets": [url], "labels": {"service": service}} for service, url in services.items()]
    return {
        "job_name": f"{name}-probes", "metrics_path": "/probe", "static_configs": targets,
        "relabel_configs": relabelled, **timing,
    }  # fmt: skip


def _seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def rules() -> Mapping[str, object]:
    """Return the file of rules: a group for each variant, evaluated at its interval."""
    return {"groups": [{"name": one.name, "interval": one.interval, "rules": rules_of(one)} for one in VARIANTS]}


def alertmanager(pages: str) -> Mapping[str, object]:
    """Return Alertmanager's configuration: for each variant a route with the time for which pages are gathered."""
    routes = [{"matchers": [f'variant="{one.name}"'], "group_wait": one.group_wait} for one in VARIANTS]
    return {
        "route": {"receiver": "person", "group_by": ["alertname", "service"], "routes": routes},
        "receivers": [{"name": "person", "webhook_configs": [{"url": pages}]}],
    }


def _fill(prometheus: str) -> None:
    """Give Prometheus the healthy hours before now."""
    for one in VARIANTS:
        past = history(one.name, ATTEMPTS_PER_SECOND, time.time()).SerializeToString()
        url, headers = f"{prometheus}/api/v1/otlp/v1/metrics", {"content-type": "application/x-protobuf"}
        httpx.post(url, content=past, headers=headers, timeout=60, trust_env=False).raise_for_status()


@contextmanager
def _running(command: Sequence[str], folder: Path, name: str, ready: str) -> Iterator[None]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while not _answers(ready):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} does not serve; its log ends with:\n{_end_of(folder / f'{name}.log')}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=2).is_success
    except httpx.HTTPError:
        return False


def _end_of(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-5:])


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
