"""``python -m anatwin``."""

from anatwin.cli import main

main()
