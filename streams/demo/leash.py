"""Runs a command that the kernel kills when its parent is gone, however the parent went (Linux only).

Used as a script: `python -IS leash.py PARENT COMMAND…`. The wish survives `exec`, so nothing but the command
remains, with the script's own pid. Doing this between fork and exec instead would be unsafe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before we asked
        sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
