"""Keys on disk are private, whole and fit together, or the node says exactly what is wrong."""

import stat
from datetime import UTC, datetime, timedelta

import pytest

from renkei.kernel.clock import FakeClock
from renkei.kernel.errors import BadInput, OurFault
from renkei.kernel.identity import Identity, Names, check_link_certificate, names_in
from renkei.kernel.log.checkpoint import (
    Checkpoint,
    cosign,
    open_checkpoint,
    open_cosigned,
    sign_checkpoint,
)

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return FakeClock(NOW)


@pytest.fixture
def identity(tmp_path, clock):
    return Identity.create(tmp_path / "keys", "us.usfj", clock)


def modes(folder):
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.iterdir()]}


def test_only_the_node_itself_can_read_its_secrets(identity):
    found = modes(identity.folder)
    assert found.pop("keys") == 0o700
    assert {name for name, mode in found.items() if mode == 0o600} == {
        "identity.key",
        "alias.key",
        "link.key",
        "agreement.key",
    }
    assert {name for name, mode in found.items() if mode != 0o600} == {"ca.pem", "identity.json"}


@pytest.mark.parametrize("name", ["identity.key", "alias.key", "link.key"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_secret_others_can_reach_is_refused_with_both_modes(identity, name, mode):
    (identity.folder / name).chmod(mode)
    with pytest.raises(OurFault, match=rf"keys.mode.*{name} with mode 0600; mode 0{mode:o} came"):
        Identity.load(identity.folder)


def test_a_folder_others_can_reach_is_refused_with_both_modes(identity):
    identity.folder.chmod(0o755)
    with pytest.raises(OurFault, match=r"keys with mode 0700; mode 0755 came"):
        Identity.load(identity.folder)


@pytest.mark.parametrize("name", ["identity.key", "alias.key", "link.key", "ca.pem", "identity.json"])
@pytest.mark.parametrize("damage", [b"", b"\xff\x00rubbish", b"{}"])
def test_a_damaged_file_is_our_fault_and_never_a_half_loaded_identity(identity, name, damage):
    (identity.folder / name).write_bytes(damage)
    with pytest.raises(OurFault, match=r"keys.damaged"):
        Identity.load(identity.folder)


@pytest.mark.parametrize("name", ["identity.key", "alias.key", "link.key", "ca.pem", "identity.json"])
def test_a_missing_file_is_named(identity, name):
    (identity.folder / name).unlink()
    with pytest.raises(OurFault, match=rf"keys.missing.*{name}"):
        Identity.load(identity.folder)


@pytest.mark.parametrize("name", ["identity.key", "ca.pem", "identity.json", "link.key"])
def test_files_of_another_headquarters_do_not_fit(identity, tmp_path, clock, name):
    other = Identity.create(tmp_path / "other", "jp.jjoc", clock)
    (identity.folder / name).write_bytes((other.folder / name).read_bytes())
    with pytest.raises(OurFault, match=r"keys.damaged"):
        Identity.load(identity.folder)


def test_loading_gives_the_same_identity(identity):
    again = Identity.load(identity.folder)
    assert again.hq == "us.usfj"
    assert again.keys == identity.keys
    assert again.alias_key("jp.jjoc") == identity.alias_key("jp.jjoc")
    assert again.authority == identity.authority
    assert again.link_certificate == identity.link_certificate


def test_keys_are_never_overwritten(identity, clock):
    before = (identity.folder / "identity.key").read_bytes()
    with pytest.raises(OurFault, match=r"keys.exist"):
        Identity.create(identity.folder, "us.usfj", clock)
    assert (identity.folder / "identity.key").read_bytes() == before


@pytest.mark.parametrize("hq", ["", "usfj", "US.USFJ", "us.usfj/x", "us.us fj", "../x", "us." + "x" * 30])
def test_a_malformed_headquarters_id_makes_no_keys(tmp_path, hq, clock):
    with pytest.raises(BadInput, match=r"hq.form"):
        Identity.create(tmp_path / "keys", hq, clock)
    assert list(tmp_path.iterdir()) == []


def test_each_partner_has_its_own_alias_key_and_each_headquarters_its_own_secret(identity, tmp_path, clock):
    other = Identity.create(tmp_path / "other", "us.usfj", clock)
    keys = {identity.alias_key("jp.jjoc"), identity.alias_key("ph.afp"), other.alias_key("jp.jjoc")}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}


def test_the_link_certificate_names_the_headquarters_and_comes_from_its_own_authority(identity):
    assert names_in(identity.link_certificate) == ("us.usfj", "us.usfj")
    check_link_certificate(identity.link_certificate, "us.usfj", identity.authority, NOW)


def test_a_partner_with_a_slow_clock_accepts_a_fresh_certificate(identity):
    check_link_certificate(
        identity.link_certificate, "us.usfj", identity.authority, NOW - timedelta(minutes=4)
    )


def test_renewal_changes_key_and_certificate_and_survives_loading(identity, clock):
    old = identity.link_certificate
    clock.advance(timedelta(days=60))
    new = identity.renew_link_certificate(clock)
    assert new.public_key() != old.public_key()
    assert new.not_valid_after_utc > old.not_valid_after_utc
    assert Identity.load(identity.folder).link_certificate == new
    check_link_certificate(new, "us.usfj", identity.authority, clock.now())


def test_a_link_certificate_is_renewed_when_a_third_of_its_life_is_left_and_not_before(identity, clock):
    clock.advance(timedelta(days=59))
    assert not identity.renew_if_due(clock)
    clock.advance(timedelta(days=2))
    assert identity.renew_if_due(clock)
    assert not identity.renew_if_due(clock)


def test_a_link_certificate_never_outlives_the_identity_key(identity, clock):
    clock.set(identity.keys[-1].until - timedelta(days=10))
    new = identity.renew_link_certificate(clock)
    assert new.not_valid_after_utc <= identity.keys[-1].until


def test_what_the_identity_signs_its_card_verifies(identity, tmp_path, clock):
    partner = Identity.create(tmp_path / "other", "jp.jjoc", clock)
    ours = identity.card(Names("USFJ"), "", clock).verifier
    theirs = partner.card(Names("JJOC"), "", clock).verifier
    checkpoint = Checkpoint("renkei/us.usfj/jp.jjoc", 3, bytes(32))
    note = sign_checkpoint(checkpoint, identity.signer)
    assert open_checkpoint(note, ours) == checkpoint
    assert open_cosigned(cosign(note, partner.cosigner, NOW), ours, theirs).at == NOW
