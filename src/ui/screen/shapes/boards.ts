import { widthOf } from '../../text.ts'
import { slotsOf } from '../entries/board.ts'
import { cell, excerpt, inShort } from '../excerpt.ts'
import { pad } from '../fit.ts'
import { labelOf, type Shape } from './standing.ts'

/** The board in the middle, with who wrote what, and those who work at it. */
export const blackboard: Shape = (team, width) => {
  const { graph, view, prefix, style } = team
  const slots = slotsOf(view).filter(slot => slot.team === prefix)
  const room = Math.max(20, Math.min(100, width) - 4)
  const name = Math.min(20, Math.max(8, ...slots.map(slot => widthOf(excerpt(slot.name, 20)))))
  const by = Math.min(
    14,
    Math.max(6, ...slots.map(({ writes }) => widthOf(excerpt(writes.at(-1)?.by ?? '', 14)))),
  )
  const latest = Math.max(0, ...slots.flatMap(({ writes }) => writes.map(({ at }) => at)))
  const notes = slots.map(slot => {
    const last = slot.writes.at(-1)
    const paint = last?.at === latest ? style.cyan : style.reset
    const times = slot.writes.length > 1 ? `×${slot.writes.length}` : ''
    const said = pad(
      inShort(last?.value ?? '', Math.max(1, room - name - by - 6)),
      Math.max(1, room - name - by - 6),
    )
    return `${paint(cell(slot.name, name))} ${style.dim(`${cell(last?.by ?? '', by)} ${times.padEnd(3)}`)} ${paint(said)}`
  })
  const inside = notes.length > 0 ? notes : [style.dim(cell('nothing stands on it yet', room))]
  const side = style.dim('│')
  const contributors = graph.nodes.filter(({ kind }) => kind !== 'board').map(({ name }) => name)
  const labels = contributors.map(each => labelOf(team, each))
  const widest = Math.max(0, ...labels.map(widthOf))
  return [
    style.dim(`╭ board ${'─'.repeat(Math.max(0, room - 5))}╮`),
    ...inside.map(text => `${side} ${pad(text, room)} ${side}`),
    style.dim(`╰${'─'.repeat(room + 2)}╯`),
    ...labels.map((label, index) => {
      const writes = graph.edges.filter(({ from, to }) => from === contributors[index] && to === 'board')
      const what = writes
        .map(({ label = '' }) => label)
        .filter(Boolean)
        .join(', ')
      return `  ${pad(label, widest)} ${style.dim(excerpt(what === '' ? '' : `writes ${what}`, Math.max(1, width - widest - 4)))}`
    }),
  ]
}
