"""Vectors in a Parquet file: a row for each caption or piece of music, and of which embedder they are.

Column `vector` is a fixed-size list of float32, of length one; the other columns say what it is of. The file's metadata
has the embedder's name, the sha256 of its checkpoint, and `captions` or `music`: vectors of two checkpoints don't
compare.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reprise.embedding.embedder import Embedder
from reprise.errors import BadInput

EXTENSION = ".parquet"
VECTOR = "vector"
CAPTIONS, MUSIC = "captions", "music"
NAME, SHA256, KIND = b"reprise.embedder", b"reprise.checkpoint_sha256", b"reprise.kind"
COMMANDS = {CAPTIONS: "search-captions", MUSIC: "search-music"}

Batch = tuple[list[dict[str, str]], np.ndarray]


def write_vectors(path: Path, embedder: Embedder, kind: str, batches: Iterable[Batch]) -> tuple[int, int]:
    """Write batches of rows with their vectors, float32[rows, E], as they come; the file is there whole or not at all.

    Returns:
        How many rows, and E; nothing is written if there are none.

    Raises:
        BadInput: a row has a column named as ours.
    """
    partial = path.with_name(f"{path.name}.partial")
    metadata = {NAME: embedder.name, SHA256: embedder.checkpoint_sha256, KIND: kind}
    count, size, writer = 0, 0, None
    try:
        for rows, vectors in batches:
            if writer is None:
                size = vectors.shape[1]
                if VECTOR in rows[0]:
                    raise BadInput(f"column '{VECTOR}' is there already; give it another name")
                columns = [(name, pa.string()) for name in rows[0]]
                schema = pa.schema([*columns, (VECTOR, pa.list_(pa.float32(), size))], metadata)
                writer = pq.ParquetWriter(partial, schema)
            own = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel(), pa.float32()), size)
            texts = [pa.array([row[name] for row in rows], pa.string()) for name in rows[0]]
            writer.write_batch(pa.record_batch([*texts, own], schema=writer.schema))
            count += len(rows)
        if writer is not None:
            writer.close()
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count, size


class VectorFile:
    """What `write_vectors` wrote, of the embedder in use: `rows` of them, with other `columns` beside."""

    def __init__(self, path: Path, embedder: Embedder, kind: str) -> None:
        """Read what the file says of itself.

        Raises:
            BadInput: it can't be read, isn't such a file, or has vectors of another kind or of another embedder.
        """
        self.path = path
        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise BadInput(f"{path}: can't be read ({error}); it must be what reprise embed wrote") from error
        schema = self._file.schema_arrow
        told = {key: value.decode(errors="replace") for key, value in (schema.metadata or {}).items()}
        if not {NAME, SHA256, KIND} <= told.keys() or VECTOR not in schema.names:
            raise BadInput(f"{path}: says nothing of an embedder; it must be what reprise embed wrote")
        if told[KIND] != kind:
            command = COMMANDS.get(told[KIND], "another command")
            raise BadInput(f"{path}: has vectors of {told[KIND]}, not of {kind}; {command} searches them")
        if told[SHA256] != embedder.checkpoint_sha256:
            raise BadInput(
                f"{path}: has vectors of {told[NAME]}, checkpoint {told[SHA256][:12]}..., but --embedder is "
                f"{embedder.name}, checkpoint {embedder.checkpoint_sha256[:12]}...; vectors of two checkpoints don't "
                "compare: name that embedder, or embed again"
            )
        if not pa.types.is_fixed_size_list(schema.field(VECTOR).type):
            raise BadInput(f"{path}: column '{VECTOR}' is no fixed-size list; it must be what reprise embed wrote")
        self.columns = [name for name in schema.names if name != VECTOR]
        self.rows = self._file.metadata.num_rows

    def __iter__(self) -> Iterator[Batch]:
        """The batches.

        Raises:
            BadInput: the file is damaged.
        """
        try:
            for batch in self._file.iter_batches():
                vectors = batch.column(VECTOR)
                if vectors.null_count:
                    raise BadInput(f"{self.path}: has rows without a vector; it must be what reprise embed wrote")
                table = batch.select(self.columns).to_pylist()
                yield table, vectors.flatten().to_numpy().reshape(len(table), -1)
        except (OSError, pa.ArrowException) as error:
            raise BadInput(f"{self.path}: is damaged ({error}); embed again") from error
