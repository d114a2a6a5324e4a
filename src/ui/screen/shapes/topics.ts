import { widthOf } from '../../text.ts'
import { excerpt } from '../excerpt.ts'
import { joinFitting, pad } from '../fit.ts'
import { type Drawn, labelOf, type Shape } from './standing.ts'

/** Topics with how often something was published to them, who does it, and who listens. */
export const topics: Shape = (team, width) => {
  const { graph, style } = team
  const names = graph.nodes.filter(({ kind }) => kind === 'topic').map(({ name }) => name)
  const heads = names.map(name => headOf(team, name))
  const widest = Math.max(0, ...heads.map(widthOf))
  const sources = names.map(name => publishersOf(team, name).join(', '))
  const left = Math.min(24, Math.max(0, ...sources.map(source => widthOf(excerpt(source, 24)))))
  return [
    ...names.map((name, index) => {
      const listeners = graph.edges.filter(({ from }) => from === name).map(({ to }) => to)
      const labels = [...new Set(listeners)].map(to => labelOf(team, to))
      const source = style.dim(
        `${pad(excerpt(sources[index] ?? '', left), left)} ${sources[index] === '' ? '  ' : '─►'} `,
      )
      const row = `${source}${pad(heads[index] ?? '', widest)} ${style.dim(labels.length > 0 ? '──►' : '')} `
      return row + joinFitting(labels, '  ', Math.max(10, width - widthOf(row)))
    }),
    ...deadLetters(team),
  ]
}

function publishersOf({ graph, nodes }: Drawn, topic: string): string[] {
  return graph.edges
    .filter(({ from, to }) => to === topic && nodes.has(from))
    .map(({ from }) => from)
    .filter((from, index, all) => all.indexOf(from) === index)
}

function headOf({ view, style }: Drawn, topic: string): string {
  const count = view.exchanged.filter(
    fact => fact.type === 'message.sent' && fact.message.topic === topic,
  ).length
  const name = `# ${excerpt(topic, 28)}`
  return count > 0 ? `${style.magenta(name)} ${style.dim(`×${count}`)}` : style.dim(name)
}

function deadLetters({ view, style }: Drawn): string[] {
  const dead = view.exchanged.filter(({ type }) => type === 'message.dead').length
  return dead > 0 ? ['', style.red(`✗ dead letters ×${dead}: the messages (m) say why`)] : []
}
