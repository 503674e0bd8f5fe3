import signal

# A runner in the background has interrupts ignored, and its children inherit that; some tests
# send them.
signal.signal(signal.SIGINT, signal.default_int_handler)
