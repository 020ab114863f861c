"""Agreeing with partners: taken up, changed and ended, before a node starts or while it runs.

An entry (``kernel/identity/cards``) says what was agreed; a line (``lines``) is what runs by it.  Both logs
of a line, who fills them and who purges stay for good: a partner whose agreement has ended gets nothing more,
yet what passed stays provable, and what is to be forgotten is still asked for.  Only the entry of a line
changes, and with it the keys that are believed.

The order matters.  Whoever carries the link is told first, and hangs up before it goes on; then the promise
is recorded (``taking_up``), from which every release follows; a new line is set going last.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..kernel.identity import PartnerEntry
from ..kernel.identity.ring import PinnedKeys
from ..kernel.partners import Receiver, Releaser, Sender, Terms, sent_origin
from .adopting import hold_back
from .contents import PartnerContents
from .lines import PartnerLine, Worker
from .purging import Purger
from .taking_up import take_up

if TYPE_CHECKING:
    from .node import Node

Told = Callable[[PartnerLine], None]
"""Told of a line whose entry is new; called in the thread of whoever agreed."""


def agree(node: "Node", entry: PartnerEntry) -> PartnerLine:
    """Have ``entry`` count from now on; the partner's line.  One call at a time (``Node.agree``).

    Raises OurFault if a link that is to end does not, or the log does not take what was promised.
    """
    line, fresh = node.partners.get(entry.hq), False
    if line is None:
        line, fresh = make_line(node, entry), True
    else:
        line.agree(entry)
    if not fresh:
        node.told_of(line)
    take_up(
        node.master,
        entry,
        node.policies,
        node.codec,
        node.config.hq,
        node.config.realm,
        node.clock.now(),
        node.log_own,
    )
    if fresh:
        node.partners = {
            **node.partners,
            entry.hq: line,
        }  # whoever goes through the old ones is not disturbed
        line.releaser.decide_by(node.policies)  # another policy may have come meanwhile, and passed it by
        hold_back(line, node.policy_digest)
        if node.started:
            start_line(node, line)
            node.folding.learn(entry.hq)
        node.told_of(line)
    return line


def make_line(node: "Node", entry: PartnerEntry) -> PartnerLine:
    """A line for ``entry``: its two logs opened, and all that fills them put together."""
    hq, config, clock = entry.hq, node.config, node.clock
    sent = node.open_log(f"{hq}.sent", sent_origin(config.hq, hq))
    received = node.open_log(f"{hq}.received", sent_origin(hq, config.hq))
    keys = PinnedKeys(entry.ring(clock.now))
    releaser = Releaser(
        node.intake,
        sent,
        Terms(hq=hq, realm=config.realm),
        node.policies,
        node.codec,
        node.identity.alias_key(hq),
        hq=config.hq,
        clock=clock,
    )
    sender = Sender(sent, node.signer, keys, hq=config.hq, partner=hq, withdrawn=releaser.withdrawn)
    receiver = Receiver(
        received,
        keys,
        node.signer,
        node.keep_evidence,
        hq=config.hq,
        partner=hq,
        clock=clock,
        realm=config.realm,
    )
    contents = PartnerContents(
        node.contents,
        config.attachments,
        node.codec,
        node.views,
        hq=config.hq,
        partner=hq,
        sent=sent,
        received=received,
        withdrawn=releaser.withdrawn,
        receipted=lambda: sender.received,
    )

    def forget() -> None:
        contents.forget()
        node.past.forget()

    purger = Purger(
        hq,
        received,
        node.master,
        node.views,
        node.codec,
        clock,
        node.log_own,
        forget,
        hq=config.hq,
        released=lambda: min((line.releaser.position for line in node.partners.values()), default=0),
        unsay=lambda own_ids: node.passed_on.destroy(node.master, own_ids),
    )
    line = PartnerLine(
        entry, sent, received, releaser, sender, receiver, purger, contents, clock, config.rhythm, keys=keys
    )
    sender.turned = line.turn
    return line


def start_line(node: "Node", line: PartnerLine) -> None:
    """Set the line's background work going: releasing, sealing, purging, storing contents."""

    def release() -> int:
        done = line.releaser.run()
        line.turn()
        if done:
            for waiting in node.purging:
                waiting.notify()  # one may wait for what followed its notice to be released
        if done and line.link is not None:
            line.link.notify()
        return done

    def seal() -> int:
        line.received.seal()
        return 0

    def store() -> int:
        done = line.contents.step()
        if done and line.link is not None:
            line.link.notify()
        return done

    storing = Worker(f"contents {line.hq}", store)
    line.contents.told = storing.notify
    node.views.on_step(lambda step: storing.notify())
    releasing, sealing = Worker(f"release {line.hq}", release), Worker(f"seal {line.hq}", seal)
    purger = Worker(f"purge {line.hq}", line.purger.run)
    node.writer.on_commit(lambda first, count: releasing.notify())
    node.views.on_step(lambda step: purger.notify())
    node.upkeep[line.hq] = sealing
    node.purging.append(purger)
    for worker in (releasing, sealing, purger, storing):
        node.workers.append(worker)
        worker.start()
