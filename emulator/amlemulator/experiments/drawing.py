"""Drawing a graph: as text, and as SVG. Modules stand in layers, each below all that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from amlemulator.experiments.catalogue_data import WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT
from amlemulator.experiments.graph import Graph, Node

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 220, 48, 28, 56, 20  # of a box, between boxes, around all; pixels
_STYLE = (
    "text{font:12px sans-serif;fill:#222}.id{fill:#777;font-size:10px}rect{fill:#fff;stroke:#555}"
    ".port rect{fill:#e6f1fb;stroke:#2c6fb0}path{fill:none;stroke:#888}.call{stroke:#2c6fb0;stroke-dasharray:5 3}"
    ".loose rect{fill:#fdecec;stroke:#a4161a;stroke-width:2;stroke-dasharray:6 3}.loose .id{fill:#a4161a}"
)


def layers(graph: Graph) -> list[list[Node]]:
    """Return the nodes by layer: the sources first, each other one in the layer after the last that it needs."""
    depth: dict[str, int] = {}

    def place(node: str, below: tuple[str, ...] = ()) -> int:
        if node not in depth:
            needs = [wire.node for wires in graph.nodes[node].inputs.values() for wire in wires]
            # A draft may run in a circle, which is cut where it closes.
            deeper = (place(one, (*below, node)) for one in needs if one not in (*below, node))
            depth[node] = 1 + max(deeper, default=-1)
        return depth[node]

    for node in graph.nodes:
        place(node)
    count = max(depth.values(), default=-1) + 1
    return [[node for node in graph.nodes.values() if depth[node.id] == layer] for layer in range(count)]


def draw_text(graph: Graph) -> str:
    """Return the graph as lines of text, layer by layer, each module with the wires that come in."""
    lines = [f"{graph.name}  ({graph.kind})"]
    for number, layer in enumerate(layers(graph), start=1):
        lines.append("")
        for place, node in enumerate(layer):
            lines.append(f"{number if place == 0 else '':>3}  [{title_of(node)}]  {node.id}")
            wires = list(_wires(graph, node))
            lines += [f"      {'└' if wire is wires[-1] else '├'}─ {wire}" for wire in wires]
    for link in graph.links:
        default = "required" if link.parameter.default is None else f"default {link.parameter.default}"
        sets = ", ".join(f"{node}.{name}" for node, name in link.targets)
        lines += ["", f"  @  {link.parameter.name} ({link.parameter.type}, {default}) sets {sets}"]
    return "\n".join(lines) + "\n"


def title_of(node: Node) -> str:
    """Return what is written on a module: its name, and what it is called or which data set it stands for."""
    named = node.name or node.parameters.get("Dataset")
    return f"{node.module.name}: {named}" if named else node.module.name


def _wires(graph: Graph, node: Node) -> Iterator[str]:
    for port, wires in node.inputs.items():
        sources = []
        for wire in wires:
            several = len(graph.nodes[wire.node].module.outputs) > 1
            name = f"{wire.node}.{wire.port}" if several else wire.node
            asked = graph.nodes[wire.node].module.name == WEB_SERVICE_INPUT
            sources.append(f"{name} (in a call)" if asked and len(wires) > 1 else name)
        yield f"{port} ← {', '.join(sources)}"


def draw_svg(graph: Graph) -> str:
    """Return the graph as an SVG document; dashed wires are those of a call."""
    rows = layers(graph)
    widest = max(map(len, rows), default=1)
    width = 2 * MARGIN + widest * WIDTH + (widest - 1) * GAP_X
    height = 2 * MARGIN + len(rows) * HEIGHT + (len(rows) - 1) * GAP_Y
    places: dict[str, tuple[int, int]] = {}
    for number, row in enumerate(rows):
        left = (width - len(row) * WIDTH - (len(row) - 1) * GAP_X) // 2
        for place, node in enumerate(row):
            places[node.id] = (left + place * (WIDTH + GAP_X), MARGIN + number * (HEIGHT + GAP_Y))
    parts = [*_curves(graph, places), *(_box(node, *places[node.id]) for node in graph.nodes.values())]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img">'
    return "\n".join([head, f"<title>{escape(graph.name)}</title><style>{_STYLE}</style>", *parts, "</svg>", ""])


def _box(node: Node, x: int, y: int) -> str:
    kind = "port" if node.module.name in (WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT) else "module"
    if open_ports := [port.name for port in node.module.inputs if not port.optional and not node.inputs.get(port.name)]:
        kind += " loose"
    title = title_of(node)
    below = f"{node.id}: {', '.join(open_ports)} not connected" if open_ports else node.id
    shown = title if len(title) <= 32 else title[:31] + "…"
    return (
        f'<g class="{kind}"><title>{escape(title)}</title>'
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="4"/>'
        f'<text x="{x + 10}" y="{y + 21}">{escape(shown)}</text>'
        f'<text class="id" x="{x + 10}" y="{y + 38}">{escape(below)}</text></g>'
    )


def _curves(graph: Graph, places: dict[str, tuple[int, int]]) -> Iterator[str]:
    for node in graph.nodes.values():
        ports = [port.name for port in node.module.inputs]
        for port, wires in node.inputs.items():
            for wire in wires:
                source = graph.nodes[wire.node]
                outputs = [each.name for each in source.module.outputs]
                x1 = places[source.id][0] + WIDTH * (outputs.index(wire.port) + 1) // (len(outputs) + 1)
                y1 = places[source.id][1] + HEIGHT
                x2 = places[node.id][0] + WIDTH * (ports.index(port) + 1) // (len(ports) + 1)
                y2, call = places[node.id][1], source.module.name == WEB_SERVICE_INPUT
                middle = (y1 + y2) // 2
                mark = ' class="call"' if call else ""
                yield f'<path{mark} d="M{x1} {y1}C{x1} {middle} {x2} {middle} {x2} {y2}"/>'
