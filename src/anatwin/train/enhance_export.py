"""From the averaged weights of the network that enhances bone to the files that ship."""

from pathlib import Path

from anatwin.train.enhance_network import FACTOR, EnhanceNetwork
from anatwin.train.export import noise, rounded, save_weights, write_checked
from anatwin.train.state import State

FILE = "enhance.onnx"


def write_enhance(state: State[EnhanceNetwork], folder: Path, *, patch: int = 0) -> float:
    """Write ``enhance.onnx`` and ``enhance.safetensors``; return the difference to torch.

    Weights are rounded to half precision, as they ship.

    Parameters
    ----------
    state
        The training.
    folder
        Where the files go.
    patch
        Blocks along the edge of the patches that the network knows; 0 if it sees whole images.

    Raises
    ------
    QualityError
        If onnxruntime and torch differ; nothing is written then.
    """
    model = rounded(EnhanceNetwork(state.model.shape), state.averaged)
    channels = model.shape.channels
    difference = write_checked(
        model,
        folder / FILE,
        {"factor": str(FACTOR), "patch": str(patch)},
        examples=noise((1, channels, 8, 9), (2, channels, 7, 12), name="channels"),
        outputs=("logits",),
        axes={name: {0: "n", 2: "i", 3: "j"} for name in ("channels", "logits")},
    )
    weights = {name: weight.detach() for name, weight in model.named_parameters()}
    save_weights(model.shape, weights, folder / "enhance.safetensors")
    return difference
