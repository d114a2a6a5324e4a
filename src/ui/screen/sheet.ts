/**
 * Ink takes a text apart into characters every time it draws, which is most of what a screen would cost. So it lays out short
 * names of whole blocks of lines, and the canvas puts the lines in their place.
 */

/** Blocks that are kept: many more than are on the screen at once. */
const KEPT = 100
const NAME = /^\ue000[0-9a-z]+$/

/** By name, the one that was looked at last at the end. */
const blocks = new Map<string, readonly string[]>()
let last = 0

/** A name for lines, each as wide as the screen at the most. */
export function nameOf(lines: readonly string[]): string {
  last += 1
  const name = `\ue000${last.toString(36)}`
  keep(name, lines)
  return name
}

/** The lines of a frame that Ink has laid out: a name, which stands on the first line of its block, for as many as it is for. */
export function linesOf(frame: string): string[] {
  const lines = frame.split('\n')
  for (const [row, name] of lines.entries()) {
    const block = NAME.test(name) ? blocks.get(name) : undefined
    if (!block) continue
    keep(name, block)
    lines.splice(row, block.length, ...block)
  }
  return lines
}

function keep(name: string, lines: readonly string[]): void {
  blocks.delete(name)
  blocks.set(name, lines)
  const [oldest] = blocks.keys()
  if (blocks.size > KEPT && oldest !== undefined) blocks.delete(oldest)
}
