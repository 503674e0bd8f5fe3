"""Completing real heads: structures that their label maps show without naming them.

The public label maps of heads name the brain finely but hold muscles, fat and tongue in one class
and the jaw with the skull. Rules from landmarks that are found on the map itself part them:

``head`` reads a map and finds the frame of its face; ``bones`` parts skull, jaw and spine; ``neck``
counts vertebrae and discs; ``side``, ``landmarks``, ``muscles`` and ``joints`` draw the chewing
muscles and the joint discs; ``airway``, ``mouth`` and ``brain`` the rest; ``complete`` puts it
together. Nothing that the source map names changes: every label lies in the class it came from.

These labels are derived from a model of anatomy, not drawn by an expert.
"""
