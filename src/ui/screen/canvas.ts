import { EventEmitter } from 'node:events'
import { widthOf } from '../text.ts'
import { linesOf } from './sheet.ts'

/** The terminal shows what is between the two at once, if it knows how to. */
const BEGIN = '\x1b[?2026h'
const END = '\x1b[?2026l'
const CLEAR = '\x1b[2J'

/**
 * What Ink takes for a terminal. It gets whole frames, and writes only the lines that have changed, each to its place: nothing
 * flickers, nothing scrolls, and what is on the screen never depends on where the cursor was. While a terminal does not take what it
 * was given, nothing more is written: it gets the newest frame when it does.
 */
class Stream extends EventEmitter {
  readonly isTTY = true
  readonly writable = true
  readonly target: NodeJS.WriteStream
  private frame: readonly string[] = []
  /** What stands there; undefined: who knows. */
  private painted: readonly string[] | undefined
  private isShown = false

  constructor(target: NodeJS.WriteStream) {
    super()
    this.target = target
  }

  /** Enough for the names of lines, which is all that Ink lays out. */
  get columns(): number {
    return 20
  }
  get rows(): number {
    return this.size().rows
  }
  size() {
    return { columns: this.target.columns || 80, rows: this.target.rows || 24 }
  }

  write(frame: string): boolean {
    this.frame = linesOf(frame)
    this.paint()
    return true
  }

  show(): void {
    this.isShown = true
    this.repaint()
  }
  hide(): void {
    this.isShown = false
  }
  /** Everything anew, whatever is there. */
  repaint(): void {
    this.painted = undefined
    this.paint()
  }

  private paint(): void {
    if (!this.isShown || this.target.writableLength > 0) return
    const { columns, rows } = this.size()
    const known = this.painted
    this.painted = this.frame.slice(0, rows)
    const changed = this.painted.map((line, row) => (known?.[row] === line ? '' : put(line, row, columns)))
    const text = (known ? '' : CLEAR) + changed.join('')
    if (text !== '') this.target.write(BEGIN + text + END, () => this.paint())
  }
}

function put(line: string, row: number, columns: number): string {
  // Behind the last column, the terminal would clear that column.
  const rest = widthOf(line) < columns ? '\x1b[K' : ''
  return `\x1b[${row + 1};1H${line}${rest}`
}

export function createCanvas(target: NodeJS.WriteStream) {
  const stream = new Stream(target)
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    size: () => stream.size(),
    show: () => stream.show(),
    hide: () => stream.hide(),
    repaint: () => stream.repaint(),
    resized: () => {
      stream.repaint()
      stream.emit('resize')
    },
  }
}
