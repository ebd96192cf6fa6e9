"""Runs a program on a terminal of its own, and types a password where it is asked for.

usage: typist.py PROGRAM ARGUMENT…
The password is the first line of standard input. What the terminal shows goes to standard output.
"""

import os
import pty
import select
import sys
import termios

password = sys.stdin.readline().encode()
process, terminal = pty.fork()
if process == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown, has_typed = b"", False
while True:
    if select.select([terminal], [], [], 0.01)[0]:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
        os.write(1, chunk)
    # Nobody types before the terminal is silent: what comes earlier is echoed, whoever asks.
    is_silent = not termios.tcgetattr(terminal)[3] & termios.ECHO
    if not has_typed and is_silent and b"Password of " in shown:
        os.write(terminal, password)
        has_typed = True
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
