import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { type Blackout, blackOut, type Recording, recordRun, storeIn } from '../helpers/blackouts.ts'
import { crewHome } from '../helpers/crew.ts'
import { diskLibrary, onDisk, readDiskLog } from '../helpers/disk.ts'
import type { NamedTrial } from '../helpers/every-trial.ts'
import { seeded } from '../helpers/faults.ts'
import { PLANNED } from '../helpers/planned.ts'
import { cutPower, inPlace } from '../helpers/power.ts'
import { proofSeed } from '../helpers/proof.ts'
import { remainsOf } from '../helpers/remains.ts'
import { temporaryFolder } from '../helpers/runs.ts'
import type { Trial } from '../specs/teams/members.ts'
import { trials as pipelines } from '../specs/teams/pipeline.ts'

const CUTS = Number(process.env.CREW_CUTS ?? 100)

const talk =
  'agents that ask each other, write to each other and to the board, and a program that answers to that'
const TALKING: NamedTrial = { pattern: 'pipeline', name: talk, trial: pipelines[talk] as Trial }

/** Long enough for SQLite to move its log into the database, and to begin the log anew, more than once. */
const LONG: NamedTrial = {
  pattern: 'parallel',
  name: 'two hundred that are asked one after the other',
  trial: {
    input: { names: Array.from({ length: 200 }, (_, index) => `n${index}`) },
    definition: {
      agents: { ann: { role: 'You count.' } },
      input: { names: { type: 'array' } },
      limits: { invocations: 1_000 },
      pattern: {
        kind: 'parallel',
        each: '${input.names}',
        as: 'name',
        agent: 'ann',
        concurrency: 1,
        aggregate: 'json',
      },
    },
  },
}

describe('a machine that loses its power while crew works', async () => {
  if (!diskLibrary())
    throw new Error('this proof needs Linux and a C compiler: apt-get install gcc libc6-dev')
  const seed = proofSeed()
  const random = seeded(seed)

  it.each([
    ['agents with tools', TALKING, {}],
    ['branches at once', PLANNED, {}],
    ['a run that was killed before', TALKING, { killed: 'act:after:4' }],
    ['a long run', LONG, {}],
  ] as const)(
    'loses nothing that was said to be kept, and goes on to the same end: %s',
    async (name, trial, manner) => {
      const recording = await recordRun(trial, manner)
      const cuts: Blackout[] = []
      const problems: string[] = []
      // Each of them takes seconds to go on with.
      const most = trial === LONG ? CUTS / 2 : CUTS
      for (let cut = 0; cut < most; cut += 1) {
        const count = momentIn(recording, random)
        const blackout = await blackOut(recording, count, random, { goesOn: true })
        cuts.push(blackout)
        problems.push(
          ...blackout.problems.map(problem => `${blackout.unsynced}, cut behind record ${count}: ${problem}`),
        )
      }
      tabulate(name, cuts)
      expect(problems, `seed ${seed}`).toEqual([])
    },
  )

  it('loses nothing of an older store, while that is migrated', async () => {
    const { crew, home } = crewHome()
    const folder = temporaryFolder()
    const db = join(storeIn(folder), 'crew.db')
    mkdirSync(storeIn(folder), { recursive: true })
    makeOldStore(db)
    const before = inPlace(folder, db, readFileSync(db))
    const log = join(home, 'disk.log')
    const env = { CREW_HOME: storeIn(folder), ...onDisk({ folder, log }) }
    expect(await crew(['ls'], { env })).toMatchObject({ code: 0 })
    const records = [...before, ...readDiskLog(log)]
    const kept = remainsOf(db).events
    expect(kept).toHaveLength(2)
    for (let count = before.length; count <= records.length; count += Math.ceil(records.length / CUTS)) {
      const after = temporaryFolder()
      cutPower(records, count, random).put(folder, after)
      const where = `seed ${seed}, cut behind record ${count}`
      expect(remainsOf(join(storeIn(after), 'crew.db')), where).toEqual({ events: kept, health: 'ok' })
      const list = await crew(['ls', '--json'], { env: { CREW_HOME: storeIn(after) } })
      expect(list, where).toMatchObject({ code: 0, stdout: expect.stringContaining('old') })
      expect(remainsOf(join(storeIn(after), 'crew.db')), where).toEqual({ events: kept, health: 'ok' })
    }
  })

  it.each(['no-wal', 'no'] as const)(
    'would be found to lose it, if nothing was synced: %s',
    async unsynced => {
      const recording = await recordRun(TALKING, { unsynced })
      const cuts: Blackout[] = []
      for (let cut = 0; cut < CUTS; cut += 1)
        cuts.push(await blackOut(recording, momentIn(recording, random), random, { goesOn: false }))
      tabulate(`synced: ${unsynced}`, cuts)
      expect(cuts.filter(({ problems }) => problems.length > 0).length).toBeGreaterThan(CUTS / 10)
    },
  )
})

/** A store with one run in it, of a crew that knew the first three migrations. */
function makeOldStore(path: string): void {
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  for (const migration of MIGRATIONS.slice(0, 3)) database.exec(migration)
  database.pragma(`application_id = ${0x63726577}`)
  database.pragma('user_version = 3')
  database.exec(`
    INSERT INTO runs (id, team, path, rehearsal, created_at, state, updated_at, epoch, heartbeat)
      VALUES ('old', 'test', '/team.yaml', 1, 1, 'succeeded', 2, 1, 2);
    INSERT INTO events (run, seq, at, type, data) VALUES
      ('old', 1, 1, 'run.started', '{"team":"test","definition":{},"input":{},"rehearsal":true,"crew":"0"}'),
      ('old', 2, 2, 'run.succeeded', '{"output":"Well."}')`)
  database.close()
}

/** Half of them right behind something that was said. */
function momentIn({ records }: Recording, random: () => number): number {
  const count = 1 + Math.floor(random() * records.length)
  if (random() < 0.5) return count
  const said = records.findIndex(({ what }, at) => at >= count && what === 'say')
  return said < 0 ? records.length : said + 1
}

function tabulate(name: string, cuts: readonly Blackout[]): void {
  const rows = (['lost', 'torn', 'kept'] as const).map(unsynced => {
    const those = cuts.filter(cut => cut.unsynced === unsynced)
    return {
      'what was not synced is': unsynced,
      cuts: those.length,
      'events printed': sum(those.map(({ printed }) => printed)),
      'events still there': sum(those.map(({ kept }) => kept)),
      'something is wrong': those.filter(({ problems }) => problems.length > 0).length,
    }
  })
  console.log(name)
  console.table(rows)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
