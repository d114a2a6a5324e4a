import type { ReactNode } from 'react'
import { agentEntries, agentHead } from '../entries/agent.ts'
import { excerpt } from '../excerpt.ts'
import { Lines, Pane, useFeed } from '../pane.tsx'
import type { View } from '../view.ts'

/** All about one invocation of an agent: the one that is chosen. */
export const agent: View = {
  key: 'enter',
  title: 'agent',
  keys: [
    ['↑↓', 'move'],
    ['Enter', 'unfold'],
    ['/', 'search'],
    ['n', 'next'],
    ['g', 'top'],
    ['G', 'end'],
  ],
  draw: props => <Agent {...props} />,
}

function Agent({ scene, columns, rows }: Parameters<View['draw']>[0]): ReactNode {
  useFeed(scene)
  const { feed, style, chosen } = scene
  const row = feed.rows.get(chosen ?? '')
  if (!row) {
    const words = 'No agent is chosen: choose one in the overview or the timeline, and press Enter.'
    return <Lines lines={['', style.dim(`  ${excerpt(words, columns - 2)}`)]} rows={rows} />
  }
  const { view, now } = feed
  const page = { view, row, elapsed: (at: number) => feed.elapsed(at), now, style }
  const head = [...agentHead(page, columns), '']
  return (
    <Pane
      key={row.key}
      name={`agent ${row.key}`}
      {...{ scene, columns, rows, head }}
      entries={agentEntries(page)}
      none={[]}
    />
  )
}
