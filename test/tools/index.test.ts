import { expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { createFetch } from '../../src/fetch/fetch.ts'
import { BUILT_IN, builtInTools } from '../../src/tools/index.ts'
import { temporaryStore } from '../helpers/runs.ts'

it('every built-in tool has the name by which team files know it, and models can call it', async () => {
  const { memories } = await temporaryStore()
  const tools = builtInTools({
    clock: systemClock,
    fetch: createFetch(systemClock),
    memories,
    ...{ id: 'run1', run: 'run1', agent: 'ann', team: { root: '/', name: 'test' } },
    redact: text => text,
  })
  expect(tools.map(({ name }) => name)).toEqual(BUILT_IN)
  for (const { name, description, parameters } of tools) {
    expect(name).toMatch(/^[a-z_]{1,64}$/)
    expect(description.length).toBeGreaterThan(20)
    expect(parameters).toMatchObject({ type: 'object' })
  }
})
