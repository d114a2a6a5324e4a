import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { vi } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { systemClock } from '../../src/clock.ts'
import { EXIT, type ExitCode, toCrewError } from '../../src/errors.ts'
import { openStore } from '../../src/store/sqlite.ts'
import { describeError } from '../../src/ui/error.ts'
import { seeded } from './faults.ts'
import { temporaryFolder } from './runs.ts'
import { finish, team } from './teams.ts'

/** What crew says to somebody who looks at a store, or works with it. */
const COMMANDS = [
  ['ls'],
  ['ls', '--json'],
  ['show', 'over'],
  ['logs', 'over', '--trace'],
  ['logs', 'over', '--json'],
  ['logs', 'over', '--why', 'run'],
  ['cost', '--by', 'run'],
  ['resume', 'open', '--quiet'],
  ['doctor', '--store'],
]

const PAGE = 4096

/** The bytes of a store with a run that is over, and one that was killed in its middle. */
async function sound(): Promise<Buffer> {
  const agents = Object.fromEntries(['ann', 'ben', 'cy'].map(name => [name, { role: `You are ${name}.` }]))
  const task = 'Say what a lamp is. '.repeat(20)
  const { store, id } = await finish(
    await team({ agents, pattern: { kind: 'pipeline', stages: Object.keys(agents) } }),
    { input: { task }, rehearsal: true },
  )
  const facts = (await store.events(id)).map(({ seq, ...fact }) => fact)
  const file = join(temporaryFolder(), 'crew.db')
  const target = await openStore(file, systemClock)
  for (const [id, kept] of [
    ['over', facts],
    ['open', facts.slice(0, 8)],
  ] as const) {
    const [first, ...rest] = kept
    if (!first) throw new Error('a run has at least one event')
    const row = { id, team: 'test', path: '/team.yaml', rehearsal: true }
    const lease = await target.create(row, { host: 'elsewhere', pid: 1 }, first)
    await target.commit(lease, rest)
    await target.release(lease)
  }
  await target.close()
  return readFileSync(file)
}

type Change = (bytes: Buffer, random: () => number, file: string) => void

const below = (random: () => number, most: number) => Math.floor(random() * most)
const pageOf = (bytes: Buffer, random: () => number) => below(random, bytes.length / PAGE) * PAGE

/** Changes a value that is kept as JSON, or a column, by SQL: the file is sound then, and what is in it is not. */
function doctored(sql: string): Change {
  return (bytes, random, file) => {
    writeFileSync(file, bytes)
    const database = new Database(file)
    database.function('junk', { deterministic: false }, (data, how) =>
      junkIn(String(data), String(how), random),
    )
    const events = database.prepare('SELECT run, seq FROM events').all() as { run: string; seq: number }[]
    const { run, seq } = events[below(random, events.length)] ?? {}
    const junk = JUNK[below(random, JUNK.length)]
    database.prepare(sql.replace('VICTIM', 'run = :run AND seq = :seq')).run({ run, seq, junk })
    database.close()
    readFileSync(file).copy(bytes)
  }
}

const JUNK = ['0', 'null', '[]', '{}', '"x"', '-1', '1e999', '{"__proto__":{"x":1}}', '{', '[[[[[[]]]]]]', '']

/** One of the values of an event, in place of which stands something else. */
function junkIn(data: string, junk: string, random: () => number): string {
  const fields: Record<string, unknown> = JSON.parse(data)
  const names = Object.keys(fields)
  const name = names[below(random, names.length)]
  if (name === undefined) return junk
  if (random() < 0.3) delete fields[name]
  const rest = Object.entries(fields).filter(([each]) => each !== name)
  const text = rest.map(([each, value]) => `${JSON.stringify(each)}:${JSON.stringify(value)}`)
  return `{${[...text, ...(name in fields ? [`${JSON.stringify(name)}:${junk || 'null'}`] : [])].join(',')}}`
}

