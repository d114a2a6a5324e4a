import type { FileHandle } from 'node:fs/promises'
import * as z from 'zod'
import { decodeText } from '../plain-text.ts'
import { quoted } from './names.ts'
import { PATH_HINT, type Place, planFor, resolveUnder, withFile } from './path.ts'
import { defineTool, toolFailed } from './tool.ts'

/** The most that one call gives back. */
const CAP = 64 * 1024
const NEWLINE = 10

export const readFile = defineTool({
  name: 'read_file',
  description: 'Reads a text file, or some of its lines. Gives at most 64 KiB and says how to read on.',
  effects: 'pure',
  reach: 'reads',
  args: z.strictObject({
    path: z.string().min(1).describe(`File, ${PATH_HINT}`),
    from: z.int().min(1).default(1).describe('First line to read'),
    lines: z.int().min(1).optional().describe('How many lines; as many as fit by default'),
  }),
  plan: ({ path }, ground) => planFor(path, ground),
  async run({ path, from, lines = Number.POSITIVE_INFINITY }, { signal, ...ground }) {
    const place = await resolveUnder(ground, path)
    return withFile(place, async file => {
      const start = await findLine(file, from, signal)
      if (start.line < from) throw toolFailed(`${quoted(place.shown)} has only ${start.line} lines.`)
      const bytes = await readAt(file, start.offset, CAP + 1)
      return excerpt(place, bytes, from, lines)
    })
  },
})

/** Where line `wanted` begins, or the last line of a file that has fewer. */
async function findLine(file: FileHandle, wanted: number, signal: AbortSignal) {
  let line = 1
  let offset = 0
  let end = 0
  while (line < wanted) {
    signal.throwIfAborted()
    const chunk = await readAt(file, end, CAP)
    if (chunk.length === 0) break
    for (let at = chunk.indexOf(NEWLINE); at >= 0 && line < wanted; at = chunk.indexOf(NEWLINE, at + 1)) {
      line += 1
      offset = end + at + 1
    }
    end += chunk.length
  }
  const isPastEnd = line > 1 && (await readAt(file, offset, 1)).length === 0
  return isPastEnd ? { line: line - 1, offset } : { line, offset }
}

/** Up to `length` bytes from `position` on; fewer only at the end of the file. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

/** The lines that fit, and what to ask for next. */
function excerpt(place: Place, bytes: Buffer, from: number, lines: number): string {
  if (bytes.length === 0) return '[The file is empty.]'
  const isMore = bytes.length > CAP
  const whole = isMore ? bytes.lastIndexOf(NEWLINE, CAP - 1) + 1 : bytes.length
  const text = decodeText(bytes.subarray(0, whole || CAP))
  if (text === undefined) throw toolFailed(`${quoted(place.shown)} is not a text file.`)
  if (whole === 0)
    return `${text}\n[Line ${from} is cut: it is longer than 64 KiB. Read on with from: ${from + 1}.]`
  const all = text.split(/(?<=\n)/)
  const shown = all.slice(0, lines)
  if (!isMore && shown.length === all.length) return text
  const next = from + shown.length
  return `${shown.join('')}[Lines ${from} to ${next - 1}. Read on with from: ${next}.]`
}
