import type { ChalkInstance } from 'chalk'
import { formatTime } from '../../format.ts'
import type { Level, LogLine } from '../../log-line.ts'
import { cell, excerpt } from '../excerpt.ts'
import { ending } from '../fit.ts'
import type { Entry } from '../pager.ts'

export const LEVELS: readonly Level[] = ['error', 'warn', 'info', 'debug']

/** Events that matter as much as `level`, or more; `first` is the number of the first line among all there ever were. */
export function logEntries(
  log: readonly LogLine[],
  level: Level,
  style: ChalkInstance,
  first: number,
): Entry[] {
  const most = LEVELS.indexOf(level)
  return log.flatMap((line, index) => {
    if (LEVELS.indexOf(line.level) > most) return []
    const { at, key, words } = line
    const text = `${key} ${words}`
    const full = () => `${key}\n${words}`
    return [{ id: String(first + index), head: width => drawLine(line, width, style), text, body: full, at }]
  })
}

function drawLine({ at, level, key, words }: LogLine, width: number, style: ChalkInstance): string {
  const paint = { error: style.red, warn: style.yellow, info: style.reset, debug: style.dim }[level]
  const wide = width >= 100 ? 34 : 20
  const where = cell(ending(key, wide), wide)
  const fixed = 9 + 6 + wide + 1
  const said = paint(excerpt(words, Math.max(1, width - fixed)))
  return `${style.dim(formatTime(at))} ${paint(level.padEnd(5))} ${style.dim(where)} ${said}`
}
