import type { ReactNode } from 'react'
import { messagesOf } from '../../messages.ts'
import { messageEntries, messageHead, partiesOf } from '../entries/messages.ts'
import { excerpt } from '../excerpt.ts'
import { Pane, useFeed, useKept } from '../pane.tsx'
import type { View } from '../view.ts'

/** What agents wrote to each other. */
export const messages: View = {
  key: 'm',
  title: 'messages',
  keys: [
    ['f', 'whose'],
    ['/', 'search'],
    ['Enter', 'unfold'],
  ],
  draw: props => <Messages {...props} />,
}

function Messages({ scene, columns, rows }: Parameters<View['draw']>[0]): ReactNode {
  useFeed(scene)
  const [party, setParty] = useKept<string | undefined>(scene, 'party', undefined)
  const { feed, style } = scene
  const all = messagesOf(feed.view)
  const entries = messageEntries(all, party, style)
  const onKey = (input: string) => {
    if (input !== 'f') return false
    const parties = partiesOf(all)
    setParty(party === undefined ? parties[0] : parties[parties.indexOf(party) + 1])
    return true
  }
  const whose = party === undefined ? [] : [style.cyan(`  only from and to ${excerpt(party, columns - 20)}`)]
  const columnHeads = style.dim(`  ${messageHead(columns - 2)}`.slice(0, columns))
  const head = entries.length > 0 ? [...whose, columnHeads] : whose
  const none = [
    'No messages yet.',
    'Agents write to each other in patterns like handoff, peers and events; in others work passes on by itself.',
  ]
  return <Pane name="messages" {...{ scene, columns, rows, entries, head, none, onKey }} follows />
}
