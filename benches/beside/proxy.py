"""A line with a round-trip time: what comes in on one side goes out on the other so much later.

Throughput is not limited: a thread takes octets in with the time they are due, another gives them out.
It counts the round trips that a client waited for. Each chunk has a generation: one from the server that of
the latest command that had reached it, one from the client one more than that of the latest answer it had
seen. So what is sent without waiting stays in its generation, and the highest one is the length of the chain.
"""

import collections
import os
import socket
import sys
import threading
import time

CHUNK = 1 << 18
IN_FLIGHT = 64 << 20


class Conversation:
    def __init__(self, upstream, client, one_way):
        self.one_way = one_way
        self.seen_by_client = self.seen_by_server = 0
        # Connecting costs a round trip, and the server knows of it half a one later.
        time.sleep(3 * one_way)
        server = socket.create_connection(upstream)
        for line in (client, server):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ways = [Way(client, server, one_way, self.from_client, self.to_server),
                Way(server, client, one_way, self.from_server, self.to_client)]
        for way in ways:
            way.join()
        client.close()
        server.close()

    def from_client(self):
        return self.seen_by_client + 1

    def to_server(self, generation):
        self.seen_by_server = max(self.seen_by_server, generation)

    def from_server(self):
        return self.seen_by_server

    def to_client(self, generation):
        self.seen_by_client = max(self.seen_by_client, generation)


class Way:
    def __init__(self, source, sink, one_way, stamp, arrived):
        self.source, self.sink, self.one_way = source, sink, one_way
        self.stamp, self.arrived = stamp, arrived
        self.queue, self.octets, self.changed = collections.deque(), 0, threading.Condition()
        self.threads = [threading.Thread(target=part, daemon=True) for part in (self.take, self.give)]
        for thread in self.threads:
            thread.start()

    def join(self):
        for thread in self.threads:
            thread.join()

    def take(self):
        data = b"-"
        while data:
            try:
                data = self.source.recv(CHUNK)
            except OSError:
                data = b""
            due = time.monotonic() + self.one_way
            with self.changed:
                while self.octets > IN_FLIGHT:
                    self.changed.wait()
                self.queue.append((due, self.stamp(), data))
                self.octets += len(data)
                self.changed.notify()

    def give(self):
        is_open = True
        while True:
            with self.changed:
                while not self.queue:
                    self.changed.wait()
                due, generation, data = self.queue.popleft()
                self.octets -= len(data)
                self.changed.notify()
            time.sleep(max(0, due - time.monotonic()))
            try:
                if not data:
                    self.sink.shutdown(socket.SHUT_WR)
                elif is_open:
                    self.arrived(generation)
                    self.sink.sendall(data)
            except OSError:
                # Who hung up is not to be waited for; the other side's octets are still taken in.
                is_open = False
            if not data:
                return


def serve(port, round_trip):
    """Prints its own port, then for each conversation its round trips. Ends with its standard input."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def watch():
        sys.stdin.read()
        os._exit(0)

    def converse(client):
        talk = Conversation(("127.0.0.1", port), client, round_trip / 2)
        # What connecting took, and the greeting, came before the first command.
        print(talk.seen_by_server + 2, flush=True)

    threading.Thread(target=watch, daemon=True).start()
    while True:
        client, _ = listener.accept()
        threading.Thread(target=converse, args=(client,), daemon=True).start()


if __name__ == "__main__":
    serve(int(sys.argv[1]), float(sys.argv[2]))
