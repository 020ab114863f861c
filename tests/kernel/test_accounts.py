"""Accounts, sessions and tokens under a fake clock."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from renkei.kernel import accounts as module
from renkei.kernel import throttle
from renkei.kernel.accounts import Accounts, Hashing, Session
from renkei.kernel.clock import FakeClock
from renkei.kernel.errors import BadInput, Refused
from renkei.kernel.labels.model import Clearance
from renkei.kernel.people import Permission, Person, Role

PASSWORD = "宮古島 tsunami 2022"
CLEARANCE = Clearance("urn:oid:2.999.392.1", ("OPEN",))
CHEAP = Hashing(1, 1, 1024)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2022, 9, 18, 15, 49, tzinfo=UTC))


@pytest.fixture
def accounts(clock: FakeClock, tmp_path: Path) -> Accounts:
    made = Accounts(tmp_path / "accounts.db", clock, CHEAP)
    made.create("watch", PASSWORD, post="Watch officer", roles=[Role.WATCH_OFFICER], clearance=CLEARANCE)
    return made


def signed_in(accounts: Accounts) -> Session:
    session = accounts.sign_in("watch", PASSWORD, "10.0.0.1")
    assert isinstance(session, Session)
    return session


def watch(accounts: Accounts) -> Person:
    person = accounts.person("watch")
    assert person is not None
    return person


def test_no_account_exists_until_one_is_created(clock: FakeClock, tmp_path: Path) -> None:
    empty = Accounts(tmp_path / "a.db", clock, CHEAP)
    assert empty.all() == []
    for name in ("admin", "root", "watch"):
        assert isinstance(empty.sign_in(name, "password", ""), Refused)


def test_the_file_is_readable_by_its_owner_only(accounts: Accounts, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "accounts.db").stat().st_mode) == 0o600


def test_neither_passwords_nor_secrets_are_kept(accounts: Accounts, tmp_path: Path) -> None:
    secret = signed_in(accounts).secret
    minted = accounts.mint(watch(accounts), "feed", [Permission.RECORDS_APPEND], 1)
    assert isinstance(minted, tuple)
    db = apsw.Connection(str(tmp_path / "accounts.db"))
    everything = repr([list(db.execute(f"select * from {t}")) for t in ("accounts", "sessions", "tokens")])
    assert "argon2id" in everything
    for hidden in (PASSWORD, secret, minted[1]):
        assert hidden not in everything


def test_the_node_hashes_as_rfc_9106_recommends() -> None:
    assert Hashing() == Hashing(passes=3, lanes=4, memory_kib=64 * 1024)


def test_a_password_typed_in_another_unicode_form_still_signs_in(accounts: Accounts) -> None:
    wide = PASSWORD.replace("tsunami 2022", "ｔｓｕｎａｍｉ　２０２２")
    assert isinstance(accounts.sign_in("watch", wide, ""), Session)


@pytest.mark.parametrize(
    ("account", "password", "code"),
    [
        ("watch", PASSWORD, "account.exists"),
        ("Watch Officer", PASSWORD, "account.name"),
        ("other", "short", "account.password"),
        ("other", "x" * 300, "account.password"),
    ],
)
def test_bad_accounts_are_refused_by_name(accounts: Accounts, account: str, password: str, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        accounts.create(account, password, post="Post", roles=[Role.VIEWER], clearance=CLEARANCE)
    assert caught.value.code == code
    assert password not in str(caught.value)


def test_unknown_account_and_wrong_password_get_the_same_answer(accounts: Accounts) -> None:
    answers = [accounts.sign_in(name, "wrong password", name) for name in ("watch", "nobody")]
    assert answers[0] == answers[1]


def test_an_unknown_account_costs_a_hash_too(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    real = Accounts._matches
    monkeypatch.setattr(
        Accounts, "_matches", lambda self, hashed, word: verified.append(hashed) or real(self, hashed, word)
    )
    accounts.sign_in("nobody", "wrong password", "")
    accounts.sign_in("watch", "wrong password", "")
    assert len(verified) == 2
    made_up, real_one = (hashed.split("$") for hashed in verified)
    assert made_up[:4] == real_one[:4]
    assert [len(part) for part in made_up] == [len(part) for part in real_one]


def test_signing_in_always_makes_a_new_session_and_ends_the_one_brought_along(accounts: Accounts) -> None:
    first = signed_in(accounts)
    second = accounts.sign_in("watch", PASSWORD, "", replaces=first.secret)
    assert isinstance(second, Session)
    assert second.secret != first.secret
    assert accounts.session_person(first.secret) is None
    assert accounts.session_person(second.secret) == watch(accounts)


def test_a_session_ends_when_idle(accounts: Accounts, clock: FakeClock) -> None:
    secret = signed_in(accounts).secret
    clock.advance(module.IDLE_END - timedelta(minutes=1))
    assert accounts.session_person(secret) is not None
    clock.advance(module.IDLE_END)
    assert accounts.session_person(secret) is None


def test_looking_without_touching_does_not_keep_a_session_alive(accounts: Accounts, clock: FakeClock) -> None:
    secret = signed_in(accounts).secret
    for _ in range(9):
        clock.advance(module.IDLE_END / 8)
        alive = accounts.session_person(secret, touch=False)
    assert alive is None


def test_a_session_ends_after_a_day_however_busy(accounts: Accounts, clock: FakeClock) -> None:
    secret = signed_in(accounts).secret
    for _ in range(24):
        assert accounts.session_person(secret) is not None
        clock.advance(timedelta(hours=1))
    assert accounts.session_person(secret) is None


def test_sessions_survive_a_restart_and_sweeping_removes_those_that_are_over(
    accounts: Accounts, clock: FakeClock, tmp_path: Path
) -> None:
    secret = signed_in(accounts).secret
    again = Accounts(tmp_path / "accounts.db", clock, CHEAP)
    assert again.session_person(secret) == watch(accounts)
    clock.advance(module.ABSOLUTE_END)
    assert again.sweep() == 1


def test_signing_out_ends_the_session(accounts: Accounts) -> None:
    secret = signed_in(accounts).secret
    accounts.sign_out(secret)
    assert accounts.session_person(secret) is None


def test_a_new_password_and_disabling_end_sessions_and_tokens_stop(accounts: Accounts) -> None:
    first = signed_in(accounts).secret
    accounts.set_password("watch", PASSWORD + "!")
    assert accounts.session_person(first) is None
    minted = accounts.mint(watch(accounts), "feed", [Permission.READ], 1)
    assert isinstance(minted, tuple)
    accounts.disable("watch")
    assert accounts.token_person(minted[1]) is None
    assert isinstance(accounts.sign_in("watch", PASSWORD + "!", ""), Refused)
    accounts.disable("watch", disabled=False)
    assert accounts.token_person(minted[1]) is not None


def test_a_changed_clearance_holds_from_the_next_request_on(accounts: Accounts) -> None:
    secret = signed_in(accounts).secret
    higher = Clearance("urn:oid:2.999.392.1", ("OPEN", "GUARDED"))
    accounts.set_clearance("watch", higher)
    person = accounts.session_person(secret)
    assert person is not None and person.clearance == higher


def test_guessing_is_stopped_before_a_hash_is_spent_and_does_not_lock_the_officer_out(
    accounts: Accounts, clock: FakeClock
) -> None:
    for _ in range(throttle.MAX_FAILURES_PER_ACCOUNT_AND_ADDRESS):
        assert accounts.sign_in("watch", "wrong password", "6.6.6.6").code == "session.denied"  # type: ignore[union-attr]
    blocked = accounts.sign_in("watch", PASSWORD, "6.6.6.6")
    assert isinstance(blocked, Refused) and blocked.status == 429
    assert isinstance(accounts.sign_in("watch", PASSWORD, "10.0.0.1"), Session)
    clock.advance(throttle.FAILURE_WINDOW)
    assert isinstance(accounts.sign_in("watch", PASSWORD, "6.6.6.6"), Session)


def test_trying_many_accounts_from_one_address_is_stopped(accounts: Accounts) -> None:
    for n in range(throttle.MAX_FAILURES_PER_ADDRESS):
        accounts.sign_in(f"guess{n}", "wrong password", "6.6.6.6")
    blocked = accounts.sign_in("another", "wrong password", "6.6.6.6")
    assert isinstance(blocked, Refused) and blocked.code == "session.too_many"


def test_a_token_may_only_what_its_scopes_and_its_holder_may(accounts: Accounts) -> None:
    minted = accounts.mint(watch(accounts), "feed", [Permission.RECORDS_APPEND], 1)
    assert isinstance(minted, tuple)
    person = accounts.token_person(minted[1])
    assert person is not None
    assert person.may(Permission.RECORDS_APPEND) and not person.may(Permission.READ)
    refused = accounts.mint(watch(accounts), "greedy", [Permission.ACCOUNT_MANAGE], 1)
    assert isinstance(refused, Refused) and refused.status == 403
    refused = accounts.mint(person, "widened", [Permission.READ], 1)
    assert isinstance(refused, Refused)


def test_a_token_ends_with_its_days_and_when_revoked(accounts: Accounts, clock: FakeClock) -> None:
    short = accounts.mint(watch(accounts), "short", [Permission.READ], 1)
    long = accounts.mint(watch(accounts), "long", [Permission.READ], 30)
    assert isinstance(short, tuple) and isinstance(long, tuple)
    assert accounts.token_person(short[1]) is not None
    clock.advance(timedelta(days=1))
    assert accounts.token_person(short[1]) is None
    assert not accounts.revoke("other", long[0].id)
    assert accounts.revoke("watch", long[0].id)
    assert accounts.token_person(long[1]) is None
    revoked = {t.name: t.revoked_at is not None for t in accounts.tokens("watch")}
    assert revoked == {"short": False, "long": True}


def test_what_another_process_revokes_takes_effect_here(
    accounts: Accounts, clock: FakeClock, tmp_path: Path
) -> None:
    minted = accounts.mint(watch(accounts), "feed", [Permission.READ], 1)
    assert isinstance(minted, tuple)
    assert accounts.token_person(minted[1]) is not None
    before = accounts.changes
    other = Accounts(tmp_path / "accounts.db", clock, CHEAP)
    assert other.revoke("watch", minted[0].id)
    clock.advance(timedelta(seconds=module.RECHECK_SECONDS))
    assert accounts.token_person(minted[1]) is None
    assert accounts.changes > before


def test_an_account_holds_a_bounded_number_of_tokens(accounts: Accounts) -> None:
    for n in range(module.MAX_TOKENS_PER_ACCOUNT):
        assert isinstance(accounts.mint(watch(accounts), f"t{n}", [Permission.READ], 1), tuple)
    refused = accounts.mint(watch(accounts), "one more", [Permission.READ], 1)
    assert isinstance(refused, Refused) and refused.code == "token.many"
