import * as z from 'zod'
import { asText, isObject, type Json, type JsonSchema } from '../json.ts'
import type { FactOf } from '../store/events.ts'
import type { TeamContext } from './ask.ts'
import { askFor, pathOf } from './ask-for.ts'
import type { Profile } from './profile.ts'
import { quoted } from './sameness.ts'

const fields = {
  resolve: z
    .enum(['priority', 'merge', 'escalate', 'rerun'])
    .describe(
      'priority: the first in "priority" wins; merge: "by" makes one out of all; escalate: "by", or a person, decides; rerun: one after the other, each seeing what the ones before did',
    ),
  by: z.string().optional().describe('The agent that merges or decides'),
  priority: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Who wins, first to last; by default the order of the file'),
}

type Resolution = z.infer<z.ZodObject<typeof fields>>

function needsMerger({ resolve, by }: Resolution, context: z.RefinementCtx): void {
  if (resolve !== 'merge' || by) return
  context.addIssue({ code: 'custom', path: ['by'], message: '"merge" needs "by": the agent that merges' })
}

/** How a conflict is settled. */
export const resolution = z
  .strictObject(fields)
  .superRefine(needsMerger)
  .describe('What happens when two write one name, neither knowing of the other')

/** The same, and how one between results is found. */
export const conflicts = z
  .strictObject({
    ...fields,
    judge: z.string().optional().describe('An agent that says which results contradict each other'),
  })
  .superRefine(needsMerger)
  .describe('What happens when agents that worked at the same time contradict each other')

export type ConflictSettings = z.infer<typeof conflicts>

/** Something that several agents did or said in ways that do not go together, in the order of the file. */
export interface Conflict {
  /** A file, a name on the board, or what their results are about. */
  readonly about: string
  readonly why: string
  readonly claims: Readonly<Record<string, Json>>
  /** What the one version that takes the place of all has to look like; text by default. */
  readonly shape?: JsonSchema | undefined
}

/** How a conflict is settled: somebody's version counts, all become one, or all but the first work again. */
export type Settlement =
  | { readonly how: 'take'; readonly from: string }
  | { readonly how: 'merge'; readonly value: Json }
  | { readonly how: 'rerun'; readonly first: string; readonly others: readonly string[] }

/** Settles one conflict, in steps that begin with `key`. What was decided, between whom and why, is a decision. */
export async function settle(
  team: TeamContext,
  key: string,
  conflict: Conflict,
  settings: ConflictSettings,
): Promise<Settlement> {
  const { about, why, claims } = conflict
  const between = Object.keys(claims)
  const [first = '', ...others] = byPriority(between, settings.priority)
  const { settlement, reason } = await resolve(team, key, conflict, { ...settings, first, others })
  const evidence = Object.fromEntries(between.map(name => [name, quoted(asText(claims[name] ?? null))]))
  const values = { about, between, why, claims: evidence, resolve: settings.resolve, ...settlement }
  team.ctx.emit({ type: 'decision', key: pathOf(team, key), what: 'conflict', reason, values })
  return settlement
}

async function resolve(
  team: TeamContext,
  key: string,
  conflict: Conflict,
  {
    resolve,
    by,
    first,
    others,
  }: ConflictSettings & { readonly first: string; readonly others: readonly string[] },
): Promise<{ readonly settlement: Settlement; readonly reason: string }> {
  const { about, claims } = conflict
  const reasonFor = (words: string) =>
    `${Object.keys(claims).join(' and ')} do not go together about ${about}: ${words}`
  if (resolve === 'priority')
    return { settlement: { how: 'take', from: first }, reason: reasonFor(`${first} comes first`) }
  if (resolve === 'rerun')
    return {
      settlement: { how: 'rerun', first, others },
      reason: reasonFor(`${others.join(', ')} again, after ${first}`),
    }
  if (resolve === 'merge' && by !== undefined) {
    const value = await merge(team, key, conflict, by)
    return { settlement: { how: 'merge', value }, reason: reasonFor(`${by} made one out of all`) }
  }
  const { from, why, who } = await escalate(team, key, conflict, by)
  return { settlement: { how: 'take', from }, reason: reasonFor(`${who} chose ${from}${why && `: ${why}`}`) }
}

