import { describe, expect, test } from 'vitest'
import { readEvents } from '../../src/models/sse.ts'
import { cpuTime } from '../helpers/cpu.ts'

async function read(...pieces: (string | Uint8Array)[]): Promise<unknown[]> {
  const heard: unknown[] = []
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) {
        controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece)
      }
      controller.close()
    },
  })
  await readEvents(body, event => heard.push(event))
  return heard
}

describe('server-sent events', () => {
  test('are read whatever pieces they come in', async () => {
    const text = ': hello\n\nevent: a\ndata: {"n":\ndata:1}\n\nid: 7\r\ndata: "ö"\r\n\r\ndata: [DONE]\n\n'
    const expected = [{ n: 1 }, 'ö']
    expect(await read(text)).toEqual(expected)
    expect(await read(...text)).toEqual(expected)
    const bytes = new TextEncoder().encode(text)
    expect(await read(...Array.from(bytes, byte => Uint8Array.of(byte)))).toEqual(expected)
  })

  test('after the last one do not count, nor does one that is cut off', async () => {
    expect(await read('data: 1\n\ndata: [DONE]\n\ndata: 2\n\n')).toEqual([1])
    expect(await read('data: 1\n\ndata: 2\n')).toEqual([1])
  })

  test('must be JSON', async () => {
    await expect(read('data: {"n"\n\n')).rejects.toThrow(SyntaxError)
  })

  test('of many megabytes in small pieces are read in a moment', async () => {
    const piece = 'x'.repeat(16_384)
    const started = cpuTime()
    const [text] = await read('data: "', ...Array.from({ length: 1000 }, () => piece), '"\n\n')
    expect(text).toHaveLength(16_384_000)
    expect(cpuTime() - started).toBeLessThan(2000)
  })
})
