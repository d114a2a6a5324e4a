import { widthOf } from '../../text.ts'
import { excerpt } from '../excerpt.ts'
import { pad } from '../fit.ts'
import { labelOf, type Shape } from './standing.ts'

/** Who can pass work on to whom, and how often somebody did. */
export const arrows: Shape = (team, width) => {
  const { graph, style, ways } = team
  const names = graph.nodes.map(({ name }) => name)
  const labels = names.map(name => labelOf(team, name))
  const widest = Math.max(0, ...labels.map(widthOf))
  return names.map((from, index) => {
    const targets = [...new Set(graph.edges.filter(edge => edge.from === from).map(({ to }) => to))]
    const parts = targets
      .map(to => ({ to, count: ways(from, to) }))
      .sort((a, b) => b.count - a.count)
      .map(({ to, count }) =>
        count > 0 ? style.bold(`${excerpt(to, 24)} ×${count}`) : style.dim(excerpt(to, 24)),
      )
    const label = labels[index] ?? ''
    if (parts.length === 0) return label
    const line = [`${pad(label, widest)} ${style.dim('──►')} `]
    let room = width - widest - 5
    for (const [at, part] of parts.entries()) {
      const columns = widthOf(part) + 2
      const isLast = at === parts.length - 1
      if (columns + (isLast ? 0 : 8) > room) {
        line.push(style.dim(`+${parts.length - at} more`))
        break
      }
      line.push(part, isLast ? '' : style.dim(', '))
      room -= columns
    }
    return line.join('')
  })
}
