import type { ReactNode } from 'react'
import type { Entry } from '../pager.ts'
import { Pane, useFeed } from '../pane.tsx'
import { drawTeam } from '../shapes/index.ts'
import type { View } from '../view.ts'

/** The shape of the team, with what is at work lit. */
export const graph: View = {
  key: 'g',
  title: 'graph',
  keys: [['↑↓', 'scroll']],
  draw: props => <Graph {...props} />,
}

function Graph({ scene, columns, rows }: Parameters<View['draw']>[0]): ReactNode {
  useFeed(scene)
  const { feed, style } = scene
  const lines = drawTeam(scene.graph, feed.view, { width: columns - 2, style })
  const entries = lines.map((text, index): Entry => ({ id: String(index), head: () => text, text }))
  return <Pane name="graph" {...{ scene, columns, rows, entries }} none={['The team has no nodes.']} isText />
}
