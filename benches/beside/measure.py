"""One run of one tool: from an empty place to a checked one."""

import os
import re
import shutil
import signal
import subprocess
import time

# Some hold a message in memory, ten times over: that may not take the machine down.
MEMORY = 4 << 30
FLUSHES = "fsync,fdatasync,syncfs,sync,sync_file_range,msync"


class Run:
    def __init__(self):
        self.seconds = self.cpu = self.peak = 0.0
        self.failure = None


class Ground:
    """Where tools run: a folder on some file system, and the user that everything belongs to."""

    def __init__(self, folder, owner, keeps):
        self.folder, self.owner, self.keeps, self.number = folder, owner, keeps, 0

    def fresh(self, kind):
        """A place for the mail and a home for the tool, both empty."""
        self.number += 1
        top = os.path.join(self.folder, f"run{self.number}")
        folders = [top, f"{top}/home"]
        place = f"{top}/inbox"
        if kind == "maildir":
            folders += [place, f"{place}/new", f"{place}/cur", f"{place}/tmp"]
        for folder in folders:
            os.mkdir(folder, 0o700)
            os.chown(folder, *self.owner)
        return top, place, f"{top}/home"

    def clear(self, top):
        """On a disk all stays until the end: where many files have just been deleted, ext4 searches long
        for an inode for each new one (it spares those deleted within seconds), at the next tool's expense."""
        if not self.keeps:
            clear(top)

    def give(self, folder):
        """What was prepared in a tool's home belongs to the user it runs as."""
        for name in os.listdir(folder):
            os.chown(os.path.join(folder, name), *self.owner)


def environment(home):
    return {"PATH": os.environ["PATH"] + ":/usr/sbin", "HOME": home, "XDG_STATE_HOME": f"{home}/state",
            "FETCHMAILHOME": home, "TMPDIR": home, "LANG": "C.UTF-8"}


def spawn(command, home, owner, output):
    """In a process group of its own; as another user where we are root."""
    user = {"user": owner[0], "group": owner[1], "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.Popen(command, cwd=home, env=environment(home), stdin=subprocess.DEVNULL, stdout=output,
                            stderr=subprocess.STDOUT, start_new_session=True, **user)


def finish(process, patience):
    """Waits, and ends what takes too long; returns the exit status (None: too long) and what it used."""
    until = time.monotonic() + patience
    pause = 0.0005
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        if time.monotonic() > until:
            os.killpg(process.pid, signal.SIGKILL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            return None, usage
        # Waiting costs no more than a thousandth of what is waited for.
        time.sleep(pause)
        pause = min(pause * 1.1, 0.01)


def timed(tool, job, ground, patience):
    """Elapsed and CPU time of the tool and all it started, and the peak memory of the largest of them."""
    run = Run()
    command = tool.command(job)
    ground.give(job.home)
    with open(f"{job.home}/output", "w+") as output:
        os.chown(output.fileno(), *ground.owner)
        # GNU time forks from a small process; forked from here, the tool would seem as large as Python.
        wrapped = ["/usr/bin/time", "--quiet", "-o", f"{job.home}/peak", "-f", "%M",
                   "prlimit", f"--as={MEMORY}", *command]
        begun = time.monotonic()
        status, usage = finish(spawn(wrapped, job.home, ground.owner, output), patience)
        run.seconds = time.monotonic() - begun
        run.cpu = usage.ru_utime + usage.ru_stime
        output.seek(0)
        said = " ".join(output.read(2000).split())
    if status is None:
        run.failure = f"took more than {patience:.0f} s {said[-160:]}"
    elif status not in tool.good:
        run.failure = f"exit status {status}: {said[-160:]}"
    else:
        with open(f"{job.home}/peak") as file:
            run.peak = int(file.read().split()[-1]) / 1024
    return run


def flushes(tool, job, ground, patience):
    """How often the tool flushed, in all its processes; None where that cannot be counted."""
    command = tool.command(job)
    ground.give(job.home)
    counts = f"{job.home}/flushes"
    traced = ["strace", "--seccomp-bpf", "-f", "-qq", "-c", "-U", "calls,name", "-e", FLUSHES, "-o", counts, *command]
    status, _ = finish(spawn(traced, job.home, ground.owner, subprocess.DEVNULL), patience)
    if status not in tool.good:
        return None
    with open(counts) as file:
        return sum(int(count) for count in re.findall(rf"(?m)^\s*(\d+)\s+(?:{FLUSHES.replace(',', '|')})\s*$", file.read()))


def clear(folder):
    shutil.rmtree(folder, ignore_errors=True)
