import { EventEmitter } from 'node:events'
import { openSync, writeSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { systemClock } from '../../clock.ts'
import { createCanvas } from './canvas.ts'
import { createKeys, type Key } from './keys.ts'

/** Alternate screen, no cursor, lines that never wrap, pasted text marked as such; and all of it undone. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[2J\x1b[H'
const LEAVE = '\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Milliseconds until it is clear that nobody stopped the process: there is no shell to do that. */
const UNSTOPPED = 150

/** A terminal that the screen has for itself. */
export interface Terminal {
  /** What Ink draws to, and reads keys from. */
  readonly output: NodeJS.WriteStream
  readonly input: NodeJS.ReadStream
  /** Whether the keys come from standard input, so that another program could have them meanwhile. */
  readonly isShared: boolean
  readonly size: () => { readonly columns: number; readonly rows: number }
  /** Hands a key to the view that is shown, which `input` says with `sent`. The next one waits until it is `taken`. */
  forward(key: Key): void
  taken(): void
  repaint(): void
  /** As Ctrl-C where no screen is. */
  interrupt(): void
  /** As Ctrl-Z where no screen is. */
  suspend(): void
  /** Gives the terminal back for as long as `work` takes. */
  lend<T>(work: () => Promise<T>): Promise<T>
  /** Gives the terminal back; to whom it is lent keeps it until they are done. */
  close(): Promise<void>
}

interface Wishes {
  readonly stdin: NodeJS.ReadStream
  readonly stderr: NodeJS.WriteStream
  onKey(key: Key): void
  /** The terminal was given back because of a signal, or because the process ends. */
  onEnd(): void
  onError(error: unknown): void
}

/** The terminal from which keys can be read, if there is one. */
export function keyboardOf(stdin: NodeJS.ReadStream): NodeJS.ReadStream | undefined {
  if (stdin.isTTY) return stdin
  try {
    return new ReadStream(openSync('/dev/tty', 'r'))
  } catch {
    return undefined
  }
}

/** Takes the terminal over. However the process ends, short of SIGKILL, it is given back as it was. */
export function openTerminal(
  keyboard: NodeJS.ReadStream,
  { stdin, stderr, onKey, onEnd, onError }: Wishes,
): Terminal {
  const canvas = createCanvas(stderr)
  const input = createInput()
  let isOurs = false
  let isClosed = false

  /** Keys that came while the view takes up the one before. */
  const waiting: Key[] = []
  let isTaken = true
  const press = (key: Key) => {
    try {
      onKey(key)
    } catch (error) {
      onError(error)
    }
  }
  const keys = createKeys(key => {
    if (isTaken || key.name === 'ctrl-c') press(key)
    else waiting.push(key)
  })
  function forward(key: Key): void {
    isTaken = !input.send(key)
    if (!isTaken) input.emit('sent')
  }
  function taken(): void {
    isTaken = true
    while (isTaken && !isClosed) {
      const next = waiting.shift()
      if (!next) return
      press(next)
    }
  }
  const read = (chunk: Buffer | string) => keys.push(chunk.toString())
  const fail = () => end(true)

  function enter(): void {
    if (isOurs || isClosed) return
    isOurs = true
    keyboard.setRawMode(true)
    keyboard.on('data', read)
    keyboard.ref?.()
    keyboard.resume()
    setBlocking(stderr, false)
    stderr.write(ENTER)
    canvas.show()
  }

  function leave(isLast = false): void {
    if (!isOurs) return
    isOurs = false
    canvas.hide()
    keyboard.off('data', read)
    keyboard.pause()
    try {
      setBlocking(stderr, true)
      // What waits to be written comes first, unless there is no time left in which it could be.
      if (isLast && stderr.writableLength > 0) writeSync(process.stderr.fd, LEAVE)
      else stderr.write(LEAVE)
      keyboard.setRawMode(false)
    } catch {
      // The terminal is gone: there is nothing to give back.
    }
  }

  function end(isByItself: boolean): void {
    if (isClosed) return
    leave()
    isClosed = true
    keys.end()
    keyboard.unref?.()
    keyboard.off('end', fail)
    if (keyboard !== stdin) keyboard.destroy()
    else keyboard.off('error', fail)
    stderr.off('resize', canvas.resized)
    process.off('exit', onExit).off('uncaughtExceptionMonitor', onExit)
    process.off('SIGTSTP', suspend).off('SIGCONT', onContinue)
    for (const name of SIGNALS) process.off(name, onSignal)
    if (isByItself) onEnd()
  }

  const onExit = () => {
    leave(true)
    end(true)
  }
  function onSignal(name: NodeJS.Signals): void {
    leave()
    // Not while the others hear of it: some count who listens to find out whether they are to end the process.
    systemClock.after(0, () => {
      end(true)
      // Who else listens decides what becomes of the process; where nobody does, it is what the signal says.
      if (process.listenerCount(name) === 0) process.kill(process.pid, name)
    })
  }

  /** Stops the process as if no screen were there, or goes on at once where nobody can stop it. */
  function suspend(): void {
    if (isClosed) return
    leave()
    process.off('SIGTSTP', suspend)
    // The whole group stops, as when the terminal itself sees Ctrl-Z: `crew run … | jq` is one job.
    process.kill(0, 'SIGTSTP')
    systemClock.after(UNSTOPPED, onContinue)
  }
  function onContinue(): void {
    if (isClosed) return
    process.off('SIGTSTP', suspend).on('SIGTSTP', suspend)
    if (!lentTo) restart()
  }
  function restart(): void {
    leave()
    enter()
  }

  /** What it is lent for, until that is over. */
  let lentTo: Promise<unknown> | undefined
  // They come first: whatever others say when they hear of it belongs on the screen that was there before.
  for (const name of SIGNALS) process.prependListener(name, onSignal)
  process.on('SIGTSTP', suspend).on('SIGCONT', onContinue)
  process.prependListener('exit', onExit).prependListener('uncaughtExceptionMonitor', onExit)
  stderr.on('resize', canvas.resized)
  // A terminal that is gone ends, or fails.
  keyboard.on('error', fail).on('end', fail)
  enter()

  return {
    output: canvas.stream,
    input,
    isShared: keyboard === stdin,
    size: canvas.size,
    forward,
    taken,
    repaint: canvas.repaint,
    interrupt: () => void process.kill(process.pid, 'SIGINT'),
    suspend,
    async lend(work) {
      leave()
      const lent = work()
      lentTo = lent
      try {
        return await lent
      } finally {
        lentTo = undefined
        enter()
      }
    },
    async close() {
      // Whoever has the terminal would find somebody else's words in it, and a shell that reads the same keys.
      await lentTo?.catch(() => {})
      end(false)
    },
  }
}

/**
 * Node writes to terminals as to files, and stands still for as long as one takes nothing: one that is scrolled back in, or at the
 * other end of a connection that hangs. No run may wait for that, so a screen leaves out frames instead.
 */
function setBlocking(stream: NodeJS.WriteStream, isBlocking: boolean): void {
  const { _handle: handle } = stream as { _handle?: { setBlocking?(isBlocking: boolean): void } }
  handle?.setBlocking?.(isBlocking)
}

/** What Ink takes for a keyboard: it gets the keys that are left for the views, one at a time. */
class Input extends EventEmitter {
  readonly isTTY = true
  private readonly waiting: string[] = []

  /** False: no view is there to hear it, and none that comes later is meant. */
  send({ name, text, raw }: Key): boolean {
    if (this.listenerCount('readable') === 0) return false
    // Ink would wait for the rest of a lone Esc, in a callback whose errors nobody could catch.
    this.waiting.push(name === 'escape' ? '\x1b[27u' : name === 'paste' ? text : raw)
    this.emit('readable')
    return true
  }
  read(): string | null {
    return this.waiting.shift() ?? null
  }
  setRawMode(): this {
    return this
  }
  setEncoding(): this {
    return this
  }
  ref(): void {}
  unref(): void {}
}

function createInput(): Input & NodeJS.ReadStream {
  return new Input() as Input & NodeJS.ReadStream
}
