"""Runs a program on a terminal of its own, with so many columns.

usage: terminal.py COLUMNS PROGRAM ARGUMENT…
What the terminal shows goes to standard output. Nothing is typed.
"""

import fcntl
import os
import pty
import struct
import sys
import termios

# The program starts when the terminal has its size.
ready, go = os.pipe()
process, terminal = pty.fork()
if process == 0:
    os.close(go)
    os.read(ready, 1)
    os.close(ready)
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, int(sys.argv[1]), 0, 0))
os.close(ready)
os.write(go, b"x")
os.close(go)
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        break
    if not chunk:
        break
    os.write(1, chunk)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
