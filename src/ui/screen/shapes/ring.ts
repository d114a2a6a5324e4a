import { widthOf } from '../../text.ts'
import { excerpt, inShort } from '../excerpt.ts'
import { type Drawn, labelOf, type Shape } from './standing.ts'

/** Who speaks one after the other, and those who stand around. */
export const ring: Shape = (team, width) => {
  const { graph, style } = team
  const members = membersOf(team)
  const others = graph.nodes.map(({ name }) => name).filter(name => !members.includes(name))
  const labels = members.map(name => labelOf(team, name))
  const beside = others.map(name => `    ${labelOf(team, name)}`)
  const wide = `${style.dim('╭─►')} ${labels.join(` ${style.dim('──►')} `)} ${style.dim('─╮')}`
  const words = saidLast(team, width)
  if (widthOf(wide) <= width) {
    const back = style.dim(`╰${'─'.repeat(widthOf(wide) - 2)}╯`)
    return [wide, back, ...beside, ...words]
  }
  const tall = labels.map((label, index) => {
    const side = index === 0 ? '╭─►' : index === labels.length - 1 ? '╰──' : '│  '
    return `${style.dim(side)} ${label}`
  })
  return [...tall, ...beside, ...words]
}

/** Those who take turns, as their ways to each other tell; all nodes where there are none. */
function membersOf({ graph }: Drawn): string[] {
  const turning = new Set(
    graph.edges.flatMap(({ from, to, label }) =>
      label === 'selects' ? [to] : label === 'what was before' ? [] : [from],
    ),
  )
  const members = graph.nodes.map(({ name }) => name).filter(name => turning.has(name))
  return members.length > 0 ? members : graph.nodes.map(({ name }) => name)
}

/** Who said what last. */
function saidLast({ nodes, view, style }: Drawn, width: number): string[] {
  const ended = [...nodes].flatMap(([name, { last }]) => {
    const step = view.steps.get(last)
    return step?.endedAt !== undefined && step.output !== undefined ? [{ name, step, at: step.endedAt }] : []
  })
  const latest = ended.reduce<(typeof ended)[number] | undefined>(
    (a, b) => (a && a.at > b.at ? a : b),
    undefined,
  )
  if (!latest) return []
  const name = excerpt(latest.name, 32)
  const said = inShort(latest.step.output ?? '', Math.max(1, width - widthOf(name) - 4))
  return ['', `  ${style.dim(`${name}:`)} ${said}`]
}
