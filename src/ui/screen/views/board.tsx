import type { ReactNode } from 'react'
import { boardEntries, boardHead, slotsOf } from '../entries/board.ts'
import { Pane, useFeed } from '../pane.tsx'
import type { View } from '../view.ts'

/** What stands on the boards of the run. */
export const board: View = {
  key: 'b',
  title: 'board',
  keys: [
    ['/', 'search'],
    ['Enter', 'history'],
  ],
  draw: props => <Board {...props} />,
}

function Board({ scene, columns, rows }: Parameters<View['draw']>[0]): ReactNode {
  useFeed(scene)
  const { feed, style } = scene
  const entries = boardEntries(slotsOf(feed.view), style)
  const head = entries.length > 0 ? [style.dim(`  ${boardHead(columns - 2)}`.slice(0, columns))] : []
  const none = [
    'Nothing stands on the board yet.',
    'It is where agents of the pattern blackboard, and those with the tools of the board, share what they found.',
  ]
  return <Pane name="board" {...{ scene, columns, rows, entries, head, none }} />
}
