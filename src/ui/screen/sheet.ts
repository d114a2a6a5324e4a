/**
 * Ink takes a line apart into characters every time it draws, which is most of what a screen would cost. So it lays out short names
 * of lines, and the canvas puts the lines in their place.
 */

/** Lines that are kept by name before the ones that nobody looks at any more are forgotten. */
const KEPT = 2000
const NAME = /^\ue000[0-9a-z]+$/

let named = new Map<string, string>()
let lines = new Map<string, string>()
let before = lines
let last = 0

/** A name for a line, which fills the width of the screen. */
export function nameOf(line: string): string {
  const known = named.get(line)
  if (known !== undefined) return known
  if (lines.size >= KEPT) {
    before = lines
    lines = new Map()
    named = new Map()
  }
  last += 1
  const name = `\ue000${last.toString(36)}`
  keep(name, line)
  return name
}

/** The line of that name; anything else is a line itself. */
export function lineOf(name: string): string {
  if (!NAME.test(name)) return name
  const line = lines.get(name)
  if (line !== undefined) return line
  const old = before.get(name)
  // What is still looked at stays.
  if (old !== undefined) keep(name, old)
  return old ?? ''
}

function keep(name: string, line: string): void {
  lines.set(name, line)
  named.set(line, name)
}
