"""Twin -> one HTML file that a person opens from disk.

``write_report(twin, path)`` shows everything that is known about one subject in the order in which
a reader wants it. The file needs no network, stays under 10 MB whatever the size of the input, and
treats every name in the twin as untrusted text.
"""

from anatwin.report.page import render_report, write_report

__all__ = ["render_report", "write_report"]
