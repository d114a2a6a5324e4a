import { expect, it } from 'vitest'
import type { ErrorCode } from '../../src/errors.ts'
import { failureOf, type Play, play } from './play.ts'
import type { Line, Part } from './scripted.ts'
import type { Finished } from './teams.ts'

/** What would go on for ever, and the limit by whose name it is stopped. */
export type Runaway = readonly [code: ErrorCode, run: Play | (() => Promise<Finished>)]

/** That each of these is stopped by the limit that is named. */
export function areStopped(runaways: Readonly<Record<string, Runaway>>): void {
  it.each(Object.entries(runaways))('is stopped: %s', async (_, [code, run]) => {
    const ended = typeof run === 'function' ? await run() : await play(run)
    expect(failureOf(ended).code).toBe(code)
  })
}

export const use = (tool: string, args = {}): Line => ({ calls: [{ tool, args }] })
export const look = (path: string) => use('list_files', { path })
export const pipeline = (...stages: string[]) => ({ kind: 'pipeline', stages })
export const program = (run: readonly string[], more: object = {}) => ({
  kind: 'command',
  retry: { attempts: 1 },
  run,
  stdin: 'none',
  effects: 'pure',
  ...more,
})

/** Says something else each time. */
export function counting(line: (turn: number) => Line): (told: string) => Line {
  let turn = 0
  return () => {
    turn += 1
    return line(turn)
  }
}

/** One agent that is alone with its tools. */
export const alone = (part: Part, tools: readonly string[] = ['list_files'], rest: object = {}): Play => ({
  pattern: pipeline('ann'),
  parts: { ann: part },
  more: { ann: { tools } },
  rest: { limits: { turns: 12, ...rest } },
})

export const commands = (ann: object, rest: object = {}): Play => ({
  pattern: pipeline('ann'),
  parts: {},
  more: { ann },
  rest,
})

export const handoff = (parts: Play['parts'], more: object = {}): Play => ({
  parts,
  pattern: { kind: 'handoff', start: 'ann', handoffs: { ann: ['ben'], ben: ['ann'] }, ...more },
})

export const machine = (nodes: object, edges: object[], more: object = {}) => ({
  kind: 'graph',
  start: 'a',
  nodes,
  edges,
  ...more,
})
export const round = [
  { from: 'a', to: 'b' },
  { from: 'b', to: 'done', when: 'output == "good"' },
  { from: 'b', to: 'a' },
]
export const nodes = { a: { agent: 'ann' }, b: { agent: 'ben' }, done: { end: 'succeeded' } }
export const refine = {
  kind: 'refine',
  generator: 'ann',
  critic: 'ben',
  until: 'critique.score > 9',
  onLimit: 'fail',
}
export const inner = (part: object, more: object = {}) => ({
  name: 'inner',
  agents: { bob: part },
  pattern: pipeline('bob'),
  ...more,
})
export const asking = { tools: ['ask_agent'] }
