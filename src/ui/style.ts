import { Chalk, type ChalkInstance } from 'chalk'

/** No colours, for files. */
export const PLAIN = new Chalk({ level: 0 })

/** Colours for one output stream: none unless it is a terminal, NO_COLOR is unset and TERM is not dumb. */
export function styleFor(stream: NodeJS.WriteStream): ChalkInstance {
  const { NO_COLOR, TERM, FORCE_COLOR } = process.env
  const isColoured = stream.isTTY === true && TERM !== 'dumb'
  if (NO_COLOR || !(isColoured || FORCE_COLOR)) return PLAIN
  return new Chalk()
}
