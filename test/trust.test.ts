import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { resume, run } from '../src/app.ts'
import { systemClock } from '../src/clock.ts'
import type { Event } from '../src/store/events.ts'
import type { TimedFact } from '../src/store/store.ts'
import { loadTeam } from '../src/team/load.ts'
import { about, standingOf, stateOf, trustTeam } from '../src/team/standing.ts'
import { answers, isTrusted, keep, revoke } from '../src/trust.ts'
import { storeWith, temporaryFolder, temporaryStore } from './helpers/runs.ts'
import { team } from './helpers/teams.ts'

let home: string

beforeEach(() => {
  home = temporaryFolder()
  vi.stubEnv('CREW_HOME', home)
  onTestFinished(() => void vi.unstubAllEnvs())
})

const ANSWER = { hash: 'abcdef123', folder: '/x', file: '/x/team.yaml', at: 1, by: 'ann', shown: ['a: date'] }
const kept = () => join(home, 'trust.json')

describe('answers about trust', () => {
  it('are kept in a file of their own that nobody else may read', async () => {
    expect(await answers()).toEqual([])
    await keep(ANSWER)
    await keep({ ...ANSWER, hash: 'other' })
    await keep({ ...ANSWER, by: 'ben' })
    expect((await answers()).map(({ hash, by }) => [hash, by])).toEqual([
      ['other', 'ann'],
      ['abcdef123', 'ben'],
    ])
    expect(await isTrusted('abcdef123')).toBe(true)
    expect(await isTrusted('abcdef')).toBe(false)
    expect(statSync(kept()).mode & 0o777).toBe(0o600)
  })

  it('are taken back', async () => {
    await keep(ANSWER)
    expect(await revoke(({ hash }) => hash === 'nothing')).toEqual([])
    expect(await revoke(({ hash }) => hash === ANSWER.hash)).toEqual([ANSWER])
    expect(await isTrusted(ANSWER.hash)).toBe(false)
  })

  it.each([
    ['no JSON', '{"answers": [{"hash": "abc'],
    ['empty', ''],
    ['no object', '[]'],
    ['something else', '{"answers": true}'],
    ['a part of what crew writes', '{"answers": [{"hash": "abcdef123"}]}'],
    ['more than crew writes', JSON.stringify({ answers: [{ ...ANSWER, trusted: '*' }] })],
  ])('that are %s trust nothing, and say where the file is', async (_, text) => {
    writeFileSync(kept(), text)
    for (const use of [() => isTrusted('abcdef123'), () => keep(ANSWER), () => revoke(() => true)]) {
      await expect(use()).rejects.toMatchObject({
        code: 'usage',
        details: { hint: `mend or remove ${kept()}` },
      })
    }
    expect(readFileSync(kept(), 'utf8')).toBe(text)
  })

  it('that cannot be read trust nothing', async () => {
    mkdirSync(kept())
    await expect(isTrusted('x')).rejects.toMatchObject({ code: 'usage' })
  })
})

