import { formatTime } from '../format.ts'
import type { LogLine } from '../log-line.ts'
import type { Feed } from './feed.ts'
import { clip, ending, pad } from './fit.ts'
import type { Scene } from './view.ts'
import { speakersIn } from './words.ts'

/** What happened last, in so many lines as the list can spare. */
export function newsLines(columns: number, rows: number, { feed, style }: Scene): string[] {
  const speaking = Math.min(6, speakersIn(feed.rows.values()).length)
  const most =
    rows < 10 ? 0 : Math.max(Math.floor(rows / 3), Math.min(10, rows - 4 - feed.rows.size - speaking))
  const news: LogLine[] = []
  for (let index = feed.log.length - 1; index >= 0 && news.length < most - 1; index -= 1) {
    const line = feed.log[index]
    if (line && isNews(line, feed)) news.unshift(line)
  }
  if (news.length === 0) return []
  const width = columns < 100 ? 14 : 24
  const lines = news.map(({ at, level, key, words }) => {
    const paint = { error: style.red, warn: style.yellow, info: (text: string) => text, debug: style.dim }[
      level
    ]
    const where = pad(ending(key, width), width)
    return `  ${style.dim(`${formatTime(at)} ${where}`)} ${paint(clip(words, columns - width - 13))}`
  })
  return [style.dim('  latest'), ...lines, ...(rows < 14 ? [] : [''])]
}

/** Decisions, messages, failures and alerts; that agents begin, end and wait for their turn is in the list. */
function isNews({ level, key, words }: LogLine, { rows }: Feed): boolean {
  if (level === 'debug') return false
  if (/^queued: | because of /.test(words)) return false
  if (key === 'run' && (level === 'info' || /^waits for /.test(words))) return false
  return !(level === 'info' && rows.has(key) && / started|^succeeded |^cancelled/.test(words))
}
