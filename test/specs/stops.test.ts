import { expect, it } from 'vitest'
import { pattern } from '../../src/patterns/index.ts'
import { finish, team } from '../helpers/teams.ts'
import { type Trials, task } from './teams/members.ts'

let stops = 0

/** A sample of `npm run test:resume`. */
it.each(pattern.options.map(option => option.unwrap().shape.kind.value))(
  'a run of the pattern %s that is stopped behind each of its steps, and resumed, ends the same',
  async kind => {
    const { trials }: { trials: Trials } = await import(`./teams/${kind}.ts`)
    const trial = Object.values(trials).find(({ parts, isRace }) => parts === undefined && !isRace)
    if (!trial) return
    const { definition, input = { task } } = trial
    const setting = { input, rehearsal: true }
    const whole = await finish(await team(definition), { ...setting, stops: false })
    const parts = await finish(await team(definition), { ...setting, stops: true })
    expect(parts.outcome.state).toBe(whole.outcome.state)
    if ('output' in whole.outcome) expect(parts.outcome).toEqual(whole.outcome)
    stops += parts.events.filter(({ type }) => type === 'run.resumed').length
  },
)

it('they were stopped many times', () => {
  expect(stops).toBeGreaterThan(20)
})
