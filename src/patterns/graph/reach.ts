interface Way {
  readonly from: string
  readonly to: string
}

/** All that can be reached from `start`, itself included, without passing `avoided`. */
export function reachable(start: string, ways: readonly Way[], avoided?: string): Set<string> {
  const next = new Map<string, string[]>()
  for (const { from, to } of ways) {
    const known = next.get(from)
    if (known) known.push(to)
    else next.set(from, [to])
  }
  const found = new Set(start === avoided ? [] : [start])
  for (const at of found) for (const to of next.get(at) ?? []) if (to !== avoided) found.add(to)
  return found
}

/** For each node those that every way to it from `start` has passed before. */
export function passedBefore(
  start: string,
  nodes: readonly string[],
  ways: readonly Way[],
): ReadonlyMap<string, readonly string[]> {
  const passed = new Map<string, string[]>(nodes.map(node => [node, []]))
  for (const node of nodes) {
    const without = reachable(start, ways, node)
    for (const [other, before] of passed) if (other !== node && !without.has(other)) before.push(node)
  }
  return passed
}
