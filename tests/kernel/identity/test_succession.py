"""One identity key after another: believed each for its time, and never half changed."""

from datetime import UTC, datetime, timedelta

import pytest

from renkei.kernel.clock import FakeClock
from renkei.kernel.errors import BadInput, OurFault, TheirFault
from renkei.kernel.identity import OVERLAP, Identity, KeyRing, Names, open_card, spoken, start_anew
from renkei.kernel.identity import keys as keys_module
from renkei.kernel.log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SOON = NOW + timedelta(days=7)
HEAD = Checkpoint("renkei/jp.jjoc/us.usfj", 0, bytes(32))


@pytest.fixture
def jjoc(tmp_path):
    return Identity.create(tmp_path / "keys", "jp.jjoc", FakeClock(NOW))


def verdict(ring, note):
    try:
        open_checkpoint(note, ring)
    except TheirFault as fault:
        return fault.code
    return "believed"


def test_each_key_is_believed_for_its_own_time(jjoc):
    signer, clock = jjoc.signer, FakeClock(NOW)
    old = sign_checkpoint(HEAD, signer)
    jjoc.announce(SOON)
    assert sign_checkpoint(HEAD, signer) == old, "announcing changes nothing that is signed"
    card = jjoc.card(Names("JJOC"), "", clock)
    ring = KeyRing("jp.jjoc", card.keys, (), clock.now)
    assert verdict(ring, old) == "believed"
    clock.set(SOON)
    assert jjoc.activate_if_due(clock)
    new = sign_checkpoint(HEAD, signer)
    assert new != old
    assert (verdict(ring, old), verdict(ring, new)) == ("believed", "believed")
    clock.set(NOW)
    assert verdict(ring, new) == "key.early"
    clock.set(SOON + OVERLAP + timedelta(seconds=1))
    assert (verdict(ring, old), verdict(ring, new)) == ("key.expired", "believed")
    assert verdict(KeyRing("jp.jjoc", card.keys), old) == "believed", "what is held already stays proven"
    assert verdict(signer.verifier, old) == "believed", "and by ourselves"


def test_a_card_in_the_waiting_time_has_both_authorities_and_is_whole(jjoc):
    jjoc.announce(SOON)
    card = open_card(jjoc.signed_card(Names("JJOC"), "", FakeClock(NOW)), NOW)
    assert [key for key, _ in card.authorities] == [card.keys[1].public, card.keys[0].public]
    assert card.authorities[1][1] == jjoc.authority


def test_a_second_announcement_waits_for_the_first(jjoc):
    jjoc.announce(SOON)
    with pytest.raises(BadInput, match=r"key.announced"):
        jjoc.announce(SOON)


def test_a_key_is_not_announced_for_after_the_present_ones_end(jjoc):
    with pytest.raises(BadInput, match=r"key.window"):
        jjoc.announce(jjoc.keys[-1].until + timedelta(days=1))


def test_a_running_node_sees_what_a_command_beside_it_announced(jjoc):
    Identity.load(jjoc.folder).announce(SOON)
    assert jjoc.renew_if_due(FakeClock(SOON))
    assert len(jjoc.keys) == 2


@pytest.mark.parametrize("step", range(1, 6))
@pytest.mark.parametrize("how", ["rotation", "revocation"])
def test_a_crash_at_any_step_of_the_change_leaves_one_whole_identity(jjoc, monkeypatch, step, how):
    jjoc.announce(SOON)
    clock, real, done = FakeClock(SOON), keys_module.write_atomically, []

    def failing(path, *rest):
        done.append(path.name)
        if len(done) == step:
            raise OurFault("file.write", "power", "none")
        real(path, *rest)

    monkeypatch.setattr(keys_module, "write_atomically", failing)
    try:
        if how == "rotation":
            jjoc.activate_if_due(clock)
        else:
            start_anew(jjoc.folder, "compromised", NOW, clock)
    except OurFault:
        pass
    monkeypatch.setattr(keys_module, "write_atomically", real)
    again = Identity.load(jjoc.folder)
    if how == "rotation":
        again.activate_if_due(clock)
        assert len(again.keys) == 2
    assert verdict(again.ring, sign_checkpoint(HEAD, again.signer)) == "believed"
    assert again.authority.public_key() == again.private_key.public_key()
    if how == "rotation":
        assert not (jjoc.folder / "next.key").exists()


def test_digits_are_spelled_in_both_languages():
    assert spoken("01234 56789", "en") == ["zero-wun-too-tree-fower", "fife-six-seven-ait-niner"]
    assert spoken("01234 56789", "ja") == ["まる・ひと・ふた・さん・よん", "ご・ろく・なな・はち・きゅう"]
