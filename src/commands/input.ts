import { readFile } from 'node:fs/promises'
import { systemClock } from '../clock.ts'
import { CrewError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { inputFields, resolveInput } from '../team/input.ts'
import type { Definition } from '../team/schema.ts'

/** More than any model reads at once. */
const LARGEST = 16 * 2 ** 20

/** After this long without a word on stdin, in milliseconds, a person is told what crew waits for. */
const PATIENCE = 2_000

/** The input of a run, from `--input NAME=VALUE`, the TASK argument, and stdin where a task is missing. */
export async function readInput(
  definition: Definition,
  pairs: readonly string[],
  task: string | undefined,
): Promise<JsonObject> {
  const given = await readPairs(pairs)
  const needsTask = task === undefined && lacksText(definition, given)
  return resolveInput(definition, given, needsTask ? await readStdin() : task)
}

/** Whether exactly one text is needed that nobody has given: stdin may be it. */
function lacksText(definition: Definition, given: Readonly<Record<string, string>>): boolean {
  const missing = Object.entries(inputFields(definition)).filter(
    ([name, field]) => field.default === undefined && !(name in given),
  )
  return missing.length === 1 && missing[0]?.[1].type === 'string'
}

/** What `--input NAME=VALUE` gives, by name. */
export async function readPairs(pairs: readonly string[]): Promise<Record<string, string>> {
  return Object.fromEntries(await Promise.all(pairs.map(pair => readPair('input', pair))))
}

/** `--OPTION NAME=VALUE`, where `=@FILE` stands for what is in the file. Throws `usage` and `input`. */
export async function readPair(option: string, pair: string): Promise<[string, string]> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? []
  if (name === undefined || value === undefined) {
    throw new CrewError('usage', `--${option} ${pair} is not of the form NAME=VALUE`, {
      hint: `write: --${option} ${pair}=…`,
    })
  }
  return [name, value.startsWith('@') ? await readValue(`${option} ${name}`, value.slice(1)) : value]
}

async function readValue(name: string, path: string): Promise<string> {
  try {
    return decode(await readFile(path), path)
  } catch (cause) {
    if (cause instanceof CrewError) throw cause
    const why = cause instanceof Error && 'code' in cause ? cause.code : String(cause)
    throw new CrewError('input', `${name}: ${path} cannot be read (${why})`, {
      hint: `check the path; for a text that begins with @ put it into a file`,
      cause,
    })
  }
}

/** What comes on stdin, unless a person sits there: nothing then. */
async function readStdin(): Promise<string | undefined> {
  const { stdin, stderr } = process
  if (stdin.isTTY) return undefined
  const calledOff = systemClock.after(PATIENCE, () => stderr.write('crew: reading the task from stdin …\n'))
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of stdin) {
      calledOff()
      size += chunk.length
      if (size > LARGEST) throw new CrewError('input', 'stdin gives more than 16 MiB', { hint: 'give less' })
      chunks.push(chunk)
    }
  } finally {
    calledOff()
  }
  const text = decode(Buffer.concat(chunks), 'stdin').trim()
  return text === '' ? undefined : text
}

function decode(bytes: Buffer, from: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new CrewError('input', `${from} is not text in UTF-8`, { hint: 'give a text file', cause })
  }
}
