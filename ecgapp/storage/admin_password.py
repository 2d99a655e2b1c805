"""The administrator's password: a scrypt hash on disk, and a pause after too many wrong tries.

The password is chosen once, from the machine that the app runs on. A user who may write to
``settings.home`` may also delete ``admin.json`` and choose a new one: that is the way back
for an administrator who forgot it.
"""

import hashlib
import hmac
import ipaddress
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.errors import AccessError, ConfigError
from ecgapp.storage import documents
from ecgapp.storage.files import write_atomically

MINIMUM_LENGTH = 8  # characters
MAXIMUM_LENGTH = 256  # characters; scrypt would take any, a server should not
FREE_TRIES = 5
COST, BLOCK = 2**15, 8  # scrypt: 128 x cost x block bytes of memory, 32 MiB, and about 0.1 s
PAUSE = 60.0  # s after the fifth wrong try, and after each further one

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip", "x-forwarded-host", "via")
_LOCK = threading.Lock()  # sessions are threads of one process: tries are counted one by one


@dataclass(frozen=True)
class PasswordHash:
    """The salt and key of scrypt in hex, with its cost, so that the cost may grow later."""

    salt: str
    key: str
    cost: int
    block: int

    def matches(self, password: str) -> bool:
        """Whether ``password`` gives this key; compared in constant time."""
        key = _derive(password, bytes.fromhex(self.salt), self.cost, self.block)
        return hmac.compare_digest(key, bytes.fromhex(self.key))


@dataclass(frozen=True)
class Tries:
    """Wrong passwords since the last right one, and when the last was (seconds since 1970)."""

    wrong: int = 0
    last: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next try is allowed; a clock that was set back does not lock anyone out."""
        elapsed = now - self.last
        return PAUSE - elapsed if self.wrong >= FREE_TRIES and 0 <= elapsed < PAUSE else 0.0


def is_password_set(settings: Settings) -> bool:
    """Whether an administrator has chosen a password on this machine."""
    return _password_file(settings).is_file()


def set_password(settings: Settings, password: str) -> str:
    """Store the first password, readable by this user only; returns the pass of ``check_password``.

    Raises:
        AccessError: there is one already, or this one is too short or too long.
    """
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH:
        raise AccessError(f"Choose a password of {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters.")
    with _LOCK:
        if is_password_set(settings):
            raise AccessError("A password was already set. Sign in with it.")
        salt = secrets.token_bytes(16)
        hashed = PasswordHash(salt.hex(), _derive(password, salt, COST, BLOCK).hex(), COST, BLOCK)
        write_atomically(_password_file(settings), documents.dump(hashed).encode())
        return _pass_of(hashed)


def check_password(settings: Settings, password: str, clock: Callable[[], float] = time.time) -> str:
    """A pass that ``is_valid_pass`` knows, where ``password`` is right.

    Raises:
        AccessError: it is wrong, or must wait after five wrong tries; then it is not even looked at.
    """
    with _LOCK:
        path = _tries_file(settings)
        tries = documents.load(Tries, path.read_text(encoding="utf-8")) if path.is_file() else Tries()
        wait = tries.wait(clock())
        if wait > 0:
            raise AccessError(f"Too many wrong passwords. Try again in {wait:.0f} seconds.")
        hashed = _read_hash(settings)
        if hashed is None or not hashed.matches(password[: MAXIMUM_LENGTH + 1]):
            _write_tries(settings, Tries(tries.wrong + 1, clock()))
            raise AccessError("This password is wrong.")
        _write_tries(settings, Tries())
        return _pass_of(hashed)


def is_valid_pass(settings: Settings, granted: str) -> bool:
    """Whether ``granted`` came from the password that is in force now."""
    hashed = _read_hash(settings)
    return hashed is not None and hmac.compare_digest(_pass_of(hashed), granted)


def is_same_machine(address: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a browser runs on this machine: loopback address, local host name, no proxy between.

    ``address`` None means loopback, as Streamlit reports it.
    """
    names = {name.lower(): value for name, value in headers.items()}
    if any(name in names for name in _PROXY_HEADERS):
        return False
    host = names.get("host", "")
    name = host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]
    if name.lower() not in _LOCAL_HOSTS:
        return False
    return address is None or _is_loopback(address)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _derive(password: str, salt: bytes, cost: int, block: int) -> bytes:
    """The key by scrypt (Percival 2009, RFC 7914)."""
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=block, p=1, maxmem=256 * cost * block, dklen=32
    )


def _pass_of(hashed: PasswordHash) -> str:
    return hashlib.sha256(hashed.key.encode()).hexdigest()


def _password_file(settings: Settings) -> Path:
    return settings.home / "admin.json"


def _tries_file(settings: Settings) -> Path:
    return settings.home / "admin-tries.json"


def _read_hash(settings: Settings) -> PasswordHash | None:
    try:
        text = _password_file(settings).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return documents.load(PasswordHash, text)
    except ConfigError as error:
        raise AccessError(
            "The stored password is damaged. Delete admin.json and choose a new one."
        ) from error


def _write_tries(settings: Settings, tries: Tries) -> None:
    write_atomically(_tries_file(settings), documents.dump(tries).encode())
