"""The proxy does what the tests under fire rely on: passes on, holds back, cuts after the far side had it, refuses."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from launcher import ports
from tests.faults.proxy import Harm, Proxy


class Echo:
    """A far side that answers what it is sent, and remembers it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(one,), daemon=True).start()

    def _answer(self, one: socket.socket) -> None:
        with one:
            while piece := one.recv(65536):
                self.heard.append(piece)
                one.sendall(piece)


@pytest.fixture
def far() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.listener.close()


@pytest.fixture
def proxy(far: Echo) -> Iterator[Proxy]:
    made = Proxy(far.port, ports.pick(set()), seed=1)
    made.listen()
    yield made
    made.refuse()


def near(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def until_broken(one: socket.socket) -> bytes:
    """What still comes before the connection ends, which it must within its time-out."""
    heard = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := one.recv(100):
            heard += piece
    return heard


def test_it_passes_everything_on(proxy: Proxy) -> None:
    with near(proxy) as one:
        for word in (b"hello", b"again"):
            one.sendall(word)
            assert one.recv(100) == word


def test_a_cut_comes_after_the_far_side_had_all_of_it(proxy: Proxy, far: Echo) -> None:
    proxy.hurt(Harm(cuts=1.0))
    with near(proxy) as one:
        one.sendall(b"a message")
        heard = until_broken(one)
    assert far.heard == [b"a message"]
    assert heard != b"a message"
    assert proxy.cut == 1
    proxy.calm()
    with near(proxy) as one:
        one.sendall(b"fine")
        assert one.recv(100) == b"fine"


def test_an_answer_is_held_back_until_calm(proxy: Proxy, far: Echo) -> None:
    proxy.hurt(Harm(delay=(60, 60)))
    with near(proxy) as one:
        one.sendall(b"slow")
        one.settimeout(0.3)
        with pytest.raises(TimeoutError):
            one.recv(100)
        assert far.heard == [b"slow"]
        proxy.calm()
        one.settimeout(5)
        assert one.recv(100) == b"slow"


def test_it_refuses_breaks_what_is_open_and_comes_back_at_the_same_port(proxy: Proxy) -> None:
    with near(proxy) as one:
        one.sendall(b"x")
        assert one.recv(1) == b"x"
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            near(proxy)
        assert until_broken(one) == b""
    proxy.calm()
    with near(proxy) as one:
        one.sendall(b"y")
        assert one.recv(1) == b"y"


def test_a_far_side_that_is_not_there_breaks_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    proxy = Proxy(port, ports.pick({port}), seed=1)
    proxy.listen()
    began = time.monotonic()
    # Some kernels tell of the break while the connection is still being opened.
    with contextlib.suppress(ConnectionResetError, BrokenPipeError), near(proxy) as one:
        assert until_broken(one) == b""
    assert time.monotonic() - began < 5
    proxy.refuse()
