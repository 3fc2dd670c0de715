"""Looks for nodes inside an expression, but not inside its subqueries."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from acude.athena import nodes as n
from acude.athena.functions.registry import REGISTRY


def walk(node: object) -> Iterator[n.Node]:
    """The node and all below it in the same query."""
    if isinstance(node, tuple):
        for each in node:
            yield from walk(each)
    elif isinstance(node, n.Node) and not isinstance(node, n.Query) and is_dataclass(node):
        yield node
        for each in fields(node):
            yield from walk(getattr(node, each.name))


def is_aggregate(node: n.Node) -> bool:
    """Whether the node calls an aggregate that is no window function."""
    if isinstance(node, n.Grouping):
        return True
    if not isinstance(node, n.Call) or node.over is not None:
        return False
    return any(signature.kind == "aggregate" for signature in REGISTRY.by_name.get(node.name, []))


def has_aggregate(*nodes: object) -> bool:
    """Whether any of them calls an aggregate."""
    return any(is_aggregate(found) for node in nodes for found in walk(node))