const CHANGES: Readonly<Record<string, Change>> = {
  'nothing is changed': () => {},
  'a bit is flipped': (bytes, random) => {
    const at = below(random, bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8))
  },
  'many bits are flipped': (bytes, random) => {
    for (let left = 200; left > 0; left -= 1) {
      const at = below(random, bytes.length)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8))
    }
  },
  'all is empty from a page on': (bytes, random) => void bytes.fill(0, pageOf(bytes, random)),
  'a page is lost': (bytes, random) => {
    const at = pageOf(bytes, random)
    bytes.fill(0, at, at + PAGE)
  },
  'two pages are swapped': (bytes, random) => {
    const [one, other] = [pageOf(bytes, random), pageOf(bytes, random)]
    const kept = Buffer.from(bytes.subarray(one, one + PAGE))
    bytes.copy(bytes, one, other, other + PAGE)
    kept.copy(bytes, other)
  },
  'a field of an event is another one': doctored('UPDATE events SET data = junk(data, :junk) WHERE VICTIM'),
  'an event is something else': doctored('UPDATE events SET data = :junk WHERE VICTIM'),
  'an event is of another kind': doctored("UPDATE events SET type = 'step.' || :junk WHERE VICTIM"),
  'an event is gone': doctored('DELETE FROM events WHERE VICTIM'),
  'an event refers to nothing': doctored(
    `UPDATE events SET refs = '{"output":999,"input":998}' WHERE VICTIM`,
  ),
  'references are something else': doctored('UPDATE events SET refs = :junk WHERE VICTIM'),
  'a payload is something else': doctored('UPDATE payloads SET json = :junk'),
  'a run is in no state': doctored("UPDATE runs SET state = 'bogus' || :junk"),
  'a run is another one': doctored(
    "UPDATE runs SET tokens = -5, usd = 9e99, stop = :junk, created_at = -1, path = ''",
  ),
}

export interface Answer {
  readonly command: string
  readonly exit: ExitCode
  readonly said: string
}

/** Changes a sound store `count` times, each time in one of the ways, and has crew look at what came of it. */
export async function* mutants(count: number, seed: number) {
  const bytes = await sound()
  const random = seeded(seed)
  const file = join(temporaryFolder(), 'mutant.db')
  const ways = Object.entries(CHANGES)
  for (let number = 0; number < count; number += 1) {
    const [way, change] = ways[number % ways.length] ?? []
    if (way === undefined || !change) throw new Error('there are no ways')
    const mutant = Buffer.from(bytes)
    change(mutant, random, file)
    const cut =
      number % ways.length !== 0 && random() < 0.1 ? mutant.subarray(0, below(random, mutant.length)) : mutant
    for (const end of ['-wal', '-shm']) rmSync(file + end, { force: true })
    rmSync(file, { force: true })
    writeFileSync(file, cut, { mode: 0o600 })
    const answers: Answer[] = []
    for (const command of COMMANDS) answers.push(await ask([...command, '--db', file]))
    yield { number, way: cut === mutant ? way : `${way}, and it is cut off`, answers }
  }
}

/** Calls a command in this process, as `src/cli.ts` does. */
async function ask(argv: readonly string[]): Promise<Answer> {
  let exit: ExitCode = EXIT.succeeded
  let said = ''
  const hear = (text: unknown) => {
    said += String(text)
    return true
  }
  const spies = [process.stdout, process.stderr].map(stream =>
    vi.spyOn(stream, 'write').mockImplementation(hear),
  )
  try {
    const program = createProgram(code => {
      exit = code
    })
    await program.parseAsync([...argv], { from: 'user' })
  } catch (thrown) {
    const error = toCrewError(thrown)
    exit = error.exit
    said += describeError(error)
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  return { command: argv.slice(0, -2).join(' '), exit, said }
}

/** Answers that nobody should get, whatever the file is. */
export function outrages(answers: readonly Answer[]): Answer[] {
  return answers.filter(({ exit, said }) => exit === EXIT.defect || /\n\s+at /.test(said))
}
