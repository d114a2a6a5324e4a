import * as z from 'zod'
import { CrewError } from '../errors.ts'
import type { TeamContext } from './ask.ts'
import { askFor, pathOf } from './ask-for.ts'
import { type Profile, rosterOf } from './profile.ts'

export interface Want {
  /** The task that somebody is sought for, in words. */
  readonly task: string
  /** What it takes, in the words of the skills that agents declare; with nothing, the task itself says it. */
  readonly needs: readonly string[]
  /** Who may be chosen. */
  readonly among: readonly string[]
}

/** How much a skill counts that is named exactly, that shares words, and that only a description speaks of. */
const EXACT = 1
const SIMILAR = 0.8
const DESCRIBED = 0.5

/**
 * Finds who can do the task `key` by what agents declare: the best match, of equal ones the one with the least to do,
 * then the first. Throws `nobody-willing` when somebody is needed for something that nobody can.
 */
export function route(
  team: TeamContext,
  { key, ...want }: Want & { readonly key: string },
  load: (agent: string) => number = () => 0,
): string {
  const scores = scoresOf(team, want)
  const [best] = Object.keys(scores).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || load(a) - load(b))
  if (best === undefined) throw nobody(team, want)
  const busy = Object.fromEntries(Object.keys(scores).map(name => [name, load(name)]))
  const what = want.needs.join(', ') || want.task
  const reason = `${best} fits best to ${what}: ${scores[best]} of 1`
  const values = { agent: best, scores, load: busy }
  team.ctx.emit({ type: 'decision', key: pathOf(team, key), what: 'route', reason, values })
  return best
}

/** Has the agent `by` judge who does a task, as the step `route/AGENT`: no agent has such a name. */
export async function routeBy(team: TeamContext, by: string, want: Want): Promise<string> {
  const { task, needs, among } = want
  const answer = z.strictObject({
    agent: z.enum(among).describe('Who does the task'),
    confidence: z.number().min(0).max(1).describe('How sure you are that it can, from 0 to 1'),
    why: z.string().describe('Why this one and none of the others'),
  })
  const wanted = needs.length > 0 ? `\nIt takes: ${needs.join(', ')}` : ''
  const { agent, confidence, why } = await askFor(team, by, {
    key: `route/${by}`,
    answer,
    packet: { task: team.task, current: `Choose who does this task: ${task}${wanted}` },
    instruction: `There are:\n${rosterOf(team.agents, among)}`,
  })
  const values = { agent, by, confidence, scores: scoresOf(team, want) }
  team.ctx.emit({ type: 'decision', key: team.ctx.key, what: 'route', reason: why, values })
  return agent
}

/** What nobody of `among` can do, if there is anything. */
function missingSkill({ agents }: TeamContext, { needs, among }: Want): string | undefined {
  return needs.find(need => !among.some(name => matchOf(need, agents[name]) > 0))
}

/** How well each fits that fits at all: 1 for one that declares every skill. */
function scoresOf({ agents }: TeamContext, { task, needs, among }: Want): Record<string, number> {
  const wanted = needs.length > 0 ? needs : [task]
  const scored = among.map(name => {
    const matches = wanted.map(need => matchOf(need, agents[name]))
    const fits = matches.every(match => match > 0)
    return [name, fits ? round(matches.reduce((sum, match) => sum + match, 0) / matches.length) : 0] as const
  })
  return Object.fromEntries(scored.filter(([, score]) => score > 0))
}

function matchOf(need: string, profile: Profile | undefined): number {
  if (!profile) return 0
  const wanted = wordsOf(need)
  const isNamed = profile.skills.some(skill => wordsOf(skill).join(' ') === wanted.join(' '))
  if (isNamed) return EXACT
  const bySkill = Math.max(0, ...profile.skills.map(skill => overlap(wanted, wordsOf(skill))))
  const byDescription = overlap(wanted, wordsOf(`${profile.name} ${profile.description ?? ''}`))
  return Math.max(SIMILAR * bySkill, DESCRIBED * byDescription)
}

/** The part of `wanted` that is among `words`. */
function overlap(wanted: readonly string[], words: readonly string[]): number {
  const found = wanted.filter(word => words.includes(word))
  return wanted.length === 0 ? 0 : found.length / wanted.length
}

const EMPTY = new Set([
  'a',
  'an',
  'and',
  'for',
  'from',
  'in',
  'it',
  'of',
  'on',
  'or',
  'the',
  'to',
  'with',
  'you',
])

/** The words of a text that say something, without their endings: test, tests and testing are one. */
function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  return words
    .filter(word => !EMPTY.has(word))
    .map(word => word.replace(/(?<=.{3})(?:ing|ions?|ers?|ed|es?|s)$/, ''))
}

function round(score: number): number {
  return Math.round(score * 100) / 100
}

/** The error of a task that nobody can do, with the skills that there are. */
function nobody(team: TeamContext, want: Want): CrewError {
  const { agents } = team
  const need = missingSkill(team, want) ?? (want.needs.join(', ') || want.task)
  const skills = want.among.map(name => `${name} (${agents[name]?.skills.join(', ') || 'none'})`)
  return new CrewError('nobody-willing', `nobody can do "${need}"; the skills are: ${skills.join(', ')}`, {
    hint: `give an agent the skill: skills: [${need}], or name the agent of the task`,
  })
}
