"""The administrator's password: who may set it, how it is kept, what a wrong try costs."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from ecgapp.config import Settings
from ecgapp.errors import AccessError
from ecgapp.storage import admin_password

PASSWORD = "correct horse"


DELIBERATE_COST = admin_password.COST


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch):
    monkeypatch.setattr(admin_password, "COST", 2**8)


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path)


def wrong_tries(settings, times, now=0.0):
    for _ in range(times):
        with pytest.raises(AccessError, match="wrong"):
            admin_password.check_password(settings, "not this one", lambda: now)


def test_the_password_is_asked_for_only_once_it_is_set(settings):
    assert not admin_password.is_password_set(settings)
    admin_password.set_password(settings, PASSWORD)
    assert admin_password.is_password_set(settings)


def test_the_right_password_gives_a_pass_and_a_wrong_one_does_not(settings):
    granted = admin_password.set_password(settings, PASSWORD)
    assert admin_password.check_password(settings, PASSWORD) == granted
    assert admin_password.is_valid_pass(settings, granted)
    assert not admin_password.is_valid_pass(settings, "0" * 64)
    wrong_tries(settings, 1)


def test_the_file_is_private_and_holds_neither_the_password_nor_the_pass(settings):
    granted = admin_password.set_password(settings, PASSWORD)
    path = settings.home / "admin.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text()
    assert granted not in path.read_text()


def test_the_same_password_gives_another_hash_on_another_machine(tmp_path):
    homes = [Settings(tmp_path / name) for name in "ab"]
    passes = {admin_password.set_password(home, PASSWORD) for home in homes}
    assert len(passes) == 2


def test_a_password_is_set_only_once(settings):
    admin_password.set_password(settings, PASSWORD)
    with pytest.raises(AccessError, match="already"):
        admin_password.set_password(settings, "another one")
    admin_password.check_password(settings, PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "x" * 300])
def test_a_password_too_short_or_too_long_is_refused(settings, password):
    with pytest.raises(AccessError, match="characters"):
        admin_password.set_password(settings, password)
    assert not admin_password.is_password_set(settings)


def test_after_five_wrong_tries_even_the_right_password_must_wait_a_minute(settings):
    admin_password.set_password(settings, PASSWORD)
    wrong_tries(settings, 5, now=1000.0)
    with pytest.raises(AccessError, match="again in 30 seconds"):
        admin_password.check_password(settings, PASSWORD, lambda: 1030.0)
    admin_password.check_password(settings, PASSWORD, lambda: 1061.0)


def test_each_further_wrong_try_costs_another_minute(settings):
    admin_password.set_password(settings, PASSWORD)
    wrong_tries(settings, 5, now=1000.0)
    wrong_tries(settings, 1, now=1061.0)
    with pytest.raises(AccessError, match="again in"):
        admin_password.check_password(settings, PASSWORD, lambda: 1100.0)


def test_the_right_password_forgets_the_wrong_tries_before_it(settings):
    granted = admin_password.set_password(settings, PASSWORD)
    wrong_tries(settings, 4)
    assert admin_password.check_password(settings, PASSWORD, lambda: 0.0) == granted
    wrong_tries(settings, 4)  # with those before they would be eight
    assert admin_password.check_password(settings, PASSWORD, lambda: 0.0) == granted


def test_the_pause_survives_a_restart_of_the_server(settings):
    admin_password.set_password(settings, PASSWORD)
    wrong_tries(settings, 5, now=1000.0)
    with pytest.raises(AccessError, match="again in"):
        admin_password.check_password(Settings(settings.home), PASSWORD, lambda: 1001.0)


def test_a_clock_that_was_set_back_locks_nobody_out(settings):
    granted = admin_password.set_password(settings, PASSWORD)
    wrong_tries(settings, 5, now=1000.0)
    assert admin_password.check_password(settings, PASSWORD, lambda: 10.0) == granted


def test_many_tries_at_once_are_counted_one_by_one(settings):
    admin_password.set_password(settings, PASSWORD)

    def attempt(_):
        try:
            admin_password.check_password(settings, "not this one", lambda: 5.0)
        except AccessError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(12)))
    assert sum("is wrong" in answer for answer in answers) == 5
    assert sum("Too many" in answer for answer in answers) == 7


def test_a_pass_dies_with_the_password_it_came_from(settings):
    granted = admin_password.set_password(settings, PASSWORD)
    (settings.home / "admin.json").unlink()
    assert not admin_password.is_valid_pass(settings, granted)
    admin_password.set_password(settings, PASSWORD)
    assert not admin_password.is_valid_pass(settings, granted)


def test_a_damaged_password_file_opens_no_door(settings):
    admin_password.set_password(settings, PASSWORD)
    (settings.home / "admin.json").write_text("{}")
    with pytest.raises(AccessError, match="damaged"):
        admin_password.check_password(settings, PASSWORD)


@pytest.mark.parametrize(
    ("address", "host", "proxy", "same"),
    [
        (None, "localhost:8501", None, True),
        ("127.0.0.1", "127.0.0.1:8501", None, True),
        ("::1", "[::1]:8501", None, True),
        ("10.0.0.7", "localhost:8501", None, False),
        (None, "ecg.hospital.example", None, False),
        (None, "localhost:8501", "X-Forwarded-For", False),
        (None, "localhost:8501", "Forwarded", False),
        ("not an address", "localhost", None, False),
        (None, "", None, False),
    ],
)
def test_the_first_password_needs_a_browser_on_the_same_machine(address, host, proxy, same):
    headers = {"Host": host} | ({proxy: "127.0.0.1"} if proxy else {})
    assert admin_password.is_same_machine(address, headers) is same


def test_a_guess_costs_as_much_memory_as_scrypt_is_meant_to():
    assert 128 * DELIBERATE_COST * admin_password.BLOCK >= 16 * 2**20


def test_a_password_stays_right_when_the_cost_is_raised(settings, monkeypatch):
    granted = admin_password.set_password(settings, PASSWORD)
    monkeypatch.setattr(admin_password, "COST", 2**9)
    assert admin_password.check_password(settings, PASSWORD) == granted
