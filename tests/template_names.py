"""Which names a template asks for, with those that it extends and includes."""

from collections.abc import Iterator
from functools import cache

from jinja2 import Environment, meta, nodes
from jinja2.visitor import NodeTransformer


@cache
def names_required(
    env: Environment, template: str, bound: frozenset[str] = frozenset()
) -> set[str]:
    """The names that a template needs from outside.

    :param bound: names that the template which includes it has set.
    """
    chain = list(_chain(env, template))
    trees = [_tree(env, each) for each in chain]
    # What any template of a chain sets outside of blocks, the blocks of all see.
    on_top = {name for tree in trees for name in _names_set_on_top(tree)}
    names = {name for each in chain for name in _names_undeclared(env, each)}
    names -= {name for tree in trees for name in _names_optional(tree)}
    inner = bound | {name for tree in trees for name in _names_set(tree)}
    for tree in trees:
        for node in tree.find_all(nodes.Include):
            for name in _templates_of(node.template):
                names |= names_required(env, name, frozenset(inner))
    return names - on_top - bound


@cache
def _names_undeclared(env: Environment, template: str) -> set[str]:
    """Names without those that a branch of an `if` sets for itself: Jinja counts these as well."""
    names = meta.find_undeclared_variables(_tree(env, template))
    apart = _BranchesApart().visit(_parse(env, template))  # changes the tree
    apart.set_environment(env)
    apart.set_lineno(1)
    return names & meta.find_undeclared_variables(apart)


class _BranchesApart(NodeTransformer):
    """Each branch of an `if` in a scope of its own."""

    def visit_If(self, node: nodes.If) -> list[nodes.Node]:  # noqa: N802 — named by Jinja
        self.generic_visit(node)
        return [
            nodes.Output([node.test]),
            nodes.Scope(node.body),
            *node.elif_,
            nodes.Scope(node.else_),
        ]


@cache
def names_used(env: Environment, template: str) -> set[str]:
    """All names that a template uses, also in macros that it imports and may not call."""
    tree = _tree(env, template)
    names = {name.name for name in tree.find_all(nodes.Name)}
    for node in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
        if isinstance(node, nodes.Import | nodes.FromImport) and not node.with_context:
            continue
        for name in _templates_of(node.template):
            names |= names_used(env, name)
    return names


def names_set(env: Environment, template: str) -> set[str]:
    """The names that a template gives to values and macros."""
    return set(_names_set(_tree(env, template)))


def _chain(env: Environment, template: str) -> Iterator[str]:
    """The template, and those that it extends."""
    yield template
    for node in _tree(env, template).find_all(nodes.Extends):
        for name in _templates_of(node.template):
            yield from _chain(env, name)


@cache
def _tree(env: Environment, template: str) -> nodes.Template:
    return _parse(env, template)


def _parse(env: Environment, template: str) -> nodes.Template:
    assert env.loader is not None
    return env.parse(env.loader.get_source(env, template)[0])


def _templates_of(expression: nodes.Expr) -> list[str]:
    """The templates that an expression may name; all its alternatives have to be constants."""
    return [const.value for const in _constants(expression) if isinstance(const.value, str)]


def _constants(expression: nodes.Expr) -> Iterator[nodes.Const]:
    if isinstance(expression, nodes.Const):
        yield expression
    yield from expression.find_all(nodes.Const)


def _names_optional(tree: nodes.Node) -> Iterator[str]:
    """Names that the template does without: it asks whether they are defined."""
    for test in tree.find_all(nodes.Test):
        if test.name in {"defined", "undefined"} and isinstance(test.node, nodes.Name):
            yield test.node.name


def _names_set(tree: nodes.Node) -> Iterator[str]:
    for name in tree.find_all(nodes.Name):
        if name.ctx in {"store", "param"}:
            yield name.name
    yield from _names_imported(tree)


def _names_set_on_top(tree: nodes.Template) -> Iterator[str]:
    """Names that are set outside of blocks: the blocks see them."""
    outside = [node for node in tree.body if not isinstance(node, nodes.Block)]
    yield from _names_set(nodes.Template(outside))


def _names_imported(tree: nodes.Node) -> Iterator[str]:
    for imported in tree.find_all(nodes.Import):
        yield imported.target
    for imported in tree.find_all(nodes.FromImport):
        for name in imported.names:
            yield name if isinstance(name, str) else name[1]
    for macro in tree.find_all(nodes.Macro):
        yield macro.name
