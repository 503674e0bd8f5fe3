"""A user's labelled folder, read as it is.

Two layouts with a ``dataset.json`` are known: nnU-Net's raw one (Isensee et al. 2021,
doi:10.1038/s41592-020-01008-z), with ``imagesTr/CASE_0000.nii.gz``, one file per channel, and
``labelsTr/CASE.nii.gz``; and the Medical Segmentation Decathlon's (Antonelli et al. 2022,
doi:10.1038/s41467-022-30695-9), with a list ``training`` of images and labels.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anatwin.core import GeometryError, InputError, Labels, LabelTable, Volume
from anatwin.io.files import read_text
from anatwin.io.nifti import read_labels, read_volume
from anatwin.io.tables import numbered_table

DESCRIPTION = "dataset.json"


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled person.

    Parameters
    ----------
    name
        Of its files.
    images
        A file for every channel, and which image of the file.
    labels
        Its label map.
    """

    name: str
    images: tuple[tuple[Path, int | None], ...]
    labels: Path

    def read(self, table: LabelTable) -> tuple[list[Volume], Labels]:
        """Return the images, one per channel, and the labels.

        Raises
        ------
        InputError
            If a file is missing or damaged, or a label is not in the table.
        GeometryError
            If they do not lie on one grid.
        """
        volumes = [read_volume(path, frame=frame) for path, frame in self.images]
        labels = read_labels(self.labels, table)
        for (path, _), volume in zip(self.images, volumes, strict=True):
            try:
                labels.grid.require_match(volume.grid, "An image and its labels")
            except GeometryError as error:
                raise GeometryError(f"{path}: {error}") from error
        return volumes, labels


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled people.

    Parameters
    ----------
    folder
        Where they are.
    channels
        Names of the kinds of image, in order.
    table
        Structures, numbered from 1 without gaps.
    cases
        People, in order of their names.
    """

    folder: Path
    channels: tuple[str, ...]
    table: LabelTable
    cases: tuple[Case, ...]


def read_dataset(folder: Path) -> Dataset:
    """Return what a labelled folder holds, in nnU-Net's raw layout or the Decathlon's.

    Raises
    ------
    InputError
        If the description or a file is missing, or the labels are not numbered 0, 1, 2 and so on.
    """
    path = folder / DESCRIPTION
    if not path.is_file():
        raise InputError(
            f"{folder} must hold {DESCRIPTION}, imagesTr and labelsTr (nnU-Net's raw layout or "
            f"the Medical Segmentation Decathlon's); there is no {DESCRIPTION}."
        )
    try:
        about = json.loads(read_text(path))
        channels = about.get("channel_names") or about["modality"]
        names = tuple(str(channels[str(n)]) for n in range(len(channels)))
        table = numbered_table(about["labels"])
        cases = _listed(folder, about, names) if "training" in about else _found(folder, about)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} must name channels (channel_names or modality) and labels, each numbered "
            f"from 0; it cannot be understood ({error!r})."
        ) from error
    dataset = Dataset(folder, names, table, tuple(sorted(cases, key=lambda case: case.name)))
    _require_files(dataset)
    return dataset


def _listed(folder: Path, about: dict[str, Any], channels: tuple[str, ...]) -> list[Case]:
    """Return the cases of the Decathlon's list; several channels are images of one file."""
    cases = []
    for entry in about["training"]:
        image, labels = folder / entry["image"], folder / entry["label"]
        frames = [None] if len(channels) == 1 else range(len(channels))
        cases.append(Case(_stem(labels.name), tuple((image, f) for f in frames), labels))
    return cases


def _found(folder: Path, about: dict[str, Any]) -> list[Case]:
    """Return the cases of nnU-Net's raw layout."""
    ending = str(about.get("file_ending", ".nii.gz"))
    if ending not in (".nii", ".nii.gz"):
        raise InputError(f"files must be .nii or .nii.gz, got file_ending {ending!r}.")
    n_channels = len(about.get("channel_names") or about["modality"])
    files = [path for path in (folder / "labelsTr").glob(f"*{ending}") if path.name[0] != "."]
    images = folder / "imagesTr"
    return [
        Case(
            name := path.name.removesuffix(ending),
            tuple((images / f"{name}_{n:04d}{ending}", None) for n in range(n_channels)),
            path,
        )
        for path in files
    ]


def _stem(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".nii")


def _require_files(dataset: Dataset) -> None:
    if not dataset.cases:
        raise InputError(f"{dataset.folder} must hold labelled cases in labelsTr, got none.")
    for case in dataset.cases:
        for path in (case.labels, *(path for path, _ in case.images)):
            if not path.is_file():
                raise InputError(f"{path} is missing: case {case.name} needs it.")
