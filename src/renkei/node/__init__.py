"""The composition root: a data folder becomes a running headquarters."""

from ..kernel.identity.cards import Names
from .config import Folder, NodeConfig, load_config, open_log, save_config
from .create import add_partner, create_node, own_card
from .lines import PartnerLine
from .node import Node

__all__ = [
    "Folder",
    "Names",
    "Node",
    "NodeConfig",
    "PartnerLine",
    "add_partner",
    "create_node",
    "load_config",
    "open_log",
    "own_card",
    "save_config",
]
