import { useInput } from 'ink'
import { type ReactNode, useState } from 'react'
import type { Feed } from '../feed.ts'
import { clip } from '../fit.ts'
import { type Item, itemsOf, topMovers } from '../list.ts'
import { headLine, itemLine, layoutOf } from '../list-line.ts'
import { newsLines } from '../news.ts'
import { Lines, moveFor, useFeed } from '../pane.tsx'
import { EMPTY, edit, type Prompt, showPrompt } from '../prompt.ts'
import type { Scene, View } from '../view.ts'
import { speakersIn, wordsLines } from '../words.ts'

type Props = Parameters<View['draw']>[0]

/** What is remembered while another view is shown. */
interface Memory {
  filter: string
  readonly open: Set<string>
  /** Whether somebody moves through the list: it holds still then. */
  isBrowsed: boolean
  top: number
  /** The item that is chosen, an agent or a group. */
  at: string | undefined
}

/** The agents as a list, and below it what they say and what happens. */
export const overview: View = {
  key: 'o',
  title: 'overview',
  keys: [
    ['↑↓', 'move'],
    ['Enter', 'open'],
    ['/', 'filter'],
  ],
  draw: props => <Overview {...props} />,
}

function memoryIn({ kept }: Scene): Memory {
  const known = kept.get('overview') as Memory | undefined
  const memory = known ?? { filter: '', open: new Set(), isBrowsed: false, top: 0, at: undefined }
  kept.set('overview', memory)
  return memory
}

function Overview({ scene, columns, rows }: Props): ReactNode {
  useFeed(scene)
  const [, redraw] = useState(0)
  const [prompt, setPrompt] = useState<Prompt | undefined>()
  const memory = memoryIn(scene)
  const { feed, style } = scene
  const filter = prompt ? prompt.text : memory.filter
  const news = newsLines(columns, rows, scene)
  const below = news.length
  const isFiltered = prompt !== undefined || filter !== ''
  const height = Math.max(1, rows - 1 - below - (isFiltered ? 1 : 0))
  const items = itemsOf(feed.rows.values(), { filter, open: memory.open, height })
  const seen = seenOf(items, memory, height)
  const speakers = speakersIn(seen.items.flatMap(item => ('row' in item ? item.row : [])))
  const isRoomy = height - seen.items.length - 2 >= speakers.length
  const layout = layoutOf(columns, seen.items, !isRoomy)

  const go = (to: number) => {
    const item = items[Math.max(0, Math.min(items.length - 1, to))]
    if (!item) return
    memory.isBrowsed = true
    memory.at = item.key
    if ('row' in item) scene.choose(item.row.key)
  }
  useInput((input, key) => {
    if (prompt) {
      const name = key.backspace
        ? 'backspace'
        : key.delete
          ? 'backspace'
          : key.leftArrow
            ? 'left'
            : key.rightArrow
              ? 'right'
              : ''
      if (key.return || key.escape) {
        memory.filter = key.return ? prompt.text : ''
        setPrompt(undefined)
        scene.typing?.(false)
      } else
        setPrompt(edit(prompt, { name, text: name === '' && !key.ctrl && !key.meta ? input : '', raw: '' }))
      memory.top = 0
      return
    }
    const at = items.findIndex(item => item.key === chosenIn(memory, scene))
    const page = Math.max(1, height - 1)
    const how = moveFor(input, key)
    if (how) {
      const first = memory.isBrowsed ? at : items.findIndex(({ key }) => key === seen.items[0]?.key)
      const from = at < 0 ? first - (how === 'down' ? 1 : 0) : at
      go(
        {
          up: from - 1,
          down: from + 1,
          'page-up': from - page,
          'page-down': from + page,
          first: 0,
          last: items.length - 1,
        }[how],
      )
    } else if (key.return) openItem(items[Math.max(at, 0)], memory, scene)
    else if (input === '/') {
      setPrompt({ ...EMPTY })
      scene.typing?.(true)
    } else if (key.escape) {
      memory.isBrowsed = false
      memory.filter = ''
    } else return
    redraw(count => count + 1)
  })

  const chosen = memory.isBrowsed ? chosenIn(memory, scene) : undefined
  const lines = seen.items.map(item =>
    itemLine(item, { feed, layout, columns, isChosen: item.key === chosen, style }),
  )
  if (seen.hidden > 0)
    lines.push(style.dim(`    ${seen.hidden} more at work or waiting; ↑↓ goes through all`))
  if (lines.length === 0) lines.push(style.dim(`    ${emptyWords(feed, filter)}`))
  const search = isFiltered ? [filterLine(prompt, filter, items.length, columns, scene)] : []
  const list = [...search, headLine(layout, columns, style), ...lines].slice(0, rows - below)
  const room = Math.max(0, rows - below - list.length)
  const words = layout.words > 0 ? [] : wordsLines(speakers, columns, room - 1, scene)
  const gap = Array.from({ length: room - words.length }, () => '')
  // One empty line before the words, the others behind them.
  list.push(...gap.slice(0, 1), ...words, ...gap.slice(1))
  return <Lines lines={[...list, ...news]} rows={rows} />
}

function chosenIn(memory: Memory, { chosen }: Scene): string | undefined {
  return memory.at ?? chosen
}

function openItem(item: Item | undefined, memory: Memory, scene: Scene): void {
  if (!item) return
  if ('row' in item) {
    scene.choose(item.row.key)
    memory.at = item.key
    scene.open()
  } else if (!memory.open.delete(item.name)) memory.open.add(item.name)
}

/** The part of the list that is seen: what moves, or, once somebody goes through it, what is around the chosen one. */
function seenOf(items: readonly Item[], memory: Memory, height: number) {
  if (!memory.isBrowsed) return topMovers(items, height)
  const at = Math.max(
    0,
    items.findIndex(item => item.key === memory.at),
  )
  memory.top = Math.max(0, Math.min(memory.top, at, items.length - height), at - height + 1)
  return { items: items.slice(memory.top, memory.top + height), hidden: 0 }
}

function filterLine(
  prompt: Prompt | undefined,
  filter: string,
  found: number,
  columns: number,
  { style }: Scene,
): string {
  const words = prompt ? showPrompt(prompt, columns - 24, style.inverse) : clip(filter, columns - 30)
  const keys = prompt ? `${found} found` : `${found} found, Esc shows all`
  return `  ${style.cyan('/')}${words}  ${style.dim(keys)}`
}

function emptyWords({ view }: Feed, filter: string): string {
  if (filter !== '') return `no agent has "${clip(filter, 30)}" in its name`
  return view.state === 'running' ? 'no agent has begun yet' : 'no agent has begun'
}
