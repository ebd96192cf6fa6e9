"""Runs a program on a terminal of its own, and types there what a person would.

usage: typing.py PROGRAM ARGUMENT…
Each line of standard input is TEXT, a tab, and KEYS: when the terminal has shown TEXT (after what was waited for
before), KEYS and Enter are typed; `^D` alone is the end of input, and no KEYS types nothing. What the terminal shows
goes to standard output; the exit code is the program's.
"""

import os
import pty
import select
import signal
import sys
import termios
import time

steps = [line.rstrip("\n").split("\t") for line in sys.stdin]
process, terminal = pty.fork()
if process == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown, seen = b"", 0
patience = time.monotonic() + 60
while True:
    while steps and (at := shown.find(steps[0][0].encode(), seen)) >= 0:
        # A line editor sees ^D only once it has taken the terminal over: before that it would be lost.
        if steps[0][1] == "^D" and termios.tcgetattr(terminal)[3] & termios.ICANON:
            break
        text, keys = steps.pop(0)
        seen = at + len(text.encode())
        if keys:
            os.write(terminal, b"\x04" if keys == "^D" else keys.encode() + b"\r")
    if time.monotonic() > patience:
        os.kill(process, signal.SIGKILL)
        sys.exit(f"waited in vain for {steps[:1]} in {shown!r}")
    if select.select([terminal], [], [], 0.05)[0]:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
        os.write(1, chunk)
code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
if steps:
    sys.exit(f"never shown: {steps}")
sys.exit(code)
