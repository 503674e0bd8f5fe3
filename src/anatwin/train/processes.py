"""Several training processes that torchrun started, on processors or on graphics cards."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed


@contextmanager
def joined() -> Iterator[bool]:
    """Join the processes that torchrun started, if any; tell whether this is the first one."""
    if not distributed.is_torchelastic_launched():
        yield True
        return
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield distributed.get_rank() == 0
        distributed.barrier()  # gloo aborts one that leaves while another still works
    finally:
        distributed.destroy_process_group()


def device() -> torch.device:
    """Return this process's graphics card, or the processor where there is none."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    rank = distributed.get_rank() if distributed.is_initialized() else 0
    return torch.device("cuda", rank % torch.cuda.device_count())
