import { CrewError } from '../errors.ts'
import type { Answer } from '../fetch/fetch.ts'
import { readable } from './readable.ts'

/** The most of a body that is read. */
const CAP = 2 ** 20

/** A body as a model can read it. */
export interface Content {
  readonly text: string
  /** As the server says it, in lower case; empty when it does not say. */
  readonly type: string
  /** That were read. */
  readonly bytes: number
  /** Said about the text: that it is cut, or why there is none. */
  readonly notes: readonly string[]
}

/** Reads an answer up to 1 MiB: HTML as readable text, other text as it is; of anything else only what it is. */
export async function readContent(answer: Answer): Promise<Content> {
  const { bytes, isCut } = await readStart(answer)
  const type = typeOf(answer)
  const notes = isCut ? [`it is larger than 1 MiB: this is its beginning`] : []
  const content = { type, bytes: bytes.length, notes }
  if (bytes.length === 0) return { ...content, text: '' }
  const text = decode(bytes, type)
  if (text === undefined) {
    const about = `it is not text (${type || 'of unknown type'}, ${isCut ? 'more than ' : ''}${bytes.length} bytes), so it is not shown`
    return { ...content, text: '', notes: [about] }
  }
  if (!/^(text\/html|application\/xhtml\+xml)\b/.test(type)) return { ...content, text }
  const words = await readable(text)
  if (words !== undefined) return { ...content, text: words }
  return {
    ...content,
    text,
    notes: [...notes, 'it is nested too deeply to be made readable: this is its source'],
  }
}

/** No more of the field than a type: the rest would be words of the server that nobody marks as such. */
function typeOf({ header }: Answer): string {
  const field = (header('content-type') ?? '').toLowerCase()
  const [type = ''] = /^[\w.+-]{1,60}\/[\w.+-]{1,100}(?=[\s;,]|$)/.exec(field) ?? []
  const charset = /charset\s*=\s*"?([\w.:-]{1,40})/.exec(field)?.[1]
  return type !== '' && charset !== undefined ? `${type}; charset=${charset}` : type
}

async function readStart({ body }: Answer): Promise<{ readonly bytes: Buffer; readonly isCut: boolean }> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const bytes of body) {
    pieces.push(bytes)
    size += bytes.length
    if (size > CAP) break
  }
  return { bytes: Buffer.concat(pieces).subarray(0, CAP), isCut: size > CAP }
}

const TEXTUAL =
  /^(text\/|application\/([\w.-]+\+)?(json|xml|yaml|javascript|ecmascript|toml|graphql|sql|x-\w+)\b)/

/** Undefined for what is no text, by its type or by its bytes. */
function decode(bytes: Uint8Array, type: string): string | undefined {
  const declared = /charset\s*=\s*"?([\w.:-]+)/.exec(type)?.[1]
  const isWide = /^utf-?16/.test(declared ?? '')
  if (!isWide && bytes.includes(0)) return undefined
  if (declared === undefined && type !== '' && !TEXTUAL.test(type)) return undefined
  const text = decoderOf(declared).decode(bytes)
  // Where nothing says that it is text, the bytes have to.
  const broken = text.length - text.replaceAll('\uFFFD', '').length
  return broken > text.length / 10 ? undefined : text
}

function decoderOf(charset = 'utf-8'): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(charset)
  } catch {
    return new TextDecoder()
  }
}

/** What the model is told of something that went wrong in an HTTP request. The end of the run is not its business. */
export function asToolFailure(thrown: unknown, signal: AbortSignal): unknown {
  if (!(thrown instanceof CrewError) || signal.aborted) return thrown
  const { hint } = thrown.details
  return new CrewError('tool-failed', thrown.message, { cause: thrown, ...(hint !== undefined && { hint }) })
}
