"""Decodes subjects with the email package of Python, as a second opinion.

Each line of standard input is the body of one field in hexadecimal digits; standard output is a JSON array.
"""

import email
import email.header
import json
import sys


def decoded(body):
    value = email.message_from_bytes(b"Subject: " + body + b"\r\n\r\n")["Subject"]
    text = ""
    for part, charset in email.header.decode_header(value):
        if isinstance(part, bytes):
            try:
                part = part.decode((charset or "ascii").strip('"'), "replace")
            except (LookupError, UnicodeError):
                part = part.decode("ascii", "replace")
        text += part
    return text


def opinion(line):
    try:
        return decoded(bytes.fromhex(line))
    except Exception as error:  # the package raises many kinds
        return f"({type(error).__name__})"


json.dump([opinion(line) for line in sys.stdin], sys.stdout)
