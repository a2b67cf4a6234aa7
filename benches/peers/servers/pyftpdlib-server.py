"""pyftpdlib with one user, whose password is hashed as that of the other servers' users."""

import ctypes
import logging
import os

from pyftpdlib.authorizers import AuthenticationFailed, DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

crypt = ctypes.CDLL("libcrypt.so.1").crypt
crypt.restype = ctypes.c_char_p
HASH = os.environ["HASH"].encode()


class Authorizer(DummyAuthorizer):
    def validate_authentication(self, username, password, handler):
        if username != "bench" or crypt(password.encode(), HASH) != HASH:
            raise AuthenticationFailed("wrong user or password")


class Handler(FTPHandler):
    authorizer = Authorizer()


Handler.authorizer.add_user("bench", "", os.environ["FILES"], perm="elradfmwMT")
logging.basicConfig(level=logging.WARNING)
server = FTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler, backlog=1000)
server.serve_forever()
