"""``renkei key``: the ceremonies in which keys begin, hand over and end (docs/ceremonies.md)."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from ...kernel.clock import dtg, to_millisecond
from ...kernel.errors import BadInput, Refused
from ...kernel.identity import (
    Identity,
    PartnerEntry,
    Reason,
    accept_card,
    accept_notice,
    distrust,
    fingerprint,
    is_notice,
    open_card,
    open_notice,
    spoken,
    start_anew,
)
from ...node import own_card
from ...node.agreeing import Distrust, PartnerChange
from .app import Local, accepted
from .either import Either
from .local import LocalNode, iso, read_file, write_new
from .nodes import when
from .partners import confirm

key_app = App(name="key", help="Keys: show, rotate, revoke, announce, accept.")

NOTICE_DAYS = timedelta(days=7)
"""Between announcing a key and its first signature, unless told otherwise: time for a courier to every
partner."""
_NOTICES = "notice-*.json"


@key_app.command(name="show")
def show_keys(*, say: bool = False, local: Local | None = None) -> None:
    """Show the identity keys and how long they and the link certificate hold.

    Parameters
    ----------
    say
        Spell the fingerprint out as it is read aloud, in English and Japanese.
    """
    local = local or Local()
    node = LocalNode(local.data)
    identity = Identity.load(node.folder.keys)
    print_of = _fingerprint(local)
    coming = identity.announced
    found = {
        "hq": identity.hq,
        "fingerprint": print_of,
        "spoken": {"en": spoken(print_of, "en"), "ja": spoken(print_of, "ja")},
        "keys": [{"public": k.public, "since": iso(k.since), "until": iso(k.until)} for k in identity.keys],
        "announced": coming and {"public": coming.public, "since": iso(coming.since)},
        "revoked": [
            {"public": k.period.public, "at": iso(k.at), "reason": k.reason} for k in identity.revoked
        ],
        "verifier": identity.note_signer.verifier.vkey,
        "linkCertificateUntil": iso(identity.link_certificate.not_valid_after_utc),
    }
    lines = [f"fingerprint            {print_of}", f"checkpoints verify by  {found['verifier']}"]
    lines += [f"identity key           {iso(k.since)} to {iso(k.until)}" for k in identity.keys]
    lines += [f"announced key          signs from {iso(coming.since)}"] if coming else []
    lines += [f"revoked key            {iso(k.at)}, {k.reason}" for k in identity.revoked]
    lines.append(f"link certificate       until {found['linkCertificateUntil']}")
    lines += ["", *_reading(print_of)] if say else []
    local.out.data(found, text="\n".join(lines))


@key_app.command
def renew(*, if_due: bool = False, local: Local | None = None) -> None:
    """Make a new link key and certificate.  Partners need not be told; a running node takes it at restart.

    Parameters
    ----------
    if_due
        Only if less than a third of the certificate's life is left, or an announced key's time has come.
    """
    local = local or Local()
    identity = Identity.load(LocalNode(local.data).folder.keys)
    renewed = True
    if if_due:
        renewed = identity.renew_if_due()
    else:
        identity.renew_link_certificate()
    until = iso(identity.link_certificate.not_valid_after_utc)
    text = f"{'a new' if renewed else 'the old'} link certificate holds until {until}"
    local.out.data({"renewed": renewed, "linkCertificateUntil": until}, text=text)


@key_app.command
def rotate(
    what: Literal["identity", "link", "agreement", "alias"] = "identity",
    /,
    *,
    since: str | None = None,
    local: Local | None = None,
) -> None:
    """Let one key follow another: the identity key by announcing the next one, the others at once.

    May be run beside a running node, which takes the announced key into use when its time has come.

    Parameters
    ----------
    what
        "identity", "link", "agreement" (what files are sealed for; partners need the new card), or "alias",
        which is always refused, with what can be done instead.
    since
        When the next identity key begins to sign, such as 2026-12-01T00:00:00Z; else in seven days.
    """
    local = local or Local()
    if what == "alias":
        accepted(ALIAS_STAYS)
    if what == "link":
        renew(local=local)
        return
    node = LocalNode(local.data)
    if what == "agreement":
        Identity.load(node.folder.keys).renew_agreement_key()
        local.out.data({"renewed": True}, text="our card has a new agreement key: renkei key announce FOLDER")
        return
    begins = to_millisecond(when(since)) if since else node.clock.now() + NOTICE_DAYS
    period = Identity.load(node.folder.keys).announce(begins)
    print_of = _fingerprint(local)
    local.out.data(
        {"since": iso(period.since), "until": iso(period.until), "fingerprint": print_of},
        text=f"the next identity key signs from {iso(period.since)}\n"
        f"fingerprint of the card with it: {print_of}\n"
        "next: renkei key announce FOLDER, and take what is in it to every partner before then",
    )


ALIAS_STAYS = Refused(
    code="key.alias-fixed",
    expected="a key that can be changed alone (identity or link): the alias secret makes the names by which "
    "each partner knows our records, so that another one would rename every record ever released",
    came="alias (if it was stolen, see docs/ceremonies.md: what it tells, and starting a log anew)",
)


@key_app.command
def announce(folder: Path, /, *, local: Local | None = None) -> None:
    """Write what every partner needs into a folder: our card, notices of revocation, a sheet to read from.

    Nothing in it is secret.

    Parameters
    ----------
    folder
        The folder to make.
    """
    local = local or Local()
    node = LocalNode(local.data)
    identity, card = Identity.load(node.folder.keys), own_card(local.data, node.config)
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise BadInput("file.write", "a new folder", str(folder)) from None
    files = {f"{node.hq}.card": card}
    for at, path in enumerate(sorted(node.folder.keys.glob(_NOTICES)), 1):
        files[f"{node.hq}.revoked-{at}.json"] = read_file(path)
    files["ceremony.txt"] = _sheet(node, identity, fingerprint(open_card(card, node.clock.now()))).encode()
    for name, data in files.items():
        write_new(folder / name, data)
    local.out.data({"folder": str(folder), "files": list(files)}, text=f"in {folder}: {', '.join(files)}")


@key_app.command
def accept(
    file: Path,
    /,
    *,
    fingerprint_heard: Annotated[str | None, Parameter(name="--fingerprint")] = None,
    either: Either | None = None,
) -> None:
    """Take a partner's newer card, or its notice that a key is revoked; a running node does so at once.

    A card whose keys continue those pinned is taken on its keys' word; any other only once two people have
    compared the fingerprint.  A notice needs nobody's word: only the key's holder can have made it.

    Parameters
    ----------
    file
        The partner's card, or its notice.
    fingerprint_heard
        The fingerprint as the partner read it out; if it is the card's, nothing is asked.
    """
    either = either or Either()
    node = LocalNode(either.data)
    data, now = read_file(file), node.clock.now()
    if is_notice(data):
        notice = open_notice(data)
        entry = node.partner(notice.hq)
        gone = accept_notice(entry, notice, now)
        _save_revoked(either, node, entry, gone, PartnerChange(notice=data.decode()), notice.at)
        return
    card = open_card(data, now)
    entry = node.partner(card.hq)
    continues = [k.public for k in entry.card.keys] == [k.public for k in card.keys[: len(entry.card.keys)]]
    heard = not continues or fingerprint_heard is not None
    accept_card(entry, card, data, now, heard=heard)  # refused for its keys before anybody is asked
    if heard:
        confirm(card, fingerprint_heard, either)
    with either.node() as door:
        given = PartnerChange(card=data.decode(), fingerprint=fingerprint(card) if heard else None)
        door.change_partner(card.hq, given)
    coming = card.keys[-1]
    either.out.data(
        {"hq": card.hq, "fingerprint": fingerprint(card), "continues": continues, "since": iso(coming.since)},
        text=f"{card.hq}: its newest key signs from {iso(coming.since)}; "
        + ("the pinned key vouched for it" if continues else "the keys before it are believed no more"),
    )


@key_app.command
def revoke(
    *,
    reason: Reason | None = None,
    suspect_from: str | None = None,
    prepare: Path | None = None,
    notice: Path | None = None,
    partner: str | None = None,
    either: Either | None = None,
) -> None:
    """End a key before its time: ours, with a new one that nothing vouches for, or a partner's here.

    Our own: the node must not be running.  The notice is then among what "renkei key announce" writes.

    Parameters
    ----------
    reason
        "compromised" (in other hands), "lost", or "retired".
    suspect_from
        From when on the key may have been misused, such as 2026-11-20T00:00:00Z; else from now on.
    prepare
        End nothing: write a notice to this file, to be kept in a safe for the day the key is lost.
    notice
        A notice prepared earlier, where the key itself is lost.
    partner
        Believe none of this partner's keys any more, on our own decision, without a notice.
    """
    local = either = either or Either()
    node = LocalNode(local.data)
    now = node.clock.now()
    suspect = to_millisecond(when(suspect_from)) if suspect_from else now
    if reason is None:
        raise BadInput("key.reason", "--reason compromised, lost or retired", "none")
    if prepare is not None:
        made = Identity.load(node.folder.keys).notice(reason, now)
        write_new(prepare, made.encode())
        local.out.data({"file": str(prepare)}, text=f"{prepare} written: whoever has it can end our key")
    elif partner is not None:
        entry = node.partner(partner)
        given = PartnerChange(distrust=Distrust(reason=reason, suspect_from=suspect))
        _save_revoked(either, node, entry, distrust(entry, reason, suspect, now), given, suspect)
    else:
        _revoke_own(local, node, reason, suspect, notice)


def _revoke_own(
    local: Local, node: LocalNode, reason: Reason, suspect: datetime, prepared: Path | None
) -> None:
    if node.health() is not None:
        raise BadInput(
            "node.running", "a node that is not running (stop renkei serve first)", "one that answers"
        )
    if prepared is not None:
        notice = open_notice(read_file(prepared))
        if notice.hq != node.hq:
            raise BadInput("notice.hq", f"a notice of {node.hq}", f"one of {notice.hq}")
    else:
        notice = Identity.load(node.folder.keys).notice(reason, suspect)
    identity = start_anew(node.folder.keys, reason, suspect)
    number = len(identity.revoked)
    write_new(node.folder.keys / f"notice-{number:03}.json", notice.encode())
    print_of = _fingerprint(local)
    local.out.data(
        {"fingerprint": print_of, "revoked": [key.period.public for key in identity.revoked]},
        text=f"the old key is finished; fingerprint of our new card: {print_of}\n"
        "next: renkei key announce FOLDER; call every partner; they take the notice, hear the fingerprint, "
        "and take the card",
    )


def _save_revoked(
    either: Either,
    node: LocalNode,
    before: PartnerEntry,
    after: PartnerEntry,
    given: PartnerChange,
    suspect: datetime,
) -> None:
    """Have the node make ``after`` of ``before``, and tell which entries came while its key was doubtful."""
    with either.node() as door:
        door.change_partner(after.hq, given)
    doubtful = _logged_since(node, after.hq, suspect)
    new = len(after.revoked) - len(before.revoked)
    told = {"hq": after.hq, "revoked": new, "suspectFrom": iso(suspect), "doubtful": doubtful}
    text = f"{after.hq}: {new} key(s) believed no more"
    if doubtful:
        text += f"\nlook at entries {doubtful['first']} to {doubtful['size'] - 1} of {after.hq}.received: "
        text += "they came since the key was doubtful"
    either.out.data(told, text=text)


def _logged_since(node: LocalNode, hq: str, moment: datetime) -> dict[str, int] | None:
    """The entries received from ``hq`` and logged at ``moment`` or later; None if there are none."""
    name = f"{hq}.received"
    if name not in node.log_names():
        return None
    with node.log(name) as log:
        low, high = 0, log.size  # packs are in the order of time: halve until the first one that late
        while low < high:
            middle = (low + high) // 2
            pack = next(iter(log.read(middle, 1)))
            low, high = (low, middle) if pack.logged_at >= moment else (middle + 1, high)
        return {"first": low, "size": log.size} if low < log.size else None


def _fingerprint(local: Local) -> str:
    node = LocalNode(local.data)
    return fingerprint(open_card(own_card(local.data, node.config), node.clock.now()))


def _reading(print_of: str) -> list[str]:
    groups = zip(print_of.split(), spoken(print_of, "en"), spoken(print_of, "ja"), strict=True)
    return [f"{group}   {english:<38} {japanese}" for group, english, japanese in groups]


def _sheet(node: LocalNode, identity: Identity, print_of: str) -> str:
    """The page from which two people read, in both languages."""
    names, now, coming = node.config.names, node.clock.now(), identity.announced
    lines = [
        f"RENKEI  {node.hq}  {names.en}  {names.ja}  {dtg(now)}",
        "",
        "Call on a number that you knew before. Read the groups aloud; the other side repeats each one.",
        "以前から知っている番号に電話をかけ、数字を一組ずつ読み上げ、相手は一組ごとに復唱する。",
        "All forty digits must be those that their own node shows.",
        "四十桁すべてが、相手のノードに表示される数字と一致しなければならない。",
        "",
        *_reading(print_of),
        "",
    ]
    if coming is not None:
        lines += [
            f"The next key signs from {dtg(coming.since)} ({iso(coming.since)}); take the card before then.",
            f"次の鍵は {dtg(coming.since)}（{iso(coming.since)}）から署名に使用する。",
            "それまでに、このカードを登録すること。",
        ]
    for key in identity.revoked:
        lines += [
            f"Revoked: a key of ours, {key.reason}, not to be believed from {dtg(key.suspect)} on.",
            f"失効：当司令部の鍵（{_REASONS_JA[key.reason]}）。",
            f"{dtg(key.suspect)} 以降のその鍵による署名は信用しないこと。",
        ]
    return "\n".join(lines) + "\n"


_REASONS_JA: dict[str, str] = {"compromised": "漏えい", "lost": "亡失", "retired": "使用終了"}
