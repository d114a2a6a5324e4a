import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { basename, isAbsolute, join, normalize } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import * as z from 'zod'
import { CrewError } from '../errors.ts'
import { type Json, parseJson } from '../json.ts'
import type { Event } from './events.ts'
import { createAuditor, harmIn } from './soundness.ts'
import type { Adoption, RunRow, Store, TimedFact } from './store.ts'
import { tallyOf } from './tally.ts'

/**
 * A run as a file: gzip'd lines of JSON. The first says what it is, the last how many events stand between them and the
 * SHA-256 of all lines before it. docs/store.md describes it.
 */
const FORMAT = 1

/** How many events are read at once. */
const BATCH = 500

/** What a file may unpack to, in bytes: in all, in one line, and for each byte of it once that is a good deal. */
const LARGEST = 256 * 2 ** 20
const LONGEST = 64 * 2 ** 20
const DENSEST = 200
const DENSE_FROM = 16 * 2 ** 20

/** Writes a run, as far as it is now, into `target`: a file, or a stream that stays open. How many events there are. */
export async function writeRun(
  store: Pick<Store, 'events'>,
  run: RunRow,
  target: string | NodeJS.WritableStream,
): Promise<number> {
  const sink = typeof target === 'string' ? createWriteStream(target) : target
  const told = { events: 0 }
  await pipeline(Readable.from(linesOf(store, run, told)), createGzip(), sink, {
    end: typeof target === 'string',
  })
  return told.events
}

/** The digest of a run, as far as its first `events` are concerned, as its file would have it. */
export async function digestOf(store: Pick<Store, 'events'>, run: RunRow, events: number): Promise<string> {
  const told = { events: 0, digest: '' }
  for await (const _ of linesOf(store, run, told, events));
  return told.digest
}

async function* linesOf(
  store: Pick<Store, 'events'>,
  { id, path, createdAt }: RunRow,
  told: { events: number; digest?: string },
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<string> {
  const digest = createHash('sha256')
  const line = (value: object) => {
    const text = `${JSON.stringify(value)}\n`
    digest.update(text)
    return text
  }
  const first = (await store.events(id, 0, 1))[0]
  yield line({ crew: 'run', format: FORMAT, id, path: inFull(path, first), createdAt })
  let batch: readonly Event[]
  do {
    batch = await store.events(id, told.events, Math.min(BATCH, most - told.events))
    for (const event of batch) yield line(event)
    told.events += batch.length
  } while (batch.length === BATCH && told.events < most)
  told.digest = digest.digest('hex')
  yield `${JSON.stringify({ end: true, events: told.events, sha256: told.digest })}\n`
}

/** The path of a team file as somebody elsewhere can read it: it is kept as it was typed. */
function inFull(path: string, first: Event | undefined): string {
  const root = first?.type === 'run.started' ? first.definition.root : undefined
  return path === '-' || isAbsolute(path) || typeof root !== 'string' ? path : join(root, basename(path))
}

export interface Portable {
  readonly run: Adoption
  readonly first: Event
  readonly digest: string
  /** Parsed anew each time: a long run is larger as objects than as text. */
  facts(): Iterable<TimedFact>
}

/** Reads a run from a file or a stream, all of it, and believes nothing. Rejects with `usage` when it is not as it should be. */
export async function readRun(source: string | NodeJS.ReadableStream): Promise<Portable> {
  const name = typeof source === 'string' ? source : 'the file from stdin'
  const reader = createReader()
  // Where two ends of a pipeline fail, it tells of the other one.
  let refused: unknown
  try {
    const packed = typeof source === 'string' ? createReadStream(source) : source
    const gunzip = createGunzip()
    await pipeline(packed, gunzip, async chunks => {
      const lines = splitter(line => reader.take(line))
      try {
        for await (const chunk of chunks as AsyncIterable<Buffer>) lines.push(chunk, gunzip.bytesWritten)
        lines.end()
      } catch (error) {
        refused = error
        throw error
      }
    })
    return reader.end()
  } catch (error) {
    throw refusal(name, refused ?? error)
  }
}

/** Something about the file that makes it no run that could be taken in. */
class Refused extends Error {}

function refusal(name: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const why =
    error instanceof Refused
      ? error.message
      : code === 'Z_BUF_ERROR'
        ? 'it is cut off'
        : code.startsWith('Z_')
          ? 'it is not compressed, or damaged'
          : { ENOENT: 'there is no such file', EISDIR: 'it is a folder', EACCES: 'it may not be read' }[code]
  if (why === undefined) return error
  return new CrewError('usage', `${name} was not imported: ${why}; nothing was changed`, {
    hint: 'have it written once more where the run is: crew export RUN',
  })
}

/** Cuts bytes into lines, and minds how much there is. */
function splitter(take: (line: string) => void) {
  let rest: Buffer[] = []
  let length = 0
  let total = 0
  const tooMuch = (what: string) => new Refused(what)
  return {
    push(chunk: Buffer, packed: number) {
      total += chunk.length
      if (total > LARGEST) throw tooMuch(`it unpacks to more than ${LARGEST / 2 ** 20} MB`)
      if (total > DENSE_FROM && total > packed * DENSEST)
        throw tooMuch(`it unpacks to more than ${DENSEST} times its size`)
      let from = 0
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        const line = Buffer.concat([...rest, chunk.subarray(from, at)])
        rest = []
        length = 0
        from = at + 1
        take(line.toString('utf8'))
      }
      length += chunk.length - from
      if (length > LONGEST) throw tooMuch(`a line of it is longer than ${LONGEST / 2 ** 20} MB`)
      if (from < chunk.length) rest.push(chunk.subarray(from))
    },
    end() {
      if (length > 0) throw new Refused('it is cut off')
    },
  }
}

