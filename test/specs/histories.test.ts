import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { resume, verify } from '../../src/app.ts'
import { systemClock } from '../../src/clock.ts'
import { pattern } from '../../src/patterns/index.ts'
import { encode } from '../../src/store/codec.ts'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/sqlite.ts'
import { fileOf, type Golden, HISTORIES, keep, RECORDS, ROOT, readGolden, STORES } from '../helpers/golden.ts'
import { temporaryFolder, temporaryStore } from '../helpers/runs.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'
import { type Trials, task } from './teams/members.ts'

const KINDS = pattern.options.map(option => option.unwrap().shape.kind.value)

async function trialsOf(kind: string) {
  const { trials }: { trials: Trials } = await import(`./teams/${kind}.ts`)
  return Object.entries(trials)
}

describe.skipIf(!RECORDS).each(KINDS)('the recorder, for the pattern %s', kind => {
  it('keeps what is missing', async () => {
    for (const [name, { definition, parts, input = { task } }] of await trialsOf(kind)) {
      const file = fileOf(kind, name)
      if (existsSync(file)) continue
      const env = parts ? { ...(await scripted(parts)).env } : {}
      keep(file, await finish(await team(definition), { input, env, rehearsal: parts === undefined }))
    }
  })
})

describe.skipIf(RECORDS)('the recorded runs', () => {
  const files = readdirSync(HISTORIES)

  it('are of every pattern, and fifty at least, in less than 2 MB', async () => {
    for (const kind of KINDS) {
      for (const [name] of await trialsOf(kind))
        expect(existsSync(fileOf(kind, name)), `${kind}, ${name}: run npm run histories`).toBe(true)
    }
    expect(files.length).toBeGreaterThanOrEqual(50)
    const sizes = files.map(file => statSync(join(HISTORIES, file)).size)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(2_000_000)
  })

  it.each(files)('%s comes to the same today, with no model, no key and no network', async file => {
    const { id, events } = readGolden(join(HISTORIES, file))
    const verdict = await verify(id, events, { store: await temporaryStore(), env: {} })
    expect(verdict.difference, 'somebody who was interrupted here could not go on').toBeUndefined()
    expect(verdict.steps).toBeGreaterThan(0)
  })
})

/** As a crew with only the first migrations would have left a run, in SQL that does not change with this crew. */
function dumpOf(schema: number, { id, events }: Golden): string {
  const text = (value: unknown) =>
    value === null ? 'NULL' : typeof value === 'number' ? value : `'${String(value).replaceAll("'", "''")}'`
  const insert = (table: string, row: Record<string, unknown>) =>
    `INSERT INTO ${table} (${Object.keys(row)}) VALUES (${Object.values(row).map(text).join(', ')});`
  const [first] = events
  const at = first?.at ?? 0
  const row = { id, team: 'test', path: '/team.yaml', rehearsal: 1, created_at: at, state: 'running' }
  const lines = [insert('runs', { ...row, updated_at: at, epoch: 1, heartbeat: at })]
  let payloads = 0
  for (const { seq, ...fact } of events) {
    const { type, at, data, large } = encode(fact)
    const refs: Record<string, number> = {}
    for (const { field, hash, json } of large) {
      payloads += 1
      refs[field] = payloads
      lines.push(insert('payloads', { id: payloads, hash: `${hash}-${payloads}`, json }))
    }
    const kept = large.length > 0 ? JSON.stringify(refs) : null
    lines.push(insert('events', { run: id, seq, at, type, data, refs: kept }))
  }
  const head = ['PRAGMA application_id = 0x63726577;', `PRAGMA user_version = ${schema};`]
  return [...head, ...MIGRATIONS.slice(0, schema), ...lines, ''].join('\n')
}

const SCHEMAS = MIGRATIONS.map((_, index) => index + 1)

describe.each(SCHEMAS)('a store of schema %i', schema => {
  const file = join(STORES, `schema-${schema}.sql`)

  it.runIf(RECORDS && !existsSync(file))('is recorded', () => {
    const { id, events } = readGolden(fileOf('pipeline', 'three stages'))
    const half = events.findIndex(event => event.type === 'step.started' && event.key === 'ben')
    writeFileSync(file, dumpOf(schema, { id, events: events.slice(0, half + 1) }))
  })

  it('opens, is brought to the schema of today, and its run goes on to the same end', async () => {
    const { id, events } = readGolden(fileOf('pipeline', 'three stages'))
    const folder = temporaryFolder()
    const path = join(folder, 'crew.db')
    const database = new Database(path)
    database.exec(readFileSync(file, 'utf8').replaceAll(ROOT, folder))
    database.close()
    const store = await openStore(path, systemClock)
    const before = await store.events(id)
    const surroundings = { store, env: {}, interrupt: new AbortController().signal, onEvent: () => {} }
    const outcome = await resume(id, before, {}, surroundings)
    await store.close()
    const last = events.at(-1)
    expect(outcome).toEqual({ state: 'succeeded', output: last?.type === 'run.succeeded' && last.output })
    expect(existsSync(`${path}.schema-${schema}.backup`)).toBe(schema < MIGRATIONS.length)
  })
})
