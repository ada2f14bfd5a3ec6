"""A small TCP proxy that does harm when told to: delays answers, cuts them in the middle, refuses connections.

It looks at no byte. An answer is whatever comes back from the far side: when that begins, the far side has stored what
it was sent, so a cut there is a message that was taken and whose sender never hears of it.
"""

import contextlib
import random
import selectors
import socket
import struct
import threading
from dataclasses import dataclass, field

PIECE = 65536
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: the other side meets a reset, not an end


@dataclass(slots=True)
class Harm:
    """What is done to answers: held back by so many seconds (least, most), and the share of them that is cut."""

    delay: tuple[float, float] = (0.0, 0.0)
    cuts: float = 0.0


@dataclass(slots=True)
class Proxy:
    """Passes connections on to a port of loopback from one of its own, which stays the same."""

    to: int
    port: int
    seed: int
    harm: Harm = field(default_factory=Harm)
    #: Answers that were cut since it was made.
    cut: int = 0
    _random: random.Random = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _listener: socket.socket | None = None
    _open: set[socket.socket] = field(default_factory=set)
    _calm: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def listen(self) -> None:
        """Take connections from now on. Nothing changes if it does already."""
        if self._listener is None:
            listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
            self._listener = listener
            threading.Thread(target=self._accept, args=(listener,), name="proxy", daemon=True).start()

    def refuse(self) -> None:
        """Refuse connections until `listen`, and break those there are."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts; close alone does not
            listener.close()
        with self._lock:
            for one in self._open:
                _break(one)  # the thread that serves it closes it

    def hurt(self, harm: Harm) -> None:
        """Do this harm to answers from now on."""
        self._calm.clear()
        self.harm = harm

    def calm(self) -> None:
        """Do no harm: take connections, pass everything on, also what is being held back."""
        self.harm = Harm()
        self._calm.set()
        self.listen()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), name="proxied", daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self.to), timeout=5)
        except OSError:
            _break(near)
            near.close()
            return
        far.settimeout(None)
        with self._lock:
            self._open |= {near, far}
        try:
            self._pass_on(near, far)
        except OSError:
            _break(near)
        finally:
            with self._lock:
                self._open -= {near, far}
            near.close()
            far.close()

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        """Bytes both ways until one side ends or an answer is cut."""
        with selectors.DefaultSelector() as selector:
            for one in (near, far):
                selector.register(one, selectors.EVENT_READ, one)
            while True:
                for key, _ in selector.select():
                    heard: socket.socket = key.data
                    piece = heard.recv(PIECE)
                    if not piece:
                        return
                    if heard is near:
                        far.sendall(piece)
                    elif not self._answer(near, piece):
                        return

    def _answer(self, near: socket.socket, piece: bytes) -> bool:
        """Pass a piece of an answer on, late or in part; whether the connection goes on."""
        with self._lock:
            harm = self.harm
            seconds, cut = self._random.uniform(*harm.delay), self._random.random() < harm.cuts
            most = self._random.randrange(len(piece))
            self.cut += cut
        if seconds:
            self._calm.wait(seconds)
        if cut:
            near.sendall(piece[:most])
            _break(near)
            return False
        near.sendall(piece)
        return True


def _break(one: socket.socket) -> None:
    """Break a connection so that both sides notice at once."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        one.shutdown(socket.SHUT_RDWR)