const runId = z.string().regex(/^[0-9a-z]{1,32}$/, 'is no id of a run')
const place = z
  .string()
  .max(4096)
  .refine(path => path === '-' || isPlace(path), 'is no absolute path')
const HEAD = z.strictObject({
  crew: z.literal('run'),
  format: z.literal(FORMAT),
  id: runId,
  path: place,
  createdAt: z.number().int().nonnegative(),
})
const END = z.strictObject({
  end: z.literal(true),
  events: z.number().int(),
  sha256: z.string().length(64),
})
const DEFINITION = z.object({
  team: z.record(z.string(), z.unknown()),
  root: place,
  files: z.record(place, z.record(z.string(), z.unknown())).optional(),
})

/** Nothing in it may lead elsewhere, or look like something else. */
function isPlace(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return isAbsolute(path) && normalize(path) === path && !/[\u0000-\u001f\u007f]/.test(path)
}

function createReader() {
  const digest = createHash('sha256')
  const auditor = createAuditor()
  const lines: string[] = []
  let head: z.infer<typeof HEAD> | undefined
  let end: z.infer<typeof END> | undefined
  let first: Event | undefined

  function takeEvent(event: Json, line: string): void {
    const problem = auditor.take(event)
    if (problem !== undefined) throw new Refused(problem)
    first ??= event as unknown as Event
    lines.push(line)
  }

  return {
    take(line: string): void {
      if (end) throw new Refused('something stands behind its end')
      const value = parse(line)
      if (!head) head = readHead(value)
      else if (isEnd(value)) {
        end = read(END, value)
        if (end.events !== lines.length) throw new Refused('events are missing')
        if (end.sha256 !== digest.digest('hex')) throw new Refused('its digest is another one')
        return
      } else takeEvent(value, line)
      digest.update(`${line}\n`)
    },
    end(): Portable {
      if (!head || !end || first?.type !== 'run.started') throw new Refused('it is cut off')
      read(DEFINITION, first.definition as Json)
      const { id, path, createdAt } = head
      const { view } = auditor
      const { team, rehearsal } = first
      function* facts(): Iterable<TimedFact> {
        for (const line of lines) {
          const { seq, ...fact } = JSON.parse(line) as Event
          yield fact
        }
      }
      const tally = tallyOf(facts())
      const run: Adoption = {
        ...{ id, path, createdAt, team, rehearsal, ...tally },
        state: tally.state ?? 'running',
        updatedAt: view.updatedAt,
        epoch: 1,
        imported: lines.length,
      }
      return { run, first, digest: end.sha256, facts }
    },
  }
}

function parse(line: string): Json {
  const value = parseJson(line)
  if (value === undefined) throw new Refused('a line of it is not JSON')
  return value
}

function readHead(value: Json): z.infer<typeof HEAD> {
  const version = z.object({ crew: z.literal('run'), format: z.number() }).safeParse(value)
  if (!version.success) throw new Refused('it is no run that crew has exported')
  if (version.data.format > FORMAT)
    throw new Refused(
      `a newer crew wrote it (format ${version.data.format}; this crew knows ${FORMAT}): update crew`,
    )
  return read(HEAD, value)
}

function isEnd(value: Json): boolean {
  return typeof value === 'object' && value !== null && 'end' in value && !('seq' in value)
}

function read<T>(schema: z.ZodType<T>, value: Json): T {
  const harm = harmIn(value)
  if (harm !== undefined) throw new Refused(harm)
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Refused(`${issue?.path.join('.') || 'it'}: ${issue?.message}`)
}
