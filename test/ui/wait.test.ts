import { setTimeout as sleep } from 'node:timers/promises'
import { WriteStream } from 'node:tty'
import { describe, expect, it, vi } from 'vitest'
import { whileWaiting } from '../../src/ui/wait.ts'

/** A terminal that keeps what is written to it. */
function terminal({ isTTY = true, columns = 80 } = {}) {
  let written = ''
  const stream: NodeJS.WriteStream = Object.assign(Object.create(WriteStream.prototype), {
    isTTY,
    columns,
    write: (text: string) => {
      written += text
      return true
    },
    cursorTo: () => true,
    moveCursor: () => true,
    clearLine: () => {
      written += '<cleared>'
      return true
    },
  })
  const isSeen = () => vi.waitFor(() => expect(written).toContain('counting'), { timeout: 10_000 })
  return { stream, written: () => written, isSeen }
}

const env = { TERM: 'xterm' }
const SHOW_CURSOR = '\u001b[?25h'

describe('a short wait', () => {
  it('is not seen when it is over at once', async () => {
    const { stream, written } = terminal()
    expect(await whileWaiting('counting', async () => 3, { stream, env, after: 50 })).toBe(3)
    await sleep(80)
    expect(written()).toBe('')
  })

  it('is seen when it lasts, and nothing is left of it', async () => {
    const { stream, written, isSeen } = terminal()
    await whileWaiting('counting', isSeen, { stream, env, after: 1 })
    expect(written()).toMatch(/<cleared>[^<]*$/)
    expect(written().endsWith(SHOW_CURSOR) || !written().includes('\u001b[?25l')).toBe(true)
  })

  it('leaves nothing behind when it fails', async () => {
    const { stream, written, isSeen } = terminal()
    const failing = async () => {
      await isSeen()
      throw new Error('no')
    }
    await expect(whileWaiting('counting', failing, { stream, env, after: 1 })).rejects.toThrow('no')
    const before = written()
    await sleep(150)
    expect(written()).toBe(before)
  })

  it.each([
    [{ isTTY: false }, env],
    [{ columns: 0 }, env],
    [{}, { TERM: 'dumb' }],
    [{}, { ...env, CI: 'true' }],
  ])('is not seen where nobody could see it: %o, %o', async (kind, env) => {
    const { stream, written } = terminal(kind)
    await whileWaiting('counting', () => sleep(50), { stream, env, after: 1 })
    expect(written()).toBe('')
  })
})
