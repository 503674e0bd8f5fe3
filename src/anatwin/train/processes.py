"""Several training processes that torchrun started, on processors or on graphics cards."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

import torch
from torch import distributed

from anatwin.core import MissingPartError
from anatwin.nets import Device


@contextmanager
def joined() -> Iterator[bool]:
    """Join the processes that torchrun started, if any; tell whether this is the first one."""
    if not distributed.is_torchelastic_launched():
        yield True
        return
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    with parting():
        yield distributed.get_rank() == 0


@contextmanager
def parting() -> Iterator[None]:
    """Leave the group of processes at the end, after the others' work is done too.

    gloo aborts one that leaves while another still works. Whoever waits last may find the others
    gone, which does no harm: every process's own work is done.
    """
    try:
        yield
        with suppress(RuntimeError):
            distributed.barrier()
    finally:
        distributed.destroy_process_group()


def device() -> torch.device:
    """Return this process's graphics card, or the processor where there is none."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    rank = distributed.get_rank() if distributed.is_initialized() else 0
    return torch.device("cuda", rank % torch.cuda.device_count())


def is_quick_in_bfloat16(where: str) -> bool:
    """Tell whether a device (``cpu`` or ``cuda``) multiplies in bfloat16 itself.

    A processor that does not is two to three times slower in it than in single precision.
    """
    if where == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported()


def card_or_processor(wanted: Device) -> tuple[Literal["cpu", "cuda"], float]:
    """Return where to train, and the memory that a step may take there [GB].

    On a processor a gigabyte is plenty: a step on more takes too long.

    Raises
    ------
    MissingPartError
        If a graphics card is asked for and torch finds none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise MissingPartError(
            "The device 'cuda' needs an NVIDIA card, its driver and torch with CUDA; "
            "use --device cpu otherwise."
        )
    if wanted == "cpu" or not torch.cuda.is_available():
        return "cpu", 1.0
    return "cuda", min(0.7 * torch.cuda.mem_get_info()[0] / 1e9, 10.0)
