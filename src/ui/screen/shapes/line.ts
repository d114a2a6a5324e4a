import { widthOf } from '../../text.ts'
import { labelOf, type Shape } from './standing.ts'

/** Stages one after the other; what does not fit goes on in the next line. */
export const line: Shape = (team, width) => {
  const { graph, style } = team
  const arrow = ` ${style.dim('──►')} `
  const lines: string[] = []
  let current = ''
  for (const { name } of graph.nodes) {
    const label = labelOf(team, name)
    const longer = current === '' ? label : current + arrow + label
    if (current !== '' && widthOf(longer) + 4 > width) {
      lines.push(`${current} ${style.dim('─╮')}`)
      current = `${style.dim('╰─►')} ${label}`
    } else current = longer
  }
  return [...lines, current]
}
