"""Training of the networks: the only place that knows torch.

Segmentation of anything. Labelled images in, networks out, as the data's fingerprint suggests
(Isensee et al. 2021, doi:10.1038/s41592-020-01008-z). ``dataset`` a user's folder;
``fingerprint``, ``planning`` and ``segment_plan`` from the data to a plan; ``prepared`` cases on
the network's lattice; ``patches`` and ``alterations`` random examples; ``planned_unet`` the
network; ``supervised`` the training; ``planned_export`` ONNX; ``folds`` cross-validation;
``card`` the model card; ``labelled`` the command, which can be imported without torch.

Segmentation of heads. Label maps in, network out. Images are synthesised from label maps with
random contrast, resolution, bias field and pose, so that one network segments any
magnetic-resonance contrast (Billot et al. 2023, doi:10.1016/j.media.2023.102789).

``numbering`` tissues and label numbers; ``maps`` label maps made ready for synthesis; ``pose``,
``view``, ``contrast``, ``scanner`` and ``synthesis`` random images, of smooth ``fields``;
``unet`` and ``losses`` the network; ``feed``, ``schedule``, ``state``, ``checkpoint``,
``loop`` and ``copies`` the training; ``evaluate`` overlap tables; ``export`` ONNX with a parity
check; ``segment`` the command, which alone can be imported without torch.

Reconstruction. Images in, a deep cascade out (Schlemper et al. 2018,
doi:10.1109/TMI.2017.2760978): ``images`` stacks of slices; ``augmentation`` random slices out of
them; ``masks`` and ``batches`` what is measured of them; ``scan`` data consistency; ``cascade`` the
network; ``cascade_loop``, ``cascade_state`` and ``cascade_progress`` the training;
``cascade_export`` ONNX; ``processes`` torchrun; ``evaluate_reconstruct`` tables of a held-out
person; ``reconstruct`` the command, which can be imported without torch.

Views. Labelled volumes in, a segmentation and an alignment of their thick-slice views out, trained
apart and then in turns (SuperMask, Gu et al. 2023): ``subjects`` people; ``thick_views`` their
simulated views; ``pairs`` random pairs of them; ``align_net`` the spatial transformer and
``rigid_warp`` its geometry; ``intertwined`` the losses; ``views_plan`` and ``views_loop`` the
training; ``views_apply`` the networks on a scan; ``views`` the command, which can be imported
without torch.

Enhancement of bone. Grown femora in, a residual network out: ``enhance_data`` windows of femora;
``enhance_network`` the network and the layer that keeps every block's share of bone;
``enhance_loop`` the training; ``enhance_export`` ONNX; ``enhance`` the command, which can be
imported without torch.
"""
