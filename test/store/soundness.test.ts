import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../src/json.ts'
import type { Event } from '../../src/store/events.ts'
import { soundViewOf } from '../../src/store/soundness.ts'
import { viewOf } from '../../src/store/view.ts'
import { HISTORIES, readGolden } from '../helpers/golden.ts'
import { began, history, RETRIED, started, succeeded } from '../helpers/history.ts'

const recorded = readdirSync(HISTORIES).map(file => readGolden(join(HISTORIES, file)))

const OVER = { type: 'run.succeeded', output: 1 } as const

/** A run that begins as it should, and goes on with `event`. */
function withEvent(event: JsonObject): Event[] {
  return [...history([0, began()]), { seq: 2, at: 1, ...event } as unknown as Event]
}

function flawIn(events: readonly Event[]): string {
  try {
    soundViewOf('r', events)
    return ''
  } catch (error) {
    expect(error).toMatchObject({ code: 'store' })
    return (error as Error).message
  }
}

describe('a journal', () => {
  it('that crew has written is sound, and comes to what its events say', () => {
    for (const { id, events } of recorded) expect(soundViewOf(id, events)).toEqual(viewOf(events))
  })

  it('is damaged wherever a field is something else than it may be', () => {
    const anything = new Set(['input', 'output', 'value'])
    const overlooked = new Set<string>()
    const seen = new Set<string>()
    for (const { type, ...fields } of recorded.flatMap(({ events }) => events)) {
      if (type === 'run.started') continue
      for (const name of Object.keys(fields)) {
        const field = `${type}.${name}`
        if (anything.has(name) || seen.has(field)) continue
        seen.add(field)
        const flaw = flawIn(withEvent({ ...(fields as JsonObject), seq: 2, type, [name]: [[]] }))
        if (!flaw.includes(name === 'seq' || name === 'at' ? `it.${name}: ` : `${field}`))
          overlooked.add(field)
      }
    }
    expect(seen.size).toBeGreaterThan(80)
    expect([...overlooked]).toEqual([])
  })

  const decision = { type: 'decision', key: 'a', what: 'w', reason: 'r' }
  const deep = JSON.parse(`${'['.repeat(1_000)}${']'.repeat(1_000)}`) as Json
  it.each<[string, readonly Event[], string]>([
    ['has no events', [], 'it has no events'],
    ['begins in its middle', history([0, started('a', 'step')]), 'a run begins with run.started'],
    ['begins twice', history([0, began()], [0, began()]), 'a run begins only once'],
    ['lacks an event', RETRIED.filter(({ seq }) => seq !== 4), 'it has number 5'],
    [
      'goes on after its end',
      history([0, began()], [1, OVER], [2, started('a', 'step')]),
      'run is succeeded',
    ],
    ['ends what never began', history([0, began()], [1, succeeded('a')], [2, succeeded('a')]), 'illegal'],
    ['lacks a field', withEvent({ ...decision, reason: undefined as never }), 'decision.reason: is missing'],
    ['has a kind of event from nowhere', withEvent({ type: 'toString' }), '"toString" is no kind of event'],
    ['has no kind of event', withEvent({ type: 7 }), 'it.type: is no text'],
    [
      'has an endless number',
      withEvent({ type: 'standstill', milliseconds: JSON.parse('1e999') }),
      'no number',
    ],
    [
      'spends less than nothing',
      withEvent({ type: 'step.unknown', key: 'a', spent: { input: -1 } }),
      'spent.input',
    ],
    [
      'has a wrong item in a list',
      withEvent({ type: 'run.waiting', on: ['a', 1] }),
      'run.waiting.on.1: is no text',
    ],
    [
      'has an error that nobody knows',
      withEvent({ type: 'step.failed', key: 'a', error: { code: { toString: 1 }, message: 'm' } }),
      'step.failed.error.code: is no error code',
    ],
    [
      'changes what all objects have',
      withEvent({ ...decision, values: JSON.parse('{"x":{"__proto__":{"y":1}}}') }),
      'it has a field __proto__',
    ],
    [
      'is nested without end',
      withEvent({ type: 'run.succeeded', output: deep }),
      'nested more than 500 levels',
    ],
  ])('that %s is damaged', (_, events, why) => {
    expect(flawIn(events)).toContain(why)
    expect(Object.hasOwn(Object.prototype, 'y')).toBe(false)
  })
})
