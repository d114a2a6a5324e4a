import * as z from 'zod'
import { hostRules } from '../fetch/hosts.ts'
import { compileName, type Pattern } from './pattern.ts'
import { roots } from './roots.ts'
import type { Tool } from './tool.ts'

/** `tool`, or `tool(pattern)`; the name of the tool may hold `*`. */
const RULE = /^([\w*-]+)(?:\((.*)\))?$/s

const rules = z
  .array(z.string().max(500).regex(RULE, 'a rule is written like write_file, or write_file(out/**)'))
  .optional()

/** What agents may do with their tools, and to what. */
export const permissions = z
  .strictObject({
    allow: rules.describe('What happens without anybody being asked'),
    ask: rules.describe('What a person is asked about; goes before "allow"'),
    deny: rules.describe('What never happens; goes before everything else'),
    roots: roots.optional(),
    hosts: hostRules.optional(),
  })
  .describe('What tools may do: by default they read in the folder of the team, and ask before anything else')

type Lists = Pick<z.infer<typeof permissions>, 'allow' | 'ask' | 'deny'>

/** The two parts of a rule: what it is about, and what of that. */
export function readRule(rule: string): { readonly name: string; readonly pattern: string | undefined } {
  const [, name = '', pattern] = RULE.exec(rule) ?? []
  return { name, pattern }
}

/** Several lists as one: the strictest word of all of them counts. */
export function joined(...lists: readonly (Lists | undefined)[]): Required<Lists> {
  const all = (which: keyof Lists) => lists.flatMap(list => list?.[which] ?? [])
  return { allow: all('allow'), ask: all('ask'), deny: all('deny') }
}

export interface Verdict {
  readonly answer: 'allow' | 'ask' | 'deny'
  /** The rule that says so; absent when that is so by default. */
  readonly rule?: string
}

type Touch = readonly string[]
type Asked = Pick<Tool, 'name' | 'reach' | 'spelling'>

/** The one place where it is decided what a call may do. A model has no say in it. */
export interface Permissions {
  /** What a call that touches all of this may do: what is denied for a part of it is denied for all. */
  decide(tool: Asked, touches: readonly Touch[]): Verdict
  /** Whether every call is allowed, whatever it touches. */
  allowsAll(tool: Asked): boolean
  /** Whether `tool` may touch what it comes across in a folder: no rule forbids it, or asks about it first. */
  spares(tool: string, touch: Touch, approved?: readonly Touch[]): boolean
}

export async function openPermissions(lists: Required<Lists>): Promise<Permissions> {
  const [allow, ask, deny] = await Promise.all([
    Promise.all((lists.allow ?? []).map(rule => compile(rule, false))),
    Promise.all((lists.ask ?? []).map(rule => compile(rule, false))),
    // A deny rule holds for every spelling: disks may know no case.
    Promise.all((lists.deny ?? []).map(rule => compile(rule, true))),
  ])
  const matching = (all: readonly Rule[], tool: Asked, touch: Touch) =>
    all.find(rule => rule.names(tool.name) && rule.covers(tool, touch))
  /** The first rule about any of it; with no touch, one about the tool as a whole. */
  const concerning = (all: readonly Rule[], tool: Asked, touches: readonly Touch[]) =>
    touches.flatMap(touch => matching(all, tool, touch) ?? [])[0] ?? matching(all, tool, [])

  return {
    decide(tool, touches) {
      const forbidden = concerning(deny, tool, touches)
      if (forbidden) return { answer: 'deny', rule: forbidden.text }
      const doubtful = concerning(ask, tool, touches)
      if (doubtful) return { answer: 'ask', rule: doubtful.text }
      const granted = (touches.length > 0 ? touches : [[]]).map(touch => matching(allow, tool, touch))
      const [first] = granted
      if (first && granted.every(Boolean)) return { answer: 'allow', rule: first.text }
      return { answer: isHarmless(tool) ? 'allow' : 'ask' }
    },
    allowsAll(tool) {
      if ([...deny, ...ask].some(rule => rule.names(tool.name))) return false
      return isHarmless(tool) || allow.some(rule => rule.isWhole && rule.names(tool.name))
    },
    spares(name, touch, approved = []) {
      const tool = { name, reach: 'reads' } as const
      if (matching(deny, tool, touch)) return false
      return (
        !matching(ask, tool, touch) || approved.some(folder => folder.every((part, at) => part === touch[at]))
      )
    },
  }
}

/** What looks at the files of the team changes nothing. */
function isHarmless({ reach }: Asked): boolean {
  return reach === undefined || reach === 'reads'
}

interface Rule {
  readonly text: string
  /** It is about the tool whatever it touches. */
  readonly isWhole: boolean
  names(tool: string): boolean
  covers(tool: Asked, touch: Touch): boolean
}

async function compile(text: string, ignoreCase: boolean): Promise<Rule> {
  const { name, pattern } = readRule(text)
  const tools = await compileName(name, { ignoreCase })
  const names = (tool: string) => tools.test(tool)
  if (pattern === undefined) return { text, isWhole: true, names, covers: () => true }
  const split = { path: parts(pattern, '/'), words: parts(pattern, ' ') }
  const compiled = {
    path: await Promise.all(split.path.map(part => compilePart(part, ignoreCase))),
    words: await Promise.all(split.words.map(part => compilePart(part, ignoreCase))),
  }
  return {
    text,
    isWhole: false,
    names,
    covers: ({ spelling = 'path' }, touch) => fits(compiled[spelling], touch.map(plain)),
  }
}

/** `**`: any number of parts. */
const ANY = Symbol('any')
type Part = Pattern | typeof ANY

function parts(pattern: string, separator: string): string[] {
  const all =
    separator === ' '
      ? pattern.split(' ').filter(part => part !== '')
      : pattern.replace(/^\.?\//, '').split('/')
  return all.filter((part, at) => part !== '**' || all[at - 1] !== '**')
}

async function compilePart(part: string, ignoreCase: boolean): Promise<Part> {
  return part === '**' ? ANY : compileName(plain(part), { ignoreCase })
}

/** The same letters in the same bytes. */
function plain(text: string): string {
  return text.normalize('NFC')
}

/** Whether the parts match, one by one. Takes at most as many steps as both have parts, multiplied. */
function fits(pattern: readonly Part[], touch: Touch): boolean {
  let reached = new Set([0])
  const through = (at: number): number[] => (pattern[at] === ANY ? [at, ...through(at + 1)] : [at])
  reached = new Set([...reached].flatMap(through))
  for (const text of touch) {
    const next = [...reached].flatMap(at => {
      const part = pattern[at]
      if (part === undefined) return []
      if (part === ANY) return through(at)
      return part.test(text) ? through(at + 1) : []
    })
    reached = new Set(next)
  }
  return reached.has(pattern.length)
}
