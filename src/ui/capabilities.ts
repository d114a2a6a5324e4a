import type { ChalkInstance } from 'chalk'
import type { Capability, CapabilityKind } from '../team/trust/capability.ts'
import { pad } from './table.ts'
import { oneLine, reveal } from './text.ts'

/** The groups in which people read what a team could do, the gravest first. */
const TITLES: readonly (readonly [CapabilityKind, title: string])[] = [
  ['unasked', 'without asking anybody, let models do'],
  ['runs', 'run programs'],
  ['models', 'let models choose what to do'],
  ['talks', 'talk to'],
  ['files', 'touch files'],
  ['variables', 'read environment variables'],
  ['other', 'do what this crew cannot describe'],
  ['held', 'It is held back by'],
]

/** Of one group, more lines than this nobody reads at a glance. */
const MOST_ROWS = 8
/** Columns of one entry. */
const LONGEST = 300
const WIDEST_PLACE = 36

export interface Listing {
  readonly lines: readonly string[]
  /** Something was left out. */
  readonly isCut: boolean
}

/**
 * What a team could do, in groups, each entry with its place in the team file. Whatever is invisible in it shows as an
 * escape. Without `all`, long groups and entries are cut, and say so.
 */
export function formatCapabilities(
  capabilities: readonly Capability[],
  style: ChalkInstance,
  { all = false }: { readonly all?: boolean } = {},
): Listing {
  const widest = Math.max(...capabilities.map(({ at }) => reveal(at).length), 0)
  const width = Math.min(widest, WIDEST_PLACE)
  let isCut = false
  const lines = TITLES.flatMap(([kind, title]) => {
    const group = capabilities.filter(capability => capability.kind === kind)
    if (group.length === 0) return []
    const shown = all ? group : group.slice(0, MOST_ROWS)
    const rows = shown.map(({ at, says }) => {
      const text = reveal(says)
      const fits = all || text.length <= LONGEST
      isCut ||= !fits
      const cut = fits ? text : `${text.slice(0, LONGEST)}… (${text.length - LONGEST} more characters)`
      return `    ${style.dim(pad(reveal(at), width))}  ${oneLine(cut, Number.POSITIVE_INFINITY)}`
    })
    const rest = group.length - shown.length
    isCut ||= rest > 0
    const paint = kind === 'held' ? style.green : style.bold
    return [
      `  ${paint(`${title} (${group.length})`)}`,
      ...rows,
      ...(rest > 0 ? [`    ${style.yellow(`… and ${rest} more`)}`] : []),
    ]
  })
  return { lines, isCut }
}

/** The same in a few words: `runs 2 programs, talks to 1 address`. */
export function summarizeCapabilities(capabilities: readonly Capability[]): string {
  const count = (kind: CapabilityKind) => capabilities.filter(capability => capability.kind === kind).length
  const words: readonly (readonly [CapabilityKind, one: string, many: string])[] = [
    ['runs', 'run 1 program', 'run # programs'],
    ['talks', 'talk to 1 address', 'talk to # addresses'],
    ['files', 'touch files in 1 way', 'touch files in # ways'],
    ['models', 'let models use 1 tool', 'let models use # tools'],
    ['unasked', 'do 1 thing without asking', 'do # things without asking'],
    ['variables', 'read environment variables', 'read environment variables'],
    ['other', 'do 1 other thing', 'do # other things'],
  ]
  const parts = words.flatMap(([kind, one, many]) => {
    const number = count(kind)
    if (number === 0) return []
    return number === 1 ? one : many.replace('#', String(number))
  })
  return parts.join(', ')
}
