import type { ReactNode } from 'react'
import type { Level } from '../../log-line.ts'
import { LEVELS, logEntries } from '../entries/log.ts'
import { excerpt } from '../excerpt.ts'
import { Pane, useFeed, useKept } from '../pane.tsx'
import type { View } from '../view.ts'

/** Everything that was decided and happened, as it comes. */
export const log: View = {
  key: 'l',
  title: 'log',
  keys: [
    ['v', 'level'],
    ['/', 'search'],
    ['Enter', 'unfold'],
  ],
  draw: props => <Log {...props} />,
}

function Log({ scene, columns, rows }: Parameters<View['draw']>[0]): ReactNode {
  useFeed(scene)
  const [level, setLevel] = useKept<Level>(scene, 'level', 'info')
  const { feed, style } = scene
  const entries = logEntries(feed.log, level, style, feed.dropped)
  const onKey = (input: string) => {
    if (input !== 'v') return false
    setLevel(LEVELS[(LEVELS.indexOf(level) + 1) % LEVELS.length] ?? 'info')
    return true
  }
  const note = feed.dropped > 0 ? `, the last ${feed.log.length} events; all of them: crew logs` : ''
  const head = [style.dim(`  ${excerpt(`${SAID[level]}${note}`, columns - 2)}`)]
  const none = [`Nothing has been logged at this level yet: v shows ${SAID.debug}.`]
  return <Pane name="log" {...{ scene, columns, rows, entries, head, none, onKey }} follows />
}

const SAID: Readonly<Record<Level, string>> = {
  error: 'errors only',
  warn: 'warnings and errors',
  info: 'what happened, warnings and errors',
  debug: 'everything',
}
