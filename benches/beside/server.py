"""One private Dovecot on loopback: its own folders, high ports, in the clear, for measuring only."""

import os
import pwd
import re
import socket
import subprocess
import time

LEASH = 'PATH=$PATH:/usr/sbin; dovecot -F -c "$1" & server=$!; read -r _; kill "$server"; wait "$server"; rm -rf "$2"'
PASSWORD = "measured"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Dovecot:
    """Its folder lies on a tmpfs, so that serving never waits for the disk. A shell holds it on a
    leash: when this process ends, in whatever way, the shell's standard input ends, and it stops the
    server and removes the folder."""

    def __init__(self, folder, owner):
        self.folder, self.owner, self.port = folder, owner, free_port()
        os.mkdir(f"{folder}/mail")
        os.chown(f"{folder}/mail", *owner)
        with open(f"{folder}/dovecot.conf", "w") as file:
            file.write(self._configuration())
        with open(f"{folder}/stderr", "w") as stderr:
            self.leash = subprocess.Popen(
                ["/bin/sh", "-c", LEASH, "leash", f"{folder}/dovecot.conf", folder],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True)
        until = time.monotonic() + 20
        while not self._greets():
            if time.monotonic() > until:
                raise SystemExit("Dovecot does not start: " + self.log())
            time.sleep(0.05)

    def _greets(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as line:
                return line.recv(100).startswith(b"+OK")
        except OSError:
            return False

    def log(self):
        texts = []
        for name in ("stderr", "log"):
            if os.path.exists(f"{self.folder}/{name}"):
                with open(f"{self.folder}/{name}", errors="replace") as file:
                    texts.append(file.read())
        return "".join(texts)

    def last_session(self, user):
        """What that user's last session came to, once it is over: retrieved, and in the maildrop."""
        until = time.monotonic() + 5
        while True:
            found = re.findall(rf"pop3\({user}\).*retr=(\d+)/\d+, del=\d+/(\d+)", self.log())
            if found or time.monotonic() > until:
                return tuple(map(int, found[-1])) if found else (0, 0)
            time.sleep(0.05)

    def forget_log(self):
        if os.path.exists(f"{self.folder}/log"):
            os.truncate(f"{self.folder}/log", 0)

    def stop(self):
        self.leash.stdin.close()
        self.leash.wait(30)

    def _configuration(self):
        folder, (uid, gid) = self.folder, self.owner
        unprivileged = ""
        if os.geteuid() != 0:
            name = pwd.getpwuid(uid).pw_name
            unprivileged = f"""
default_internal_user = {name}
default_login_user = {name}
default_internal_group = {gid}
service anvil {{
  chroot =
}}
service pop3-login {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
        return f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = pop3
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 0
mail_fsync = never
default_vsz_limit = 4G
# Every tool finds the maildrop as the one before did.
pop3_no_flag_updates = yes
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = home={folder}/mail/%u
}}
service pop3-login {{
  process_min_avail = 1
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {self.port}
  }}
}}
{unprivileged}"""
