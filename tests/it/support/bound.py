"""A POP3 server of a few verbs over TLS, whose SCRAM is that of the Cyrus SASL library (libsasl2), with
the TLS line's tls-server-end-point given to it: no POP3 server in Debian binds to that one.

usage: bound.py CERTIFICATE KEY FOLDER USER PASSWORD TLS MECHANISMS BINDING
TLS is 1.2 or 1.3, MECHANISMS what CAPA announces, BINDING `own` or `other` (as somebody in between has).
Prints its port. Ends when standard input does.
"""

import base64
import ctypes
import hashlib
import os
import socket
import ssl
import sys
import threading

certificate, key, folder, user, password, tls, mechanisms, binding = sys.argv[1:]

LIST_END, GETOPT, CHANNEL_BINDING, SET_CREATE = 0, 1, 21, 1
OK, CONTINUE = 0, 1
sasl = ctypes.CDLL("libsasl2.so.2")
options = {
    b"pwcheck_method": b"auxprop",
    b"auxprop_plugin": b"sasldb",
    b"sasldb_path": os.path.join(folder, "sasldb2").encode(),
    b"mech_list": b"SCRAM-SHA-256 SCRAM-SHA-1",
    b"log_level": b"0",
}
Getopt = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p,
    ctypes.POINTER(ctypes.c_char_p), ctypes.POINTER(ctypes.c_uint),
)


@Getopt
def getopt(_context, _plugin, option, result, length):
    value = options.get(option)
    if value is None:
        return -1
    result[0] = value
    if length:
        length[0] = len(value)
    return OK


class Callback(ctypes.Structure):
    _fields_ = [("id", ctypes.c_ulong), ("proc", ctypes.c_void_p), ("context", ctypes.c_void_p)]


class ChannelBinding(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p), ("critical", ctypes.c_int),
        ("len", ctypes.c_ulong), ("data", ctypes.c_char_p),
    ]


callbacks = (Callback * 2)(
    Callback(GETOPT, ctypes.cast(getopt, ctypes.c_void_p), None), Callback(LIST_END, None, None)
)
must = lambda code: code == OK or sys.exit(f"libsasl2 fails with {code}")
must(sasl.sasl_server_init(callbacks, b"bound"))


def conversation():
    handle = ctypes.c_void_p()
    must(sasl.sasl_server_new(b"pop", b"localhost", b"localhost", None, None, None, 0, ctypes.byref(handle)))
    return handle


setter = conversation()
secret = password.encode()
must(sasl.sasl_setpass(setter, user.encode(), secret, len(secret), None, 0, SET_CREATE))

# RFC 5929 section 4.1: the hash of the certificate's signature, here SHA-256.
with open(certificate) as file:
    der = ssl.PEM_cert_to_DER_cert(file.read())
end_point = hashlib.sha256(der if binding == "own" else b"another certificate").digest()


def serve(stream):
    say = lambda line: stream.write(line + b"\r\n")
    say(b"+OK ready")
    for line in iter(stream.readline, b""):
        words = line.split()
        verb = words[0].upper() if words else b""
        if verb == b"CAPA":
            say(b"+OK\r\nSASL " + mechanisms.encode() + b"\r\n.")
        elif verb == b"AUTH" and len(words) in (2, 3):
            authenticate(stream, say, words[1], base64.b64decode(words[2]) if len(words) == 3 else None)
        elif verb in (b"STAT", b"UIDL", b"LIST"):
            say(b"+OK 0 0" if verb == b"STAT" else b"+OK\r\n.")
        elif verb == b"QUIT":
            say(b"+OK")
            return
        else:
            say(b"-ERR not here")


def authenticate(stream, say, mechanism, response):
    handle, out, length = conversation(), ctypes.c_void_p(), ctypes.c_uint()
    bound = ChannelBinding(b"tls-server-end-point", 0, len(end_point), end_point)
    must(sasl.sasl_setprop(handle, CHANNEL_BINDING, ctypes.byref(bound)))
    code = sasl.sasl_server_start(
        handle, mechanism, response, len(response or b""), ctypes.byref(out), ctypes.byref(length)
    )
    while code == CONTINUE:
        challenge = ctypes.string_at(out, length.value) if out else b""
        say(b"+ " + base64.b64encode(challenge))
        line = stream.readline().strip()
        if line == b"*":
            say(b"-ERR cancelled")
            return
        response = base64.b64decode(line)
        code = sasl.sasl_server_step(handle, response, len(response), ctypes.byref(out), ctypes.byref(length))
    sasl.sasl_dispose(ctypes.byref(handle))
    say(b"+OK signed in" if code == OK else f"-ERR [AUTH] libsasl2 says {code}".encode())


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[tls]
context.minimum_version = context.maximum_version = version
listener = socket.create_server(("127.0.0.1", 0))


def listen():
    while True:
        line, _ = listener.accept()
        try:
            with context.wrap_socket(line, server_side=True) as secured:
                secured.settimeout(30)
                with secured.makefile("rwb", buffering=0) as stream:
                    serve(stream)
        except OSError:
            pass  # the client's to notice


threading.Thread(target=listen, daemon=True).start()
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
