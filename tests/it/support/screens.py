"""Runs a program with standard output and standard error on a terminal of its own each, with so many columns.

usage: screens.py COLUMNS PROGRAM ARGUMENT…
Standard input is empty. What each of the two shows goes to standard output and standard error.
"""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading


def screen():
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, int(sys.argv[1]), 0, 0))
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.ONLCR  # lines end as the program writes them
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    return master, slave


def copy(master, to):
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:
            return
        if not chunk:
            return
        while chunk:
            chunk = chunk[os.write(to, chunk) :]


(out, out_slave), (err, err_slave) = screen(), screen()
process = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=out_slave, stderr=err_slave)
os.close(out_slave)
os.close(err_slave)
copies = [threading.Thread(target=copy, args=pair) for pair in ((out, 1), (err, 2))]
for thread in copies:
    thread.start()
for thread in copies:
    thread.join()
sys.exit(process.wait())
