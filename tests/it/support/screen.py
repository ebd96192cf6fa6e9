"""Runs a program on a terminal of that size, and types what standard input holds once the terminal rests.

usage: screen.py COLUMNS ROWS PROGRAM ARGUMENT…
What the terminal shows goes to standard output.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios

columns, rows = int(sys.argv[1]), int(sys.argv[2])
keys = sys.stdin.buffer.read()
process, terminal = pty.fork()
if process == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execvp(sys.argv[3], sys.argv[3:])
while True:
    # What a program shows before it rests comes without a pause of that length.
    if select.select([terminal], [], [], 1 if keys else None)[0]:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        os.write(1, chunk)
    else:
        os.write(terminal, keys)
        keys = b""
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
