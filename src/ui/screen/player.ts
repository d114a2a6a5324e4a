import type { ChalkInstance } from 'chalk'
import type { Clock } from '../../clock.ts'
import type { Event } from '../../store/events.ts'
import { formatDuration } from '../format.ts'
import { widthOf } from '../text.ts'
import { Feed } from './feed.ts'
import { barOf, clip } from './fit.ts'

/** Longest wait that is shown as it was, in milliseconds. */
export const LONGEST = 2000
/** Milliseconds between two looks at the time while it plays. */
const TICK = 50
const SPEEDS = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 500]
/** Columns of the bar. */
const BAR = 24

interface Options {
  readonly clock: Clock
  readonly speed?: number
  /** The event after which it begins, by its number. */
  readonly at?: number
  /** Plays nothing by itself: everything is there at once. */
  readonly instant?: boolean
}

/** Plays a recorded run into a feed of its own, whose time is that of the recording. */
export class Player {
  readonly feed: Feed
  speed: number
  isPlaying: boolean

  private readonly events: readonly Event[]
  private readonly clock: Clock
  /** When each event is shown, in milliseconds of playing, with long waits cut short. */
  private readonly times: readonly number[]
  /** Events that were shown. */
  private shown = 0
  /** Where it is, in milliseconds of playing. */
  private position = 0
  private callOff = () => {}

  constructor(events: readonly Event[], { clock, speed = 1, at = 1, instant = false }: Options) {
    this.events = events
    this.clock = clock
    this.speed = speed
    this.times = timesOf(events)
    this.feed = new Feed({ ...clock, now: () => this.now })
    this.isPlaying = !instant
    this.seek(instant ? events.length : events.filter(({ seq }) => seq <= at).length)
  }

  get keys(): readonly (readonly [key: string, does: string])[] {
    return [
      ['space', this.isPlaying ? 'pause' : 'play'],
      ['←→', 'step'],
      ['[ ]', 'speed'],
      ['0-9', 'seek'],
    ]
  }

  /** When it is, in the time of the recording. */
  get now(): number {
    const before = this.events[this.shown - 1]
    const next = this.events[this.shown]
    if (!before) return next?.at ?? 0
    if (!next) return before.at
    const from = this.times[this.shown - 1] ?? 0
    const to = this.times[this.shown] ?? from
    const share = to > from ? (this.position - from) / (to - from) : 0
    return before.at + Math.min(1, Math.max(0, share)) * Math.max(0, next.at - before.at)
  }

  start(): void {
    this.callOff()
    if (!this.isPlaying) return
    const from = this.clock.now()
    this.callOff = this.clock.after(TICK, () => {
      this.advance((this.clock.now() - from) * this.speed)
      this.start()
    })
  }

  stop(): void {
    this.callOff()
  }

  /** Plays on for so many milliseconds of playing. */
  advance(milliseconds: number): void {
    this.position = Math.min(this.position + Math.max(0, milliseconds), this.length)
    while (this.shown < this.events.length && (this.times[this.shown] ?? 0) <= this.position) this.showNext()
    if (this.shown === this.events.length) this.isPlaying = false
    this.tell()
  }

  /** Goes to where `count` events were shown; one is the least. */
  seek(count: number): void {
    const target = Math.min(Math.max(1, count), this.events.length)
    if (target < this.shown) {
      this.feed.reset()
      this.shown = 0
    }
    this.feed.recall(this.events.slice(this.shown, target))
    this.shown = target
    this.position = this.times[target - 1] ?? 0
    this.tell()
  }

  /** True: the key was meant for it. */
  press({ name }: { readonly name: string }): boolean {
    if (name === ' ' || name === 'space') this.toggle()
    else if (name === 'right') this.step(1)
    else if (name === 'left') this.step(-1)
    else if (name === '[' || name === ']') this.change(name === ']' ? 1 : -1)
    else if (/^\d$/.test(name)) this.seekTo((Number(name) / 10) * this.length)
    else if (name === 'home') this.seek(1)
    else if (name === 'end') this.seek(this.events.length)
    else return false
    this.start()
    this.tell()
    return true
  }

  /** Where it is, in one line. */
  line(columns: number, style: ChalkInstance): string {
    const isAtEnd = this.shown === this.events.length
    const mark = isAtEnd ? '■' : this.isPlaying ? '▶' : '‖'
    const times = `${clockOf(this.position, this.length)} / ${clockOf(this.length, this.length)}`
    const { full, empty } = barOf(
      this.length > 0 ? this.position / this.length : 1,
      Math.min(BAR, columns >> 2),
    )
    const facts = [`×${this.speed}`, `event ${this.shown} of ${this.events.length}`, this.waitNow()]
    const left = `${style.cyan(mark)} ${times} ${style.cyan(full)}${style.dim(empty)}  `
    const words = facts.filter(Boolean).join(' · ')
    return left + style.dim(clip(words, columns - widthOf(left)))
  }

  /** What is cut short of the wait in which it is. */
  private waitNow(): string {
    const gap = gapBefore(this.events, this.shown)
    return gap > LONGEST ? `a wait of ${formatDuration(gap)}, cut short` : ''
  }

  private get length(): number {
    return this.times.at(-1) ?? 0
  }

  private toggle(): void {
    this.isPlaying = !this.isPlaying
    // From the end there is nowhere to go but to the beginning.
    if (this.isPlaying && this.shown === this.events.length) this.seek(1)
  }

  private step(by: number): void {
    this.isPlaying = false
    this.seek(this.shown + by)
  }

  private change(by: number): void {
    const faster = SPEEDS.find(speed => speed > this.speed)
    const slower = SPEEDS.findLast(speed => speed < this.speed)
    this.speed = (by > 0 ? faster : slower) ?? this.speed
  }

  private seekTo(position: number): void {
    this.seek(this.times.filter(time => time <= position).length)
    this.position = Math.max(this.position, position)
  }

  private showNext(): void {
    const event = this.events[this.shown]
    this.shown += 1
    if (event) this.feed.show(event)
  }

  private tell(): void {
    this.feed.touch()
  }
}

function timesOf(events: readonly Event[]): number[] {
  let time = 0
  return events.map((_, index) => {
    time += Math.min(LONGEST, gapBefore(events, index))
    return time
  })
}

/** Milliseconds between an event and the one before it. A clock that was set back makes no time. */
export function gapBefore(events: readonly Event[], index: number): number {
  const [before, event] = [events[index - 1], events[index]]
  return before && event ? Math.max(0, event.at - before.at) : 0
}

/** Minutes and seconds: `1:04`; of what is over in a moment, seconds with tenths. */
function clockOf(milliseconds: number, of: number): string {
  if (of < 10_000) return `${(milliseconds / 1000).toFixed(1)}s`
  const seconds = Math.floor(milliseconds / 1000)
  const minutes = Math.floor(seconds / 60)
  const rest = String(seconds % 60).padStart(2, '0')
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`
}
