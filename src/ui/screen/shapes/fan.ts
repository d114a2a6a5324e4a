import { widthOf } from '../../text.ts'
import { excerpt } from '../excerpt.ts'
import { type Drawn, labelOf, type Shape } from './standing.ts'

/** Lanes that go on side by side, and who makes one result of theirs. */
export const lanes: Shape = team => {
  const { graph, style } = team
  const targets = new Set(graph.edges.map(({ to }) => to))
  const all = graph.nodes.map(({ name }) => name)
  const [end] = all.filter(name => targets.has(name))
  const labels = all.filter(name => !targets.has(name)).map(name => labelOf(team, name))
  if (end === undefined) return labels
  if (labels.length === 1) return [`${labels[0]} ${style.dim('──►')} ${labelOf(team, end)}`]
  const widest = Math.max(...labels.map(widthOf))
  const middle = (labels.length - 1) >> 1
  return labels.map((label, index) => {
    const isLast = index === labels.length - 1
    const joint = index === 0 ? (middle === 0 ? '┬' : '╮') : isLast ? '╯' : index === middle ? '┼' : '┤'
    const arm = style.dim(` ${'─'.repeat(widest - widthOf(label))}──${joint}`)
    return label + arm + (index === middle ? `${style.dim('──►')} ${labelOf(team, end)}` : '')
  })
}

/** One in the middle, and those that it gives work to; `both`: what they did comes back. */
const hub =
  (both: boolean): Shape =>
  (team, width) => {
    const { graph, style } = team
    const [middle, ...others] = graph.nodes.map(({ name }) => name)
    if (middle === undefined || others.length === 0) return graph.nodes.map(({ name }) => labelOf(team, name))
    const centre = labelOf(team, middle)
    const at = (others.length - 1) >> 1
    const ways = others.map(name => wayTo(team, middle, name, both))
    const widest = Math.min(Math.max(...ways.map(widthOf)), Math.max(0, width - widthOf(centre) - 44))
    return others.map((name, index) => {
      const isLast = index === others.length - 1
      const joint =
        others.length === 1
          ? '─'
          : index === 0
            ? at === 0
              ? '┬'
              : '╭'
            : isLast
              ? '╰'
              : index === at
                ? '┼'
                : '├'
      const left = index === at ? `${centre} ${style.dim('──')}` : ' '.repeat(widthOf(centre) + 3)
      const said = excerpt(ways[index] ?? '', widest)
      const arm = both ? '◄──►' : `─${said === '' ? '─' : ` ${said} `}${'─'.repeat(widest - widthOf(said))}─►`
      return `${left}${style.dim(joint + arm)} ${labelOf(team, name)}`
    })
  }

function wayTo({ graph, ways }: Drawn, from: string, to: string, both: boolean): string {
  if (both) return ''
  const labels = graph.edges
    .filter(edge => edge.from === from && edge.to === to)
    .map(({ label = '' }) => label)
  const count = ways(from, to)
  return `${labels.filter(Boolean).join(', ')}${count > 1 ? ` ×${count}` : ''}`
}

export const supervised = hub(true)
export const routed = hub(false)

/** Two that go on until one is content with the other. */
export const loop: Shape = team => {
  const { graph, style } = team
  const [maker, judge] = graph.nodes.map(({ name }) => labelOf(team, name))
  if (maker === undefined || judge === undefined) return [maker ?? '']
  const [there = '', back = ''] = graph.edges.map(({ label = '' }) => excerpt(label, 20))
  const gap = Math.max(widthOf(there), widthOf(back))
  const arm = (label: string) => `── ${label} ${'─'.repeat(gap - widthOf(label))}──`
  const between = style.dim(`${arm(there)}►`)
  const home = style.dim(`${' '.repeat(widthOf(maker))}◄${arm(back)}╯`)
  return [`${maker} ${between} ${judge}`, ` ${home}`, ...verdictsOf(team)]
}

/** What the attempts were judged to be. */
function verdictsOf({ view, style, prefix }: Drawn): string[] {
  const verdicts = [...view.steps.values()].flatMap(({ key, notes }) =>
    key.startsWith(prefix)
      ? notes.flatMap(note => (note.type === 'decision' && note.what === 'judged' ? [note] : []))
      : [],
  )
  return verdicts.slice(-6).map(({ values = {}, reason }) => {
    const mark = values.passed === true ? style.green('✓') : style.yellow('↻')
    return `  ${mark} ${excerpt(reason, 70)}`
  })
}
