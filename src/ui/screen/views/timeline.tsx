import { useInput } from 'ink'
import type { ReactNode } from 'react'
import { drawAxis } from '../../axis.ts'
import { legendOf } from '../../spans.ts'
import { excerpt } from '../excerpt.ts'
import { barWidth, drawLane, labelWidth, lanesOf } from '../lanes.ts'
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
  const top = firstOf(Number(scene.kept.get('timeline') ?? 0), index, all.length, height)
  scene.kept.set('timeline', top)
  const shown = all.slice(top, top + height)
  const isLive = view.state === 'running'
  const now = isLive ? feed.now : view.updatedAt
  const lanes = lanesOf(shown, view, now)
  const width = columns - 2
  const look = {
    ...{ label: labelWidth(lanes, width), columns: width, style, isLive, now },
    ...{ total: Math.max(1, feed.elapsed(now)), elapsed: (at: number) => feed.elapsed(at) },
  }
  const left = ' '.repeat(2 + look.label + 1)
  const axis = drawAxis(look.total, barWidth(look)).map(line => style.dim(left + line))
  const drawn = lanes.map(lane => (lane.key === chosen ? style.cyan('› ') : '  ') + drawLane(lane, look))
  const gap = Array.from({ length: height - lanes.length }, () => '')
  const which = shown.length < all.length ? `${top + 1}–${top + shown.length} of ${all.length} agents   ` : ''
  const legend = excerpt(which + legendOf(lanes.flatMap(({ spans }) => spans)), width)
  return <Lines lines={[...axis, ...drawn, ...gap, style.dim(`  ${legend}`)]} rows={rows} />
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
