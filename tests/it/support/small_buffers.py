"""A POP3 server that does one thing after the other, with sockets that hold as little as the system allows.

usage: small_buffers.py MESSAGES
Prints its port. While its answers are not read it reads no command. Ends with its standard input.
"""

import os
import socket
import sys
import threading

count = int(sys.argv[1])
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
listener.bind(("127.0.0.1", 0))
listener.listen()
print(listener.getsockname()[1], flush=True)
# Whoever started it ends it by closing its input.
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
numbers = range(1, count + 1)
TEXTS = {
    "CAPA": "+OK\r\nUSER\r\nTOP\r\nUIDL\r\nPIPELINING\r\n.\r\n",
    "STAT": f"+OK {count} {count}\r\n",
    "UIDL": "+OK\r\n" + "".join(f"{number} u{number}\r\n" for number in numbers) + ".\r\n",
    "LIST": "+OK\r\n" + "".join(f"{number} 1\r\n" for number in numbers) + ".\r\n",
}
while True:
    client, _ = listener.accept()
    client.sendall(b"+OK\r\n")
    commands = client.makefile("rb", buffering=64)
    for line in commands:
        verb, *arguments = line.decode().split()
        padding = "X-Padding: " + "x" * 1000 + "\r\n"
        top = f"+OK\r\nSubject: number {arguments[0]}\r\n{padding}\r\n.\r\n" if verb == "TOP" else "+OK\r\n"
        client.sendall(TEXTS.get(verb, top).encode())
        if verb == "QUIT":
            break
    client.close()
