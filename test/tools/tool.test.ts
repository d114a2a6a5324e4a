import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { CrewError } from '../../src/errors.ts'
import { defineTool, runTool } from '../../src/tools/tool.ts'
import { manualClock } from '../helpers/clock.ts'
import { setting } from './folder.ts'

const clock = manualClock()
const endless = (effects?: 'pure') =>
  defineTool({
    name: 'endless',
    description: 'Never ends, whatever anybody says.',
    ...(effects && { effects }),
    args: z.strictObject({}),
    run: () => new Promise(() => {}),
  })
const use = (tool = endless('pure'), { ctx, root, aside } = setting('.')) =>
  runTool(tool, {}, { root, ctx, aside, clock, deadline: 60_000 })

describe('a tool that never ends', () => {
  it('is given up when its time is over', async () => {
    const result = use()
    clock.advance(59_999)
    clock.advance(1)
    await expect(result).rejects.toMatchObject({
      code: 'timeout',
      message: 'endless was not done after 1 minute',
      details: { hint: 'raise timeout.tool of the agent' },
    })
  })

  it('is told so, and can end what it does', async () => {
    const reasons: unknown[] = []
    const listening = defineTool({
      ...{ name: 'listening', description: '', effects: 'pure', args: z.strictObject({}) },
      run(_, { signal }) {
        signal.addEventListener('abort', () => reasons.push(signal.reason))
        return new Promise(() => {})
      },
    })
    const result = use(listening)
    clock.advance(60_000)
    await expect(result).rejects.toMatchObject({ code: 'timeout' })
    expect(reasons).toMatchObject([{ code: 'timeout' }])
  })

  it('holds up nobody who ends the run', async () => {
    const controller = new AbortController()
    const result = use(endless('pure'), setting('.', controller.signal))
    controller.abort(new CrewError('interrupted', 'stopped'))
    await expect(result).rejects.toMatchObject({ code: 'interrupted' })
  })
})

it('a tool that only has others work has no deadline: they have their own', async () => {
  let isOver = false
  const end = () => {
    isOver = true
  }
  use(endless()).then(end, end)
  clock.advance(10 * 60_000)
  await new Promise(resolve => setImmediate(resolve))
  expect(isOver).toBe(false)
})
