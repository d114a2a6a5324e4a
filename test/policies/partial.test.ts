import { expect, it } from 'vitest'
import { viewOf } from '../../src/store/view.ts'
import { styleFor } from '../../src/ui/style.ts'
import { documentOf, summarize } from '../../src/ui/summary.ts'
import { decisions, play } from '../helpers/play.ts'

const ladder = ['retry', 'partial']
const retry = { attempts: 2, backoff: '1ms' }

it('goes on with a rejected text, which says in its first line that it is not whole', async () => {
  const { outcome, events, told } = await play({
    pattern: { kind: 'pipeline', stages: ['ann', 'ben'] },
    parts: { ann: ['half', 'three quarters'], ben: ['Read.'] },
    more: { ann: { check: [{ that: 'size(output) > 100' }], retry, ladder } },
  })
  expect(outcome).toEqual({ state: 'succeeded', output: 'Read.' })
  expect(told.at(-1)).toMatch(
    /From ann:\n\[PARTIAL: ann gave an output that fails check 1[^\n]*\]\nthree quarters/,
  )
  expect(decisions(events, 'partial')).toMatchObject([
    { key: 'ann', values: { error: 'check-failed', from: 'a rejected answer' } },
  ])
})

it('goes on with a rejected object, which has the key partial', async () => {
  const output = { type: 'object', properties: { n: { type: 'number' } }, required: ['n', 'm'] }
  const { outcome } = await play({
    pattern: { kind: 'pipeline', stages: ['ann'] },
    parts: { ann: [{ n: 1 }, { n: 2 }] },
    more: { ann: { output, retry, ladder } },
    output: '${has(steps.ann.output.partial) ? "partial: " + string(steps.ann.output.n) : "whole"}',
  })
  expect(outcome).toEqual({ state: 'succeeded', output: 'partial: 2' })
})

it('goes on with nothing where there was no answer, and says so', async () => {
  const broken = { kind: 'command', run: ['false'], effects: 'pure', ladder }
  const run = await play({ pattern: { kind: 'pipeline', stages: ['ann'] }, parts: {}, more: { ann: broken } })
  expect(run.outcome).toEqual({ state: 'succeeded', output: expect.stringMatching(/^\[PARTIAL: [^\n]*\]$/) })
  const view = viewOf(run.events)
  const lines = summarize(run.id, run.outcome, view, styleFor({ isTTY: false } as never))
  expect(lines.join('\n')).toMatch(/partial: ann: (?!ann:)/)
  expect(documentOf(run.id, run.outcome, view)).toMatchObject({
    state: 'succeeded',
    partial: [{ step: 'ann' }],
  })
})

it('leaves data that the pattern needs to those who can give them', async () => {
  const { outcome } = await play({
    pattern: { kind: 'route', classifier: 'ann', routes: { x: 'ben' } },
    parts: { ann: ['no data', 'none either'], ben: ['never'] },
    more: { ann: { retry, ladder } },
  })
  expect(outcome).toMatchObject({ state: 'failed', error: { code: 'output-invalid' } })
})
