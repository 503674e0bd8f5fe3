"""Training of the networks: the only place that knows torch.

Label maps in, network out. Images are synthesised from label maps with random contrast,
resolution, bias field and pose, so that one network segments any magnetic-resonance contrast
(Billot et al. 2023, doi:10.1016/j.media.2023.102789).

``numbering`` tissues and label numbers; ``maps`` label maps made ready for synthesis; ``pose``,
``view``, ``contrast``, ``scanner`` and ``synthesis`` random images, of smooth ``fields``;
``unet`` and ``losses`` the network; ``feed``, ``schedule``, ``state``, ``checkpoint``,
``loop`` and ``copies`` the training; ``evaluate`` overlap tables; ``export`` ONNX with a parity
check; ``segment`` the command, which alone can be imported without torch.
"""
