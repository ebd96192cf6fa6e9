"""The programs side by side, each with the least configuration that lets it do the same work: bring every
message of a maildrop in, leave it on the server, know it again next time."""

import os
import poplib

from server import PASSWORD

PACKAGES = {
    "mpop": "mpop", "fetchmail": "fetchmail", "getmail": "getmail6", "fdm": "fdm", "curl": "curl",
    "dovecot": "dovecot-core", "prlimit": "util-linux", "/usr/lib/dovecot/pop3": "dovecot-pop3d", "strace": "strace",
    "/usr/bin/time": "time",
}


GETMAIL = """
import os, runpy
from getmailcore.baseclasses import ForkingBase
ForkingBase._prepare_child = lambda self: None
ForkingBase._wait_for_child = lambda self, pid: os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
runpy.run_path("/usr/bin/getmail", run_name="__main__")
"""


class Job:
    """Who fetches from where to where: `kind` is maildir, mbox or none; `home` is the tool's own folder."""

    def __init__(self, port, maildrop, kind, place, home, binaries):
        self.port, self.maildrop, self.user = port, maildrop, maildrop.user
        self.kind, self.place, self.home, self.binaries = kind, place, home, binaries

    def file(self, name, text):
        path = os.path.join(self.home, name)
        with open(path, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(text)
        return path


def unique_ids(job):
    session = poplib.POP3("127.0.0.1", job.port, 60)
    session.user(job.user)
    session.pass_(PASSWORD)
    listed = [line.split()[1].decode() for line in session.uidl()[1]]
    session.quit()
    return listed


def pop3(job, binary="pop3"):
    secret = job.file("secret", PASSWORD + "\n")
    return [job.binaries[binary], "fetch", "--server", f"pop3://{job.user}@127.0.0.1:{job.port}",
            "--tls", "none", "--to", f"{job.kind}:{job.place}", "--password-file", secret]


def mpop(job):
    return ["mpop", "-q", "-C", job.file("mpoprc", f"""
account default
host 127.0.0.1
port {job.port}
user {job.user}
password {PASSWORD}
auth plain
tls off
keep on
received_header off
uidls_file {job.home}/uidls
delivery {job.kind} {job.place}
""")]


def fetchmail(job):
    """It hands each message to a program. Of those that make a Maildir this is as cheap as can be: the shell
    becomes cat, which writes the file in its place, and nothing is flushed."""
    return ["fetchmail", "--nodetach", "--silent", "-f", job.file("fetchmailrc", f"""
set invisible
set no bouncemail
set idfile "{job.home}/fetchids"
set pidfile "{job.home}/fetchmail.pid"
poll 127.0.0.1 with proto pop3 port {job.port} uidl auth password
  user "{job.user}" there with password "{PASSWORD}" is "bench" here keep sslproto "" no rewrite
  mda "set -C; exec cat >{job.place}/new/m$$"
""")]


def getmail(job):
    """It forks for each message, and sooner or later misses a child's end and gives up: "waiting child pid …
    timed out", after 1 to 500 messages here. So that it can be measured at all, its waiting is mended."""
    if job.kind == "mbox":
        open(job.place, "a").close()
    destination = {"maildir": f"type = Maildir\npath = {job.place}/", "mbox": f"type = Mboxrd\npath = {job.place}"}
    return ["/usr/bin/python3", "-c", GETMAIL, "--getmaildir", job.home, "--rcfile", job.file("getmailrc", f"""
[retriever]
type = SimplePOP3Retriever
server = 127.0.0.1
port = {job.port}
username = {job.user}
password = {PASSWORD}
timeout = 300
[destination]
{destination[job.kind]}
[options]
read_all = false
delete = false
verbose = 0
delivered_to = false
received = false
""")]


def fdm(job):
    return ["fdm", "-q", "-f", job.file("fdm.conf", f"""
set lock-types fcntl
set lock-file "{job.home}/fdm.lock"
set maximum-size 1G
set no-received
account "bench" pop3 server "127.0.0.1" port {job.port} user "{job.user}" pass "{PASSWORD}" new-only cache "{job.home}/cache" keep
action "in" {job.kind} "{job.place}"
match all action "in"
"""), "fetch"]


def curl(job):
    """Knows no message again, so it is told the numbers; its files keep the CRLF of the wire."""
    return ["curl", "--silent", "--show-error", "--fail", "--user", f"{job.user}:{PASSWORD}",
            f"pop3://127.0.0.1:{job.port}/[1-{job.maildrop.count}]", "--output", f"{job.place}/new/m#1"]


def limit(job):
    return [job.binaries["limit"], f"127.0.0.1:{job.port}", job.user, PASSWORD]


def fetchmail_knows(job, unique_ids):
    job.file("fetchids", "".join(f"{job.user}@127.0.0.1 {unique_id}\n" for unique_id in unique_ids))


def getmail_knows(job, unique_ids):
    job.file(f"oldmail-127.0.0.1-{job.port}-{job.user}",
             "".join(f"{unique_id}\0{1_700_000_000}\n" for unique_id in unique_ids))


class Tool:
    """`kinds` are what it can deliver into, `again` whether it can be asked for what is new; `knows` writes
    its list of what it has fetched, for those to which fetching very much would take too long."""

    def __init__(self, name, command, kinds=("maildir", "mbox"), again=True, good=(0,), knows=None):
        self.name, self.command, self.kinds, self.again = name, command, kinds, again
        self.good, self.knows = good, knows


TOOLS = [
    Tool("pop3", pop3),
    Tool("mpop", mpop),
    Tool("fetchmail", fetchmail, ("maildir",), good=(0, 1), knows=fetchmail_knows),  # 1: nothing new
    Tool("getmail6", getmail, knows=getmail_knows),
    Tool("fdm", fdm),
    Tool("curl", curl, ("maildir",), again=False),
    Tool("limit", limit, ("maildir", "mbox"), again=False),
]


def another(name):
    """A second build of pop3, to be compared with the first."""
    return Tool(name, lambda job: pop3(job, name))