describe('a team', () => {
  const definition = (run: string) => ({
    name: 'test',
    agents: { a: { kind: 'command', run: [run] } },
    pattern: { kind: 'pipeline', stages: ['a'] },
  })

  async function trusted() {
    const folder = temporaryFolder()
    const file = join(folder, 'team.json')
    writeFileSync(file, JSON.stringify(definition('date')))
    const team = await loadTeam(file)
    await trustTeam(team, await standingOf(team), systemClock)
    const [answer] = await answers()
    return { folder, file, answer: answer as NonNullable<typeof answer> }
  }

  const standing = async (file: string) => (await standingOf(await loadTeam(file))).state

  it('that can do nothing is harmless, whatever is kept', async () => {
    const file = join(temporaryFolder(), 'team.json')
    const agents = { a: { role: 'You write.' } }
    writeFileSync(file, JSON.stringify({ ...definition(''), agents }))
    expect(await standing(file)).toBe('harmless')
  })

  it('is trusted once somebody has said so, with what was shown, by whom and where', async () => {
    const { folder, file, answer } = await trusted()
    expect(await standing(file)).toBe('trusted')
    expect(answer).toMatchObject({ folder, file, shown: ['agents.a.run: date'] })
    expect(answer.by).toMatch(/@/)
    expect(await stateOf(answer)).toBe('as it was')
  })

  it('is unknown in another folder, and known under another name of its folder', async () => {
    const { folder, file } = await trusted()
    const elsewhere = temporaryFolder()
    symlinkSync(folder, join(elsewhere, 'link'))
    expect(await standing(join(elsewhere, 'link', 'team.json'))).toBe('trusted')
    renameSync(file, join(elsewhere, 'team.json'))
    expect(await standing(join(elsewhere, 'team.json'))).toBe('unknown')
  })

  it('says later what has become of it', async () => {
    const { file, answer } = await trusted()
    writeFileSync(file, JSON.stringify(definition('whoami')))
    expect(await standing(file)).toBe('unknown')
    expect(await stateOf(answer)).toBe('changed')
    writeFileSync(file, 'no team')
    expect(await stateOf(answer)).toBe('broken')
    rmSync(file)
    expect(await stateOf(answer)).toBe('gone')
    expect(await stateOf({ ...answer, file: '-' })).toBe('')
  })

  it('is found by its path, through links and when it is gone', async () => {
    const { folder, file, answer } = await trusted()
    const link = join(temporaryFolder(), 'link')
    symlinkSync(folder, link)
    rmSync(file)
    expect((await about(join(link, 'team.json')))(answer)).toBe(true)
    expect((await about(join(folder, 'other.json')))(answer)).toBe(false)
    expect((await about('-'))({ ...answer, file: '-' })).toBe(false)
  })
})

describe('a rehearsal of a team that nobody trusts', () => {
  it('executes nothing, not even what has no effects, and that stays so when it is resumed', async () => {
    const mark = join(home, 'mark')
    const agents = {
      a: { kind: 'command', run: ['touch', mark], effects: 'pure' },
      b: { kind: 'http', url: 'http://127.0.0.1:9/', method: 'GET' },
      c: { kind: 'command', run: ['touch', mark], effects: 'pure' },
    }
    const loaded = await team({ agents, pattern: { kind: 'pipeline', stages: ['a', 'b', 'c'] }, input: {} })
    const wishes = { rehearsal: true, onCreated: () => {} }
    const surroundings = { env: {}, interrupt: new AbortController().signal }
    const events: Event[] = []
    const onEvent = (event: Event | TimedFact) => void ('seq' in event && events.push(event))
    const store = await temporaryStore()
    const outcome = await run(loaded, {}, wishes, { ...surroundings, store, onEvent, untrusted: true })
    expect(outcome.state).toBe('succeeded')
    expect(events[0]).toMatchObject({ type: 'run.started', untrusted: true })
    for (const count of [1, 4, events.length - 3]) {
      const cut = events.slice(0, count)
      const again = await storeWith(cut, 'again', { rehearsal: true })
      const resumed = await resume('again', cut, {}, { ...surroundings, store: again, onEvent: () => {} })
      expect(resumed).toEqual(outcome)
    }
    expect(existsSync(mark)).toBe(false)
  })

  it('is all that may be run of it', async () => {
    const loaded = await team({
      agents: { a: { kind: 'command', run: ['date'] } },
      pattern: { kind: 'pipeline', stages: ['a'] },
      input: {},
    })
    const surroundings = {
      store: await temporaryStore(),
      env: {},
      interrupt: new AbortController().signal,
      onEvent: () => {},
      untrusted: true,
    }
    await expect(run(loaded, {}, { rehearsal: false, onCreated: () => {} }, surroundings)).rejects.toThrow(
      'a team that nobody trusts was to be run',
    )
  })
})
