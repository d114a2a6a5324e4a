import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { type Recording, recordRun, storeIn } from '../helpers/blackouts.ts'
import { diskLibrary, onDisk } from '../helpers/disk.ts'
import { type Failed, illSaid, runOnFaultyDisk } from '../helpers/disk-faults.ts'
import { PLANNED } from '../helpers/planned.ts'
import { temporaryFolder } from '../helpers/runs.ts'

/** How many of all the moments are tried in which one kind of fault can come. */
const MOMENTS = Number(process.env.CREW_MOMENTS ?? 12)

const KINDS = ['sync', 'sync+', 'write', 'write+', 'read', 'read+', 'open', 'full', 'readonly'] as const

describe('a disk that fails', async () => {
  if (!diskLibrary())
    throw new Error('this proof needs Linux and a C compiler: apt-get install gcc libc6-dev')

  it.each([{ killed: undefined }, { killed: 'act:after:3' }])(
    'ends a run with a clear message, and loses nothing that was said to be kept; killed before: $killed',
    async ({ killed }) => {
      const whole = await recordRun(PLANNED)
      const failed: Failed[] = []
      for (const kind of KINDS)
        for (const fault of faultsOf(kind, whole))
          failed.push(await runOnFaultyDisk(whole, fault, killed === undefined ? {} : { killed }))
      failed.push(await runOnFaultyDisk(whole, 'short', killed === undefined ? {} : { killed }))
      tabulate(failed)
      const problems = failed.flatMap(({ fault, problems }) =>
        problems.map(problem => `${fault}: ${problem}`),
      )
      expect(problems).toEqual([])
      expect(failed.filter(({ code }) => code === 1).length).toBeGreaterThan(failed.length / 3)
    },
  )

  it('is no defect of commands that only read', async () => {
    const { world } = await recordRun(PLANNED)
    const folder = temporaryFolder()
    expect(await world.crew(world.run, folder)).toMatchObject({ code: 0 })
    const problems: string[] = []
    for (const fault of [
      'full:0',
      'sync:1+',
      'write:1+',
      'read:1',
      'read:4',
      'open:1',
      'open:2',
      'readonly:1',
    ])
      for (const args of [['ls'], ['show', 'last'], ['logs', 'last'], ['cost'], ['inbox']]) {
        const { code, stderr, stdout } = await world.crew(args, folder, onDisk({ folder, fault }))
        if (code !== 0)
          problems.push(...illSaid(stderr + stdout, code).map(problem => `${fault} ${args}: ${problem}`))
      }
    expect(problems).toEqual([])
    expect(await world.crew(['show', 'last'], folder)).toMatchObject({ code: 0 })
  })

  it.each([
    { held: 10, code: 0 },
    { held: 60, code: 1 },
  ])(
    'and a store that another process keeps locked for $held s: crew run ends with $code',
    async ({ held, code }) => {
      const { world } = await recordRun(PLANNED)
      const folder = temporaryFolder()
      const first = await world.crew(world.run, folder)
      expect(first.code).toBe(0)
      const other = new Database(join(storeIn(folder), 'crew.db'))
      other.exec('BEGIN IMMEDIATE')
      const release = setTimeout(() => other.exec('ROLLBACK'), held * 1_000)
      const began = Date.now()
      const waiting = world.crew(world.run, folder)
      expect(await world.crew(['ls'], folder), 'reading').toMatchObject({ code: 0 })
      expect(Date.now() - began, 'reading').toBeLessThan(5_000)
      const end = await waiting
      expect(end).toMatchObject({ code })
      expect(Date.now() - began).toBeLessThan(Math.min(held, 30) * 1_000 + 5_000)
      if (code !== 0) {
        expect(end.stderr).toMatch(/another process has kept it locked/)
        expect(end.stderr).toMatch(/→ /)
        expect(end.stderr).not.toMatch(/\n\s+at /)
      }
      clearTimeout(release)
      other.close()
    },
  )
})

/** Faults of one kind, in moments that are spread over the whole run. */
function faultsOf(kind: (typeof KINDS)[number], { records }: Recording): string[] {
  const [name = '', more = ''] = kind.split(/(?=\+)/)
  const count = (what: string) => records.filter(record => record.what === what).length
  const bytes = records.reduce((sum, { what, length }) => sum + (what === 'write' ? length : 0), 0)
  const most = {
    sync: count('sync'),
    write: count('write'),
    read: 24,
    open: 8,
    full: bytes,
    readonly: count('write'),
  }
  const last = most[name as keyof typeof most]
  const moments = Array.from({ length: MOMENTS }, (_, index) => 1 + Math.floor((index * last) / MOMENTS))
  return [...new Set(moments)].map(moment => `${name}:${moment}${more}`)
}

function tabulate(failed: readonly Failed[]): void {
  const kinds = [...new Set(failed.map(({ fault }) => fault.replace(/\d+/, 'N')))]
  console.table(
    kinds.map(kind => {
      const those = failed.filter(({ fault }) => fault.replace(/\d+/, 'N') === kind)
      const codes = [...new Set(those.map(({ code }) => code))].sort()
      return {
        fault: kind,
        runs: those.length,
        'exit codes': codes
          .map(code => `${those.filter(one => one.code === code).length} × ${code}`)
          .join(', '),
        'slowest (ms)': Math.max(...those.map(({ milliseconds }) => milliseconds)),
        'went on to the same end': those.filter(({ resumed }) => resumed === 0).length,
        'something is wrong': those.filter(({ problems }) => problems.length > 0).length,
      }
    }),
  )
  console.table([...new Set(failed.map(({ said }) => said.replace(/\S*crew\.db/, 'FILE')))])
}
