"""usage: terminal.py ROWS COLUMNS COMMAND: runs a command line of bash on a terminal of that size and prints what it shows."""
import fcntl, os, pty, struct, sys, termios

pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", int(sys.argv[1]), int(sys.argv[2]), 0, 0))
    os.execvp("bash", ["bash", "-c", sys.argv[3]])
try:
    while data := os.read(master, 65536):
        sys.stdout.buffer.write(data)
except OSError:
    pass  # the last process has left the terminal
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
