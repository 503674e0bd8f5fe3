"""Run an ONNX network on a processor or a graphics card."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, MissingPartError, ResourceError

Device = Literal["auto", "cpu", "cuda"]

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


@dataclass(frozen=True, eq=False, slots=True)
class Network:
    """A loaded network.

    Parameters
    ----------
    session
        The onnxruntime session.
    device
        Where it runs, ``cpu`` or ``cuda``.
    """

    session: Any
    device: str

    def __call__(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the output for one input array, ``batch channel i j k``.

        Raises
        ------
        InputError
            If the network does not take this shape.
        ResourceError
            If memory runs out.
        """
        first = self.session.get_inputs()[0].name
        return self.run({first: array}, self.session.get_outputs()[0].name)

    def run(self, arrays: Mapping[str, NDArray[np.float32]], output: str) -> NDArray[np.float32]:
        """Return a named output for named input arrays; raises as a call does."""
        from onnxruntime.capi import onnxruntime_pybind11_state as ort

        feed = {name: np.ascontiguousarray(x, np.float32) for name, x in arrays.items()}
        shapes = ", ".join(str(x.shape) for x in feed.values())
        try:
            return self.session.run([output], feed)[0]
        except ort.InvalidArgument as error:
            raise InputError(f"The network cannot take {shapes}: {error}") from error
        except (ort.Fail, ort.RuntimeException, ort.EPFail) as error:
            raise ResourceError(
                f"The network could not run on {shapes} ({str(error).splitlines()[0]}); "
                "use a smaller window or another device."
            ) from error

    @property
    def about(self) -> dict[str, str]:
        """What the file says of itself, name and text."""
        return dict(self.session.get_modelmeta().custom_metadata_map)

    @property
    def n_outputs(self) -> int | None:
        """Number of output channels, where the file states it."""
        channels = self.session.get_outputs()[0].shape[1]
        return channels if isinstance(channels, int) else None


def load(path: Path, *, device: Device = "auto", threads: int = 0) -> Network:
    """Load a network from an ONNX file.

    Parameters
    ----------
    path
        The file.
    device
        ``cuda`` insists on a graphics card, ``auto`` takes one where there is one.
    threads
        Processor threads; 0 uses every core.

    Raises
    ------
    InputError
        If the file is not a network that onnxruntime can run.
    MissingPartError
        If a graphics card is asked for and onnxruntime cannot use one.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as ort

    chosen = _choose_device(device, onnxruntime.get_available_providers())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors only: they become exceptions here
    # Planned memory is added to what the first run took, and kept; it saves no time.
    options.enable_mem_pattern = False
    # Idle threads that spin gain nothing in long convolutions and slow everyone else.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = [_PROVIDERS[name] for name in dict.fromkeys((chosen, "cpu"))]
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except (
        ort.InvalidProtobuf,
        ort.InvalidGraph,
        ort.Fail,
        ort.NoSuchFile,
        ort.NotImplemented,
    ) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} is not a network that can run: {reason}") from error
    if chosen == "cuda" and _PROVIDERS["cuda"] not in session.get_providers():
        if device == "cuda":
            raise MissingPartError(_NO_CUDA)
        chosen = "cpu"
    return Network(session, chosen)


_NO_CUDA = (
    "The device 'cuda' needs an NVIDIA card, its driver and onnxruntime-gpu "
    "(pip install 'anatwin[gpu]'); use --device cpu otherwise."
)


def _choose_device(device: Device, available: list[str]) -> str:
    has_cuda = _PROVIDERS["cuda"] in available
    if device == "cuda" and not has_cuda:
        raise MissingPartError(_NO_CUDA)
    return "cuda" if has_cuda and device != "cpu" else "cpu"
