import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { Clock } from '../../clock.ts'
import { open, type Partner, type Program } from '../../spawn.ts'
import type { Sdk } from './sdk.ts'
import { legibleLine } from './words.ts'

/** Bytes of one message, and of what a server that does not read may be told. */
export const LARGEST_MESSAGE = 4 * 2 ** 20

export interface Line {
  readonly transport: Transport
  /** The last thing that it wrote and that is no message; empty when there was none. */
  readonly noise: () => string
}

/**
 * A server that reads and writes lines. It is a program of `src/spawn.ts`, so that it ends with all that it started;
 * the SDK's own transport starts processes by itself.
 * @param fail is told why it cannot be talked to any more
 */
export function stdioLine(
  command: Pick<Partner, 'argv' | 'cwd' | 'env' | 'ending'>,
  clock: Clock,
  { JSONRPCMessageSchema }: Pick<Sdk, 'JSONRPCMessageSchema'>,
  fail: (why: string, isHarmful: boolean) => void,
): Line {
  let program: Program | undefined
  let isClosed = false
  let ended: Promise<void> | undefined
  let noise = ''
  const read = (line: string) => {
    if (line.trim() === '') return
    try {
      transport.onmessage?.(JSONRPCMessageSchema.parse(JSON.parse(line)))
    } catch {
      noise = legibleLine(line.slice(0, 1000), 200)
    }
  }
  const split = splitLines(read, () => {
    fail(`it sent a message larger than ${LARGEST_MESSAGE / 2 ** 20} MiB`, true)
  })
  const transport: Transport = {
    async start() {
      const onOutput = (bytes: Buffer) => {
        if (!isClosed) split(bytes, () => isClosed)
      }
      const onEnd = (how: string) => {
        if (isClosed) return
        fail(`it ${how}`, false)
      }
      program = await open({ ...command, onOutput, onEnd }, clock)
      if (isClosed) await program.end()
    },
    async send(message) {
      if (isClosed || !program) throw new Error('it has ended')
      program.tell(`${JSON.stringify(message)}\n`)
      if (program.unread > LARGEST_MESSAGE) fail('it does not read what it is told', true)
    },
    async close() {
      if (!isClosed) {
        isClosed = true
        transport.onclose?.()
      }
      ended ??= program?.end()
      await ended
    },
  }
  return { transport, noise: () => noise }
}

/** Gives out whole lines, until one is longer than a message may be, or nobody wants more. */
function splitLines(give: (line: string) => void, tooLong: () => void) {
  let rest: Buffer[] = []
  let size = 0
  return (bytes: Buffer, isOver: () => boolean) => {
    let from = 0
    for (let end = bytes.indexOf(10); end >= 0 && !isOver(); end = bytes.indexOf(10, from)) {
      const line = Buffer.concat([...rest, bytes.subarray(from, end)])
      rest = []
      size = 0
      from = end + 1
      if (line.length > LARGEST_MESSAGE) return tooLong()
      give(line.toString())
    }
    if (isOver()) return
    const last = bytes.subarray(from)
    if (last.length > 0) rest.push(last)
    size += last.length
    if (size <= LARGEST_MESSAGE) return
    rest = []
    tooLong()
  }
}
