import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { pattern } from '../../src/patterns/index.ts'
import type { Event } from '../../src/store/events.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'
import { type Trial, type Trials, task } from './teams/members.ts'

/** Where the keys of its steps begin. */
const INSIDE = 'inner/team/'

/** A team whose only agent is the team of a trial, with the same input. */
function around({ definition }: Trial): object {
  const { input = { task: { type: 'string' } } }: { readonly input?: JsonObject } = definition
  const given = Object.fromEntries(Object.keys(input).map(name => [name, `\${input.${name}}`]))
  const inner = { kind: 'team', team: { name: 'test', ...definition }, input: given }
  return { input, agents: { inner }, pattern: { kind: 'pipeline', stages: ['inner'] } }
}

async function run(definition: object, { parts, input = { task } }: Trial) {
  const env = parts ? { ...(await scripted(parts)).env } : {}
  return finish(await team(definition), { input, env, rehearsal: parts === undefined })
}

/** Keys of the steps of the team, and of what was noted in them, as the team knows them. */
function keysIn(events: readonly Event[], type: RegExp, prefix = ''): string[] {
  const keys = events.flatMap(event => (type.test(event.type) && 'key' in event ? [event.key] : []))
  const own = keys.filter(key => key !== 'inner' && `${key}/` !== prefix)
  return own.map(key => (key.startsWith(prefix) ? key.slice(prefix.length) : `outside: ${key}`)).sort()
}

/** A team must not notice that it is inside of another. */
describe.each(pattern.options.map(option => option.unwrap().shape.kind.value))(
  'the pattern %s in a nested team',
  async kind => {
    const { trials }: { trials: Trials } = await import(`./teams/${kind}.ts`)

    it.each(Object.entries(trials))('with %s, does what it does outside', async (_, trial) => {
      const [alone, nested] = [await run(trial.definition, trial), await run(around(trial), trial)]
      if (trial.isRace) expect(nested.outcome).toMatchObject({ state: alone.outcome.state })
      else if (alone.outcome.state === 'succeeded') expect(nested.outcome).toEqual(alone.outcome)
      else expect(nested.outcome).toMatchObject({ state: 'failed', error: { code: expect.any(String) } })
      const notes = /^(?!step)/
      expect(keysIn(nested.events, notes, INSIDE).filter(key => key.startsWith('outside'))).toEqual([])
      const steps = /^step.started$/
      if (!trial.isRace) expect(keysIn(nested.events, steps, INSIDE)).toEqual(keysIn(alone.events, steps))
    })
  },
)
