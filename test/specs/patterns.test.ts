import PQueue from 'p-queue'
import { describe, expect, it } from 'vitest'
import { resume, verify } from '../../src/app.ts'
import type { Outcome } from '../../src/engine/execute.ts'
import type { Event } from '../../src/store/events.ts'
import { patternKinds, trialsOf } from '../helpers/every-trial.ts'
import { storeWith } from '../helpers/runs.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'
import { type Trial, task } from './teams/members.ts'

/** What a run of a trial needs. A scripted server is one to each execution: its agents begin anew. */
async function settingOf({ parts, input = { task } }: Trial) {
  const env = parts ? { ...(await scripted(parts)).env } : {}
  return { input, env, rehearsal: parts === undefined }
}

/** Keys of the steps that a list of events leaves committed. */
function committed(events: readonly Event[]): string[] {
  return events.flatMap(event => (event.type === 'step.succeeded' ? [event.key] : []))
}

function started(events: readonly Event[]): string[] {
  return events.flatMap(event => (event.type === 'step.started' ? [event.key] : []))
}

/** How a run ended, whichever of its executions an error comes from. */
function ending(outcome: Outcome) {
  return 'error' in outcome ? { ...outcome, error: outcome.error.toFailure() } : outcome
}

/** Every pattern that is registered has a file of trials; one without fails. */
describe.each(patternKinds)('the pattern %s', async kind => {
  const all = Object.entries(await trialsOf(kind))

  it('is put to this test', () => {
    expect(all.length).toBeGreaterThan(0)
  })

  it.each(all)('with %s, killed behind any event, ends as if nothing had happened', async (_, trial) => {
    const setting = await settingOf(trial)
    const { id, outcome, events, store } = await finish(await team(trial.definition), setting)
    expect(outcome).toMatchObject({ state: trial.state ?? 'succeeded' })
    const verdict = await verify(id, events, { store, env: {} })
    expect(verdict).toEqual({
      steps: new Set(started(events)).size - verdict.inside,
      inside: expect.any(Number),
    })
    // A named crash point leaves the journal as one of these cuts does: what is around a commit behind the last event of one,
    // what is around an act behind its intent. What differs, the world outside, is counted in test/proof/crash.proof.ts.
    const killedBehind = async (kept: number) => {
      const before = events.slice(0, kept)
      const store = await storeWith(before, id, { rehearsal: setting.rehearsal })
      const { env } = await settingOf(trial)
      const surroundings = { store, env, interrupt: new AbortController().signal, onEvent: () => {} }
      const resumed = await resume(id, before, {}, surroundings)
      const after = (await store.events(id)).slice(kept)
      const where = `killed behind event ${kept} (${events[kept - 1]?.type})`
      if (trial.isRace) expect(resumed, where).toMatchObject({ state: outcome.state })
      else expect(ending(resumed), where).toEqual(ending(outcome))
      const repeated = started(after).filter(key => committed(before).includes(key))
      expect(repeated, `${where}: repeated`).toEqual([])
      const ends = committed([...before, ...after])
      expect(ends, `${where}: committed twice`).toEqual([...new Set(ends)])
    }
    // Some of them wait, for a retry or a deadline: others can go on meanwhile.
    await new PQueue({ concurrency: 4 }).addAll(events.slice(1).map((_, at) => () => killedBehind(at + 1)))
  })

  it.each(all)('with %s, gives every step a key that does not depend on timing', async (_, trial) => {
    const keys = async () => {
      const { events } = await finish(await team(trial.definition), await settingOf(trial))
      // Once each: a step that a stop broke off, in `npm run test:resume`, begins again.
      return [...new Set(started(events))].sort()
    }
    expect(await keys()).toEqual(await keys())
  })
})
