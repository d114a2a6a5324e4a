import type { ReactNode } from 'react'
import { billOf, costEntries } from '../entries/cost.ts'
import { Pane, useFeed } from '../pane.tsx'
import type { View } from '../view.ts'

/** Where the money goes. */
export const cost: View = {
  key: 'c',
  title: 'cost',
  keys: [
    ['↑↓', 'scroll'],
    ['/', 'search'],
  ],
  draw: props => <Cost {...props} />,
}

function Cost({ scene, columns, rows }: Parameters<View['draw']>[0]): ReactNode {
  useFeed(scene)
  const { feed, style } = scene
  const { view } = feed
  const entries = view.seq > 0 ? costEntries(billOf(view, feed.rows.values(), feed.burn), style) : []
  return (
    <Pane name="cost" {...{ scene, columns, rows, entries }} none={['Nothing has been spent yet.']} isText />
  )
}
