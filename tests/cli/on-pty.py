# SPDX-License-Identifier: MIT
"""on-pty.py CHECK COMMAND...: runs a command on a pseudo-terminal and checks what it does to it."""
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
import time


def spawn(command, foreground=True):
    pid, fd = pty.fork()
    if pid:
        return pid, fd
    if foreground:
        os.execvp(command[0], command)
    # A job in the background of this terminal: a group that is not the foreground's.
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.execvp(command[0], command)
    # Whoever ends this process ends the job with it: nothing of a test stays behind.
    signal.signal(signal.SIGTERM, lambda *_: (os.kill(child, signal.SIGKILL), os._exit(0)))
    _, status = os.waitpid(child, os.WUNTRACED)
    os._exit(42 if os.WIFSTOPPED(status) else 43)


def read_until(fd, text, seconds=20):
    seen = b""
    end = time.time() + seconds
    while text not in seen and time.time() < end:
        try:
            seen += os.read(fd, 4096)
        except OSError:
            break
    assert text in seen, seen
    return seen


def main():
    check, command = sys.argv[1], sys.argv[2:]
    pid, fd = spawn(command, check != "background")
    before = termios.tcgetattr(fd)
    if check == "winsize":
        read_until(fd, b"ready")
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
        print(read_until(fd, b"33x99").decode())
    elif check == "modes":
        read_until(fd, b"raw")
        assert not termios.tcgetattr(fd)[3] & termios.ICANON, "the modes were not set"
    elif check == "modes-interrupted":
        read_until(fd, b"raw")
        for _ in range(2):
            os.kill(pid, signal.SIGINT)
            time.sleep(0.3)
    elif check == "typing":
        os.write(fd, b"one line\n")
        # Once as the terminal's echo, once from the program.
        read_until(fd, b"one line\r\none line")
        os.write(fd, b"\x04")
    elif check == "interrupt":
        read_until(fd, b"ready")
        os.write(fd, b"\x03")
    elif check == "background":
        # It does not read what nobody asks for, so no SIGTTIN stops it.
        read_until(fd, b"ready")
        assert os.waitpid(pid, os.WNOHANG)[0] == 0, "it was stopped"
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        return
    _, status = os.waitpid(pid, 0)
    if check.startswith("modes"):
        assert termios.tcgetattr(fd) == before, "the modes were not put back"
        want = 0 if check == "modes" else 130
    else:
        want = 130 if check == "interrupt" else 0
    assert os.waitstatus_to_exitcode(status) == want, status


main()
