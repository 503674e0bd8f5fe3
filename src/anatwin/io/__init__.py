"""Files to nouns and back: where axes flip, units convert and untrusted bytes are opened.

Nothing else in the package does any of these.

Whatever a reader returns is on a RAS+ grid in mm and has been checked. Whatever a writer leaves is
complete: it is written to a temporary neighbour and renamed. A damaged, lying or unsupported file
raises an InputError of one line that names it, before memory is spent on what it claims to hold.

* ``source``    opens anything that a twin can be built from, by its content
* ``nifti``     images and label maps
* ``dicom``     a folder with a series, or an enhanced multi-frame file
* ``ismrmrd``, ``fastmri``, ``bart``  k-space
* ``tables``    names and colours of structures: TSV, ITK-SNAP, FreeSurfer
* ``transforms``  from one scan to another: ITK, 4 x 4 matrices
* ``surfaces``  triangle meshes: STL, GLB, VTP
* ``case``      the folder of a twin
* ``files``     complete-or-absent output, bounded input, checksums

The other modules are their parts.
"""
