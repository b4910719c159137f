"""An embedder by what a person names: a folder, a file, or a model on a hub."""

from pathlib import Path

from reprise.embedding.clap.model import SmallClap
from reprise.embedding.embedder import Embedder
from reprise.errors import BadInput
from reprise.learning.weights import CONFIG, WEIGHTS

HUB, PT = "laion/", ".pt"
NONE = (
    "no CLAP there; make one with ./run, dvc pull one, or name a LAION-CLAP: a folder as transformers saves it, its "
    f"own .pt file, or a model on the hub, such as {HUB}clap-htsat-unfused"
)


def open_embedder(spec: str | Path, tokenizer: Path | None = None) -> Embedder:
    """The embedder that `spec` names, chosen by what is there.

    Args:
        spec: a folder, a `.pt` file, or, where there is neither, a name on the hub that begins with `laion/`.
        tokenizer: the folder of the tokenizer of a `.pt`, which has none.

    Raises:
        BadInput: there is no embedder, or one that is damaged or broken.
    """
    path = Path(spec)
    if path.is_dir() and (path / WEIGHTS).exists():
        return SmallClap(path)
    on_hub = str(spec).startswith(HUB) and path.suffix != PT
    if not path.is_dir() and not path.is_file() and not on_hub:
        raise BadInput(f"{spec}: {NONE}")
    from reprise.embedding.laion import load  # transformers takes seconds to import

    if path.is_dir():
        if not (path / CONFIG).is_file():
            raise BadInput(f"{spec}: {NONE}")
        return load.load_folder(path)
    return load.load_pt(path, tokenizer) if path.is_file() else load.load_hub(str(spec))
