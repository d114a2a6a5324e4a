import type { ChalkInstance } from 'chalk'
import { Box, Text, useInput } from 'ink'
import { type ReactNode, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { sanitize } from '../text.ts'
import { excerpt } from './excerpt.ts'
import { wrap } from './fit.ts'
import {
  createBreaker,
  type Entry,
  goTo,
  INDENT,
  type Layout,
  layOut,
  type Move,
  move,
  type Place,
  rowOf,
  START,
  scroll,
  search,
  topOf,
  turn,
} from './pager.ts'
import { nameOf } from './sheet.ts'
import type { Scene } from './view.ts'

/** Draws a view anew when there is something new to see, and while the run is running every second. */
export function useFeed({ feed }: Scene): void {
  useSyncExternalStore(feed.subscribe, feed.snapshot)
  const [, tick] = useState(0)
  const isRunning = feed.view.state === 'running'
  useEffect(() => {
    if (!isRunning) return
    return feed.everySecond(() => tick(count => count + 1))
  }, [isRunning, feed])
}

/** State of a view that is still there when somebody comes back to it. */
export function useKept<T>({ kept }: Scene, name: string, first: T): [value: T, keep: (next: T) => void] {
  const [, redraw] = useState(0)
  const keep = (next: T) => {
    kept.set(name, next)
    redraw(count => count + 1)
  }
  return [kept.has(name) ? (kept.get(name) as T) : first, keep]
}

/** Exactly `rows` lines, which are harmless and not wider than they may be. Whatever a view shows, it shows with this. */
export function Lines({
  lines,
  rows,
}: {
  readonly lines: readonly string[]
  readonly rows: number
}): ReactNode {
  const text = Array.from({ length: rows }, (_, row) => lines[row] ?? '').join('\n')
  const name = useMemo(() => nameOf(text.split('\n')), [text])
  return (
    <Box height={rows} overflow="hidden">
      <Text>{name}</Text>
    </Box>
  )
}

interface PaneProps {
  /** By which its place is remembered. */
  readonly name: string
  readonly scene: Scene
  readonly columns: number
  readonly rows: number
  readonly entries: readonly Entry[]
  /** Lines that stay where they are, above. */
  readonly head?: readonly string[]
  /** What stands there when there are no entries. */
  readonly none: readonly string[]
  /** The end is followed until somebody goes up. */
  readonly follows?: boolean
  /** Lines to read and nothing to choose: it is scrolled by lines. */
  readonly isText?: boolean
  /** What other keys do. True: it was one of them. */
  readonly onKey?: (input: string) => boolean
}

const MARK = '› '

/** Entries to go through, to unfold and to search. */
export function Pane(props: PaneProps): ReactNode {
  const {
    name,
    scene,
    columns,
    rows,
    entries,
    head = [],
    none,
    follows = false,
    isText = false,
    onKey,
  } = props
  const { style } = scene
  const breakUp = useRef(createBreaker()).current
  const [place, setPlace] = useKept<Place>(
    scene,
    name,
    follows ? START : { ...START, at: { id: '', line: 0 } },
  )
  const finder = useFinder(scene)
  const height = Math.max(1, rows - head.length - (finder.line === undefined ? 0 : 1))
  const anchored = anchor(place, entries, follows)
  const layout = layOut(entries, anchored.turned, columns - MARK.length, breakUp)
  const top = topOf(anchored, layout, height)
  const now: Place = { ...anchored, top }
  const seek = (query: string, back: boolean) => {
    const found = search(entries, now, layout, { query, back, breakUp })
    finder.report(found === undefined ? 'nothing found' : '')
    if (found) setPlace(found)
  }

  useInput((input, key) => {
    if (finder.take(input, key, query => seek(query, false))) return
    const how = moveFor(input, key)
    if (how) setPlace(isText ? scroll(now, how, layout, height) : move(now, how, layout, height, follows))
    else if (key.return) setPlace(turn(now, layout))
    else if (input === '/') finder.open()
    else if ((input === 'n' || input === 'N') && finder.query !== '') seek(finder.query, input === 'N')
    else if (onKey?.(input)) setPlace(goTo(now, follows ? Number.POSITIVE_INFINITY : 0, layout, follows))
  })

  if (entries.length === 0) {
    const words = none.flatMap(line => wrap(line, columns - 2).map(part => style.dim(`  ${part}`)))
    return <Lines lines={[...head, '', ...words]} rows={rows} />
  }
  const chosen = isText ? -1 : rowOf(now, layout)
  const lines = Array.from({ length: height }, (_, index) =>
    drawRow(layout, top + index, top + index === chosen, style),
  )
  const foot = finder.line === undefined ? [] : [excerpt(finder.line, columns)]
  return <Lines lines={[...head, ...lines, ...foot]} rows={rows} />
}

/** Who stands nowhere yet stands at the first entry, or follows the end. */
function anchor(place: Place, entries: readonly Entry[], follows: boolean): Place {
  const { at, top, turned } = place
  if (at && entries.some(({ id }) => id === at.id)) return place
  const [first] = entries
  return follows || !first ? { top, turned } : { top, turned, at: { id: first.id, line: 0 } }
}

function drawRow(layout: Layout, row: number, isChosen: boolean, style: ChalkInstance): string {
  const found = layout.at(row)
  if (!found) return ''
  const { entry, line } = found
  const mark = isChosen ? style.cyan(MARK) : ' '.repeat(MARK.length)
  if (line === 0) {
    const head = entry.head(layout.width)
    return mark + head
  }
  return `${mark}${' '.repeat(INDENT)}${layout.pagesOf(entry)?.line(line - 1) ?? ''}`
}

type Pressed = Parameters<Parameters<typeof useInput>[0]>[1]

export function moveFor(input: string, key: Pressed): Move | undefined {
  if (key.ctrl || key.meta) return undefined
  if (key.upArrow || input === 'k') return 'up'
  if (key.downArrow || input === 'j') return 'down'
  if (key.pageUp) return 'page-up'
  if (key.pageDown || input === ' ') return 'page-down'
  if (key.home || input === 'g') return 'first'
  if (key.end || input === 'G') return 'last'
  return undefined
}

/** Reads what is searched for, on the last line. */
function useFinder({ typing }: Scene) {
  const [state, setState] = useState({ query: '', isOpen: false, note: '' })
  const { query, isOpen, note } = state
  // Whoever else hears the key that ended it must still find that it was meant for this.
  const letGo = () => queueMicrotask(() => typing?.(false))
  return {
    query,
    line: isOpen ? `/${query}▏` : note === '' ? undefined : `/${query}: ${note}`,
    open() {
      typing?.(true)
      setState({ query: '', isOpen: true, note: '' })
    },
    report: (said: string) => setState(({ query }) => ({ query, isOpen: false, note: said })),
    /** True: the key was meant for it. */
    take(input: string, key: Pressed, found: (query: string) => void): boolean {
      if (!isOpen) return false
      if (key.escape || key.return) {
        setState({ query: key.escape ? '' : query, isOpen: false, note: '' })
        letGo()
        if (key.return && query !== '') found(query)
      } else if (key.backspace || key.delete) setState({ ...state, query: [...query].slice(0, -1).join('') })
      else if (!key.ctrl && !key.meta)
        setState({ ...state, query: query + sanitize(input).replace(/\s+/g, ' ') })
      return true
    },
  }
}
