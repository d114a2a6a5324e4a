import { useInput } from 'ink'
import { type ReactNode, useRef } from 'react'
import { excerpt } from '../excerpt.ts'
import { barWidth, drawAxis, drawLane, labelWidth, lanesOf, SIGNS } from '../lanes.ts'
import type { Move } from '../pager.ts'
import { Lines, moveFor, useFeed } from '../pane.tsx'
import type { View } from '../view.ts'

/** The agents over time. */
export const timeline: View = {
  key: 't',
  title: 'timeline',
  keys: [
    ['↑↓', 'choose'],
    ['Enter', 'open'],
  ],
  draw: props => <Timeline {...props} />,
}

function Timeline({ scene, columns, rows }: Parameters<View['draw']>[0]): ReactNode {
  useFeed(scene)
  const top = useRef(0)
  const { feed, style, chosen } = scene
  const { view } = feed
  const all = [...feed.rows.values()]
  const index = all.findIndex(({ key }) => key === chosen)
  const height = Math.max(1, rows - 3)
  useInput((input, key) => {
    const how = moveFor(input, key)
    const row = how && all[indexAfter(how, index, all.length, height)]
    if (row) scene.choose(row.key)
    else if (key.return && index >= 0) scene.open()
  })
  if (all.length === 0) {
    const words = view.seq > 0 ? 'No agent has begun yet.' : 'The run has not begun yet.'
    return <Lines lines={['', style.dim(`  ${excerpt(words, columns - 2)}`)]} rows={rows} />
  }
  top.current = firstOf(top.current, index, all.length, height)
  const shown = all.slice(top.current, top.current + height)
  const isLive = view.state === 'running'
  const now = isLive ? feed.now : view.updatedAt
  const times = { elapsed: (at: number) => feed.elapsed(at), now }
  const total = Math.max(1, feed.elapsed(now))
  const [labels, marks] = drawAxis(total, barWidth(columns - 2))
  const left = ' '.repeat(2 + labelWidth(columns - 2) + 1)
  const lanes = lanesOf(shown, view, times).map((lane, at) => {
    const isChosen = top.current + at === index
    const line = drawLane(lane, { total, columns: columns - 2, style, isLive })
    return isChosen ? `${style.cyan('›')} ${line}` : `  ${line}`
  })
  return (
    <Lines
      lines={[
        style.dim(left + labels),
        style.dim(left + marks),
        ...lanes,
        ...Array.from({ length: height - lanes.length }, () => ''),
        style.dim(footer(all.length, top.current, shown.length, columns)),
      ]}
      rows={rows}
    />
  )
}

/** Which of the lanes are seen, and what the signs mean. */
function footer(count: number, top: number, shown: number, columns: number): string {
  const which = shown < count ? `${top + 1}–${top + shown} of ${count} agents: ` : ''
  const { work, person, queue, retry } = SIGNS
  const signs = [
    `${work} at work`,
    `${person} waits for a person`,
    `${queue} waits for its turn`,
    `${retry} again`,
  ]
  return `  ${excerpt(which + signs.join(', '), columns - 2)}`
}

function indexAfter(how: Move, index: number, count: number, height: number): number {
  const from = index < 0 ? count - 1 : index
  const to = {
    up: index < 0 ? count - 1 : from - 1,
    down: from + 1,
    'page-up': from - height,
    'page-down': from + height,
    first: 0,
    last: count - 1,
  }[how]
  return Math.max(0, Math.min(count - 1, to))
}

/** The first lane that is seen: the last ones while nobody has chosen, else as little moved as it takes. */
export function firstOf(top: number, index: number, count: number, height: number): number {
  const last = Math.max(0, count - height)
  if (index < 0) return last
  return Math.min(last, Math.max(index - height + 1, Math.min(index, top)))
}
