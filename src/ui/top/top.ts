import type { ChalkInstance } from 'chalk'
import type { Clock } from '../../clock.ts'
import { keyboardOf, openTerminal } from '../screen/terminal.ts'
import type { Step, TopModel } from './model.ts'
import type { TopRow } from './rows.ts'

/** How often there is another look at the runs, in milliseconds. */
const PAUSE = 1000

interface Options {
  readonly stdin: NodeJS.ReadStream
  readonly stderr: NodeJS.WriteStream
  readonly style: ChalkInstance
  readonly clock: Clock
  readonly db?: string | undefined
  load(): Promise<readonly TopRow[]>
}

/**
 * Shows the runs until somebody opens one or leaves. Rejects when they cannot be read any more; the terminal is given back
 * then as well. Undefined: there is no keyboard.
 */
export async function showTop(
  model: TopModel,
  options: Options,
): Promise<Exclude<Step, undefined> | undefined> {
  const { stdin, stderr, style, clock, db, load } = options
  const keyboard = keyboardOf(stdin)
  if (!keyboard) return undefined
  return new Promise((resolve, reject) => {
    let isOver = false
    let callOff = () => {}
    const draw = () => {
      if (isOver) return
      const lines = model.lines(terminal.size(), { style, now: clock.now(), db })
      terminal.output.write(lines.join('\n'))
    }
    const end = (settle: () => void) => {
      if (isOver) return
      isOver = true
      callOff()
      terminal.output.off('resize', draw)
      void terminal.close().then(settle)
    }
    const look = () => {
      load().then(
        rows => {
          if (isOver) return
          model.show(rows, clock.now())
          draw()
          callOff = clock.after(PAUSE, look)
        },
        error => end(() => reject(error)),
      )
    }
    const terminal = openTerminal(keyboard, {
      stdin,
      stderr,
      onKey: ({ name, text }) => {
        if (name === 'ctrl-c') return terminal.interrupt()
        if (name === 'ctrl-z') return terminal.suspend()
        if (name === 'ctrl-l') return terminal.repaint()
        const step = model.take(name, text, terminal.size())
        if (step !== undefined) return end(() => resolve(step))
        draw()
      },
      onEnd: () => end(() => resolve('quit')),
      onError: error => end(() => reject(error)),
    })
    terminal.output.on('resize', draw)
    look()
  })
}
