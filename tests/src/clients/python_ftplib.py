"""Carries files with Python's ftplib, as the JSON on standard input says."""

import ftplib
import json
import os
import socket
import sys

order = json.load(sys.stdin)
ftp = ftplib.FTP(timeout=30)
ftp.connect(order["host"], order["port"])
ftp.login(order["user"], order["password"])
ftp.voidcmd("TYPE I")
ftp.set_pasv(order["passive"])
if order["extended"]:
    # ftplib chooses EPSV and EPRT by this alone.
    ftp.af = socket.AF_INET6
    if not order["passive"] and ":" not in order["host"]:
        ftp.sendeprt = lambda host, port: ftp.voidcmd(f"EPRT |1|{host}|{port}|")
        def makeport():
            listener = socket.create_server((order["host"], 0), backlog=1)
            listener.settimeout(ftp.timeout)
            ftp.sendeprt(*listener.getsockname()[:2])
            return listener
        ftp.makeport = makeport

for folder in order["folders"]:
    ftp.mkd(folder)
for job in order["jobs"]:
    local, remote = job["local"], job["remote"]
    if order["way"] == "put":
        rest = ftp.size(remote) if job["rest"] else None
        with open(local, "rb") as source:
            source.seek(rest or 0)
            ftp.storbinary("STOR " + remote, source, blocksize=1 << 18, rest=rest)
    else:
        rest = os.path.getsize(local) if job["rest"] else None
        with open(local, "ab" if rest else "wb") as sink:
            ftp.retrbinary("RETR " + remote, sink.write, blocksize=1 << 18, rest=rest)
ftp.quit()