/** An agent makes one version out of all. */
async function merge(team: TeamContext, key: string, conflict: Conflict, by: string): Promise<Json> {
  const { shape = { type: 'string' } } = conflict
  const value = { ...shape, description: 'The one version that takes the place of all' }
  const output = { type: 'object', properties: { value }, required: ['value'], additionalProperties: false }
  const packet = packetOf(team, conflict, 'Make one out of these versions. Keep what is right in each.')
  const merged = await team.ask(by, { key, packet, output })
  return isObject(merged) ? (merged.value ?? null) : merged
}

/** An agent, or else a person, chooses whose version counts. */
async function escalate(team: TeamContext, key: string, conflict: Conflict, by: string | undefined) {
  const between = Object.keys(conflict.claims)
  if (by !== undefined) {
    const choice = await askFor(team, by, {
      key,
      packet: packetOf(team, conflict, 'Decide whose version counts.'),
      answer: z.strictObject({
        from: z.enum(between).describe('Whose version counts'),
        why: z.string().describe('Why that one, in a sentence'),
      }),
    })
    return { ...choice, who: by }
  }
  const [first = ''] = between
  if (team.rehearsal) return { from: first, why: 'a rehearsal asks nobody', who: 'crew' }
  const question = `${between.join(' and ')} contradict each other about ${conflict.about}. Whose version counts?`
  for (let attempt = 1; ; attempt += 1) {
    const asked = attempt === 1 ? key : `${key}-again-${attempt}`
    const answer = asText(
      await team.ctx.waitFor(asked, { question, choices: between, detail: conflict.claims }),
    )
    if (between.includes(answer)) return { from: answer, why: '', who: 'a person' }
  }
}

function packetOf({ task }: TeamContext, { about, why, claims }: Conflict, current: string) {
  return { task, knowledge: claims, current: `They contradict each other about ${about}: ${why}\n${current}` }
}

function byPriority(names: readonly string[], priority: readonly string[] = names): string[] {
  const rank = (name: string) => (priority.includes(name) ? priority.indexOf(name) : priority.length)
  return [...names].sort((a, b) => rank(a) - rank(b))
}

/** Has `judge` say which of these results contradict each other. */
export async function findContradictions(
  team: TeamContext,
  key: string,
  judge: string,
  results: Readonly<Record<string, Json>>,
): Promise<Conflict[]> {
  const names = Object.keys(results)
  if (names.length < 2) return []
  const { conflicts } = await askFor(team, judge, {
    key,
    packet: { task: team.task, knowledge: results },
    instruction:
      'Say which of these results contradict each other. Differences in words or emphasis are none.',
    answer: z.strictObject({
      conflicts: z.array(
        z.strictObject({
          between: z.array(z.enum(names)).min(2).describe('Whose results contradict each other'),
          about: z.string().describe('What they contradict each other about, in a few words'),
          why: z.string().describe('What each of them says'),
        }),
      ),
    }),
  })
  return conflicts.map(({ between, about, why }) => {
    const inOrder = names.filter(name => between.includes(name))
    return { about, why, claims: Object.fromEntries(inOrder.map(name => [name, results[name] ?? null])) }
  })
}

/** Somebody with something to do: a lane, a task. */
interface Busy {
  readonly key: string
  readonly agent: string
}

/**
 * Why `second` has to wait for `first`, as a decision: its agent writes what the other one's reads or writes, or the other
 * way round. Nothing when both may work at the same time.
 */
export function serialise(team: TeamContext, first: Busy, second: Busy): FactOf<'decision'> | undefined {
  const [a, b] = [team.agents[first.agent], team.agents[second.agent]]
  const resource = a && b && collision(a, b)
  if (resource === undefined) return undefined
  const reason = `${second.key} waits for ${first.key}: both touch ${resource}`
  const values = { resource, first: first.key, second: second.key }
  return { type: 'decision', key: pathOf(team, second.key), what: 'serialise', reason, values }
}

/** The resource that two may not touch at the same time, if there is one. */
function collision(a: Profile, b: Profile): string | undefined {
  const touches = ({ reads, writes }: Profile, name: string) => writes.includes(name) || reads.includes(name)
  return a.writes.find(name => touches(b, name)) ?? b.writes.find(name => touches(a, name))
}
