"""Messages for a maildrop, and the check that a tool brought all of them in, whole."""

import hashlib
import os
import re

WORDS = ("the mail that nobody lost came in the night and stood where it had been promised "
         "From every server it was asked for once >From here on it is safe").split()
BIG = 64 << 20
BORDER = b"\nFrom "


def body(number, octets):
    """Text of about so many octets on the wire: lines of differing length, some with a dot in front,
    some that begin with "From "."""
    lines, left, at = [], octets, number
    while left > 0:
        line = " ".join(WORDS[(at + step) % len(WORDS)] for step in range(6 + at % 7))
        if at % 23 == 0:
            line = "." + line
        line = line[: max(0, left - 2)]
        lines.append(line)
        left -= len(line) + 2
        at += 1
    return "\n".join(lines) + "\n"


def header(number):
    return (
        f"Return-Path: <sender{number % 97}@example.org>\n"
        f"Received: from out.example.org (out.example.org [192.0.2.{number % 250}])\n"
        f"\tby mx.example.net with ESMTPS id {number:08X}; Tue, 14 Nov 2023 22:13:20 +0000\n"
        f"Message-ID: <{number}.bench@example.org>\n"
        f"Date: Tue, 14 Nov 2023 22:13:{number % 60:02} +0000\n"
        f"From: Sender {number % 97} <sender{number % 97}@example.org>\n"
        f"To: bench@example.net\n"
        f"Subject: message {number} of a measurement\n"
        f"X-Bench: {number}\n"
        f"MIME-Version: 1.0\n"
        f"Content-Type: text/plain; charset=us-ascii\n\n"
    )


def digest(text):
    return hashlib.blake2b(text.rstrip(b"\n"), digest_size=12).digest()


def unquote(text):
    """Without the quoting of an mbox, which the tools do in two ways."""
    return re.sub(rb"(?m)^>+From ", b"From ", text)


class Maildrop:
    """One user of the server, with `count` messages of `octets` octets on the wire each."""

    def __init__(self, user, folder, count, octets, owner):
        self.user, self.folder, self.count = user, folder, count
        self.digests = [b""]
        for name in ("", "new", "cur", "tmp"):
            os.mkdir(os.path.join(folder, name))
            os.chown(os.path.join(folder, name), *owner)
        # A few different bodies serve many messages: making them must not take longer than measuring.
        pool = {}
        for number in range(1, count + 1):
            kind = number % 50
            top = header(number)
            if octets >= BIG:
                self._write_big(number, top, octets, owner)
                continue
            if kind not in pool:
                text = body(kind, octets - len(top) - top.count("\n"))
                pool[kind] = (text, digest(unquote(text.encode())))
            text, known = pool[kind]
            self.digests.append(known)
            with self._open(number, len(top) + len(text), top.count("\n") + text.count("\n"), owner) as file:
                file.write((top + text).encode())

    def _open(self, number, size, lines, owner):
        """The sizes in the name spare the server a look into each file before it can answer LIST."""
        name = f"1700000000.M{number:06}P1.bench,S={size},W={size + lines}:2,"
        path = os.path.join(self.folder, "cur", name)
        file = open(path, "wb")
        os.chown(path, *owner)
        return file

    def _write_big(self, number, top, octets, owner):
        line = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\n"
        block = line * 16384
        blocks = max(1, octets // (len(block) + 16384))
        lines = top.count("\n") + blocks * 16384
        sink = hashlib.blake2b(digest_size=12)
        with self._open(number, len(top) + blocks * len(block), lines, owner) as file:
            file.write(top.encode())
            for at in range(blocks):
                file.write(block)
                sink.update(block if at + 1 < blocks else block.rstrip(b"\n"))
        self.digests.append(sink.digest())

    def check(self, kind, place):
        """Says what is wrong with what a tool delivered, or nothing."""
        if kind == "none":
            return None
        seen = set()
        try:
            for text in (from_maildir if kind == "maildir" else from_mbox)(place):
                number, found = text
                if not 1 <= number <= self.count:
                    return "a message that is none of ours"
                if number in seen:
                    return f"message {number} twice"
                if found != self.digests[number]:
                    return f"message {number} is not what was sent"
                seen.add(number)
        except OSError as error:
            return str(error)
        return None if len(seen) == self.count else f"{len(seen)} of {self.count} messages"


def number_of(top):
    found = re.search(rb"(?m)^X-Bench: (\d+)\r?$", top)
    return int(found[1]) if found else 0


def from_maildir(place):
    for folder in ("new", "cur"):
        with os.scandir(os.path.join(place, folder)) as entries:
            for entry in entries:
                if entry.stat().st_size >= BIG:
                    yield from_big(entry.path)
                    continue
                with open(entry.path, "rb") as file:
                    text = file.read().replace(b"\r\n", b"\n")
                top, _, rest = text.partition(b"\n\n")
                yield number_of(top), digest(unquote(rest))


def from_big(path):
    sink = hashlib.blake2b(digest_size=12)
    with open(path, "rb") as file:
        start = file.read(65536).replace(b"\r\n", b"\n")
        top, _, rest = start.partition(b"\n\n")
        held = b""
        while rest:
            rest = (held + rest).replace(b"\r\n", b"\n")
            kept = rest.rstrip(b"\r\n")
            held = rest[len(kept):]
            sink.update(kept)
            rest = file.read(1 << 20)
    return number_of(top), sink.digest()


def from_mbox(place):
    with open(place, "rb") as file:
        text = file.read()
    for part in (b"\n" + text).split(BORDER)[1:]:
        _, _, message = part.partition(b"\n")
        top, _, rest = message.partition(b"\n\n")
        yield number_of(top), digest(unquote(rest))
