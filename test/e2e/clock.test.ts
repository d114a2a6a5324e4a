import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import type { Event } from '../../src/store/events.ts'
import { crewHome, ended } from '../helpers/crew.ts'
import { preloadable } from '../helpers/preload.ts'

const HOUR = 3_600

describe.runIf(preloadable('clock.c'))('a clock that is set while a run is under way', () => {
  it.each([
    ['back and forth', [-HOUR, HOUR, 0]],
    ['a day forward, and back again', [24 * HOUR, 0]],
    ['back, in small steps', [-2, -4, -8, -16]],
  ])('%s changes nothing of what the run does, or says that it took', async (_, jumps) => {
    const { crew, team, start, home } = crewHome()
    const file = join(home, 'wrong')
    writeFileSync(file, '0')
    const env = { LD_PRELOAD: preloadable('clock.c') ?? '', CLOCK_FILE: file }
    const step = { kind: 'command', run: ['sleep', '0.1'], effects: 'pure', stdin: 'none' }
    const stages = ['a', 'b', 'c', 'd', 'e', 'f']
    const agents = Object.fromEntries(stages.map(name => [name, step]))
    const path = team({ agents, pattern: { kind: 'pipeline', stages }, limits: { time: '1m' } })

    const child = start(['run', path, 'go', '--events'], env)
    const events: Event[] = []
    const ahead = [...jumps]
    if (child.stdout)
      createInterface(child.stdout).on('line', line => {
        const event: Event = JSON.parse(line)
        events.push(event)
        const isMiddle = event.type === 'step.started' && event.kind === 'command'
        if (isMiddle && ahead.length > 0) writeFileSync(file, String(ahead.shift()))
      })
    expect(await ended(child)).toMatchObject({ code: 0 })
    expect(ahead).toEqual([])

    const times = events.map(({ at }) => at)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(events.filter(({ type }) => type === 'alert')).toEqual([])
    expect(await crew(['doctor', '--store'], { env })).toMatchObject({ code: 0 })
    const { milliseconds } = JSON.parse((await crew(['resume', 'last', '--json'], { env })).stdout)
    expect(milliseconds).toBeGreaterThan(300)
    expect(milliseconds).toBeLessThan(30_000)
  })
})
