import { readFileSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { crewHome } from '../helpers/crew.ts'

const node = (code: string) => ({ kind: 'command', run: ['node', '-e', code], effects: 'pure' })

it('says on resume that the team file is another by now, and offers a fork that takes over what still holds', async () => {
  const { crew, team } = crewHome()
  const agents = { echo: { kind: 'command', run: ['cat'], effects: 'pure' }, bad: node('process.exit(3)') }
  const path = team({ agents, pattern: { kind: 'pipeline', stages: ['echo', 'bad'] } })
  const { stderr } = await crew(['run', path, 'hello'])
  const run = /crew resume (\w+)/.exec(stderr)?.[1] ?? ''
  expect((await crew(['resume', 'last'])).stderr).not.toContain('has changed')

  writeFileSync(path, readFileSync(path, 'utf8').replace('process.exit(3)', "console.log('mended')"))
  const resumed = await crew(['resume', 'last'])
  expect(resumed.code).toBe(1)
  expect(resumed.stderr).toContain('team.json has changed since this run began')
  expect(resumed.stderr).toContain(`crew fork ${run} --team\n`)

  // As it says, from wherever one is.
  const fork = await crew(['fork', run, '--team', '--trust'])
  expect(fork).toMatchObject({ code: 0, stdout: 'mended\n' })
  expect(fork.stderr).toContain('✓ echo taken over')
  expect(fork.stderr).toContain('2 of 2 agents done (1 taken over)')
})

it('goes on with all that is due, once each, when two are told to at once and one of the runs fails', async () => {
  const { crew, team, db } = crewHome()
  const boss = { kind: 'human' }
  const end = node("process.exit(require('fs').readFileSync(0, 'utf8').includes('fail') ? 3 : 0)")
  const path = team({ agents: { boss, end }, pattern: { kind: 'pipeline', stages: ['boss', 'end'] } })
  for (const task of ['one', 'fail', 'three']) await crew(['run', path, task, '-q'])
  for (const run of ['-1', '-2', '-3']) await crew(['answer', run, 'go'])

  const both = await Promise.all([crew(['resume', '--due']), crew(['resume', '--due'])])
  expect(both.map(({ code }) => code).sort()).toEqual([0, 1])
  const database = new Database(db, { readonly: true })
  const runs = database.prepare('SELECT id, state FROM runs ORDER BY created_at').all()
  const resumed = database.prepare("SELECT run FROM events WHERE type = 'run.resumed'").pluck().all()
  database.close()
  expect(runs).toMatchObject([{ state: 'succeeded' }, { state: 'failed' }, { state: 'succeeded' }])
  expect(new Set(resumed).size).toBe(3)
  expect(resumed).toHaveLength(3)
  expect(await crew(['resume', '--due'])).toMatchObject({
    code: 0,
    stderr: 'crew: there is nothing to go on with\n',
  })
})
