import * as z from 'zod'
import type { TeamContext } from '../../coordination/ask.ts'
import { askFor, pathOf } from '../../coordination/ask-for.ts'
import { rosterOf } from '../../coordination/profile.ts'
import type { Transcript } from './transcript.ts'

interface Order {
  readonly members: readonly string[]
  readonly speaker?: 'round-robin' | 'mention' | { readonly selector: string } | undefined
}

/** Who speaks in this turn: whom the last speaker named, whom an agent chooses, or who comes next. */
export async function nextSpeaker(
  team: TeamContext,
  { members, speaker: order }: Order,
  transcript: Transcript,
  turn: number,
): Promise<string> {
  const last = transcript.lines.at(-1)
  const others = members.filter(member => member !== last?.speaker)
  const inTurn = members[(members.indexOf(last?.speaker ?? '') + 1) % members.length] ?? ''
  if (typeof order === 'object' && others.length > 1)
    return select(team, order.selector, others, transcript, turn)
  if (order !== 'mention' || !last) return inTurn
  const mentioned = mentionIn(last.text, others)
  const reason = mentioned
    ? `${last.speaker} named @${mentioned}`
    : `${last.speaker} named nobody: ${inTurn} comes next`
  const values = { speaker: mentioned ?? inTurn, mentioned: mentioned ?? null }
  const key = pathOf(team, `turn-${turn}/${values.speaker}`)
  team.ctx.emit({ type: 'decision', key, what: 'speaker', reason, values })
  return values.speaker
}

/** Has an agent choose, who is told all that is said and by whom. Nobody speaks twice in a row. */
async function select(
  team: TeamContext,
  selector: string,
  among: readonly string[],
  { told }: Transcript,
  turn: number,
): Promise<string> {
  const answer = z.strictObject({
    speaker: z.enum(among).describe('Who speaks next'),
    why: z.string().describe('Why this one, in one sentence'),
  })
  const key = `select-${turn}/${selector}`
  const { speaker, why } = await askFor(team, selector, {
    key,
    answer,
    packet: { task: team.task, ...(told !== '' && { knowledge: { 'the conversation so far': told } }) },
    instruction: `Choose who speaks next in this conversation:\n${rosterOf(team.agents, among)}`,
  })
  const values = { speaker, by: selector, among }
  team.ctx.emit({ type: 'decision', key: pathOf(team, key), what: 'speaker', reason: why, values })
  return speaker
}

/** The first of `names` that a text calls as @NAME. */
function mentionIn(text: string, names: readonly string[]): string | undefined {
  const called = [...text.matchAll(/@([A-Za-z][\w-]*)/g)].map(([, name = '']) => name.toLowerCase())
  return called.flatMap(name => names.find(one => one.toLowerCase() === name) ?? [])[0]
}
