import { EventEmitter } from 'node:events'
import { widthOf } from './fit.ts'
import { lineOf } from './sheet.ts'

/** The terminal shows what is between the two at once, if it knows how to. */
const BEGIN = '\x1b[?2026h'
const END = '\x1b[?2026l'

/**
 * What Ink takes for a terminal. It gets whole frames, and writes only the lines that have changed, each to its place: nothing
 * flickers, nothing scrolls, and what is on the screen never depends on where the cursor was.
 */
class Stream extends EventEmitter {
  readonly isTTY = true
  readonly writable = true
  readonly target: NodeJS.WriteStream
  private frame: readonly string[] = []
  private painted: (string | undefined)[] = []
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
    this.frame = frame.split('\n').map(lineOf)
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
    this.painted = []
    this.paint('\x1b[2J')
  }

  private paint(before = ''): void {
    if (!this.isShown) return
    const changes =
      before +
      this.frame
        .slice(0, this.size().rows)
        .map((line, index) => this.change(line, index))
        .join('')
    if (changes !== '') this.target.write(`${BEGIN}${changes}${END}`)
  }

  private change(line: string, index: number): string {
    if (this.painted[index] === line) return ''
    this.painted[index] = line
    // Behind the last column, the terminal would clear that column.
    const rest = widthOf(line) < this.size().columns ? '\x1b[K' : ''
    return `\x1b[${index + 1};1H${line}${rest}`
  }
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
