import { Chalk } from 'chalk'
import stringWidth from 'string-width'
import type { Event, Fact } from '../../../src/store/events.ts'
import { Feed } from '../../../src/ui/screen/feed.ts'
import type { Entry } from '../../../src/ui/screen/pager.ts'
import { BEGIN, history } from '../../helpers/history.ts'

export const PLAIN = new Chalk({ level: 0 })

/** A feed that was told `events`, `at` milliseconds after they began. */
export function fed(events: readonly Event[], at = 60_000): Feed {
  const feed = new Feed({ now: () => BEGIN + at, uptime: () => at, random: () => 0, after: () => () => {} })
  feed.recall(events)
  return feed
}

export function heads(entries: readonly Entry[], width: number): string[] {
  return entries.map(entry => entry.head(width).trimEnd())
}

/** As they stand below each other, to be compared. */
export function page(lines: readonly string[]): string {
  return `\n${lines.map(line => line.trimEnd()).join('\n')}\n`
}

export const HOSTILE = '\u001b[2J\u001b]0;x\u0007evil\u202etxt\nsecond line \u{1F469}\u200d\u{1F680} 漢字漢字'

/** Nothing steers a terminal, and nothing is wider than it may be. */
export function problemsIn(lines: readonly string[], width: number): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return lines.filter(line => stringWidth(line) > width || /[\u0000-\u001f\u007f-\u009f\u202e]/.test(line))
}

/** A thousand agents, each at work for a second, one after the other half a second later. */
export function crowd(count = 1000): Event[] {
  const facts: (readonly [number, Fact])[] = [
    [0, { type: 'run.started', team: 'crowd', definition: {}, input: {}, rehearsal: false, crew: '0' }],
  ]
  for (let index = 1; index <= count; index += 1) {
    const key = `branches/worker/${index}`
    const at = index * 50
    facts.push([at, { type: 'step.started', key, kind: 'agent', agent: 'worker', fingerprint: '' }])
    facts.push([at, { type: 'step.started', key: `${key}/turn-1`, kind: 'model', fingerprint: '' }])
    if (index % 2 === 0) continue
    const spent = { input: 1000, output: 100, cached: 0, usd: 0.01, agent: 'worker', model: 'a/b' }
    facts.push([at, { type: 'model.replied', key: `${key}/turn-1`, model: 'a/b', spent, milliseconds: 1 }])
    facts.push([at, { type: 'step.succeeded', key: `${key}/turn-1`, output: { text: 'x' } }])
    facts.push([at, { type: 'step.succeeded', key, output: 'done' }])
  }
  return history(...facts)
}
