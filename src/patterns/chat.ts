import * as z from 'zod'
import type { Steps, TeamContext } from '../coordination/ask.ts'
import { quoted } from '../coordination/sameness.ts'
import { CrewError } from '../errors.ts'
import { holds, type Scope } from '../expressions/template.ts'
import type { Json } from '../json.ts'
import { nextSpeaker } from './chat/speaker.ts'
import { asLine, inWords, type Line, repetitionIn, Transcript } from './chat/transcript.ts'
import type { Edge, Node, Pattern } from './pattern.ts'

const schema = z
  .strictObject({
    kind: z.literal('chat'),
    members: z.array(z.string()).min(1).describe('Agents that talk with each other'),
    speaker: z
      .union([
        z.enum(['round-robin', 'mention']),
        z.strictObject({ selector: z.string().describe('The agent that chooses who speaks next') }),
      ])
      .optional()
      .describe(
        'round-robin (default): one after the other; mention: whom the last message names as @NAME, or else the next one; selector: whom an agent chooses',
      ),
    until: z
      .string()
      .optional()
      .describe('CEL condition over lastMessage, messages, turn and speaker that ends the conversation'),
    turns: z.int().min(1).optional().describe('How many messages there may be; 12 by default'),
    window: z
      .int()
      .min(1)
      .optional()
      .describe('How many of the last messages everybody is told in full; 20 by default'),
    summarizer: z
      .string()
      .optional()
      .describe('The agent that summarises what is not told in full; without it that is left out'),
    conclude: z
      .string()
      .optional()
      .describe(
        'The agent that gives the result out of all that was said; by default it is the last message',
      ),
  })
  .superRefine(({ members }, context) => {
    const twice = members.findIndex((name, index) => members.indexOf(name) !== index)
    const message = `"${members[twice]}" is a member already`
    if (twice >= 0) context.addIssue({ code: 'custom', path: ['members', twice], message })
  })

type Spec = z.infer<typeof schema>

const TURNS = 12
const WINDOW = 20
const VARIABLES = ['lastMessage', 'messages', 'turn', 'speaker']

/** Agents talk with each other, one at a time, until what they seek is said. */
export const chat = {
  kind: 'chat',
  schema,

  run: (team, spec) =>
    team.group('chat', async group => {
      const conversation = await converse(group, spec)
      const { output, steps } = conversation
      return spec.conclude === undefined ? { output, steps } : conclude(group, spec.conclude, conversation)
    }),

  graph(spec) {
    const { members, speaker, summarizer, conclude } = spec
    const selector = typeof speaker === 'object' ? speaker.selector : undefined
    const nodes = new Map<string, Node>()
    const add = (agent: string | undefined, path: Node['path'], optional = true) => {
      if (agent === undefined || nodes.has(agent)) return
      nodes.set(agent, { step: agent, agent, path, after: members, optional, variables: VARIABLES })
    }
    for (const [index, member] of members.entries()) add(member, ['members', index])
    add(selector, ['speaker', 'selector'])
    add(summarizer, ['summarizer'])
    add(conclude, ['conclude'], false)
    return { nodes: [...nodes.values()], edges: edgesOf(spec, selector), variables: VARIABLES }
  },
} satisfies Pattern<Spec>

/** What has been said. */
interface Conversation {
  readonly lines: readonly Line[]
  /** The last output of each who spoke. */
  readonly steps: Steps
  readonly output: Json
}

async function converse(team: TeamContext, spec: Spec): Promise<Conversation> {
  const { until, turns = TURNS, window = WINDOW, summarizer } = spec
  const transcript = new Transcript(window, summarizer)
  const { lines } = transcript
  const steps: Steps = {}
  // Whoever resumes a run that ended at this limit allows as many again.
  const allowed = until === undefined ? turns : turns * (1 + team.ctx.reopened)
  let output: Json = null
  for (let turn = 1; turn <= allowed; turn += 1) {
    await transcript.compact(team, turn)
    const speaker = await nextSpeaker(team, spec, transcript, turn)
    const moment = { turn, speaker }
    output = await speak(team, spec, moment, transcript.told, scopeOf(team, { lines, steps, output }, moment))
    steps[speaker] = { output }
    transcript.add({ speaker, text: asLine(output) })
    const conversation = { lines, steps, output }
    if (until !== undefined && holds(until, scopeOf(team, conversation, moment))) return conversation
    const repetition = repetitionIn(lines, spec.members.length)
    if (repetition !== undefined) throw goesRound(repetition)
  }
  if (until !== undefined) throw turnsUsedUp(until, lines)
  return { lines, steps, output }
}

type Moment = { readonly turn: number; readonly speaker: string }

function scopeOf(team: TeamContext, { lines, steps }: Conversation, moment: Moment): Scope {
  const lastMessage = lines.at(-1)?.text ?? ''
  return { ...team.scope, ...moment, steps: { ...steps }, messages: [...lines], lastMessage }
}

function speak(
  team: TeamContext,
  { members, speaker: order }: Spec,
  { turn, speaker }: Moment,
  told: string,
  scope: Scope,
): Promise<Json> {
  const others = members.filter(member => member !== speaker)
  const partners = others.length > 0 ? ` with ${others.join(', ')}` : ''
  const packet = {
    task: team.task,
    ...(told !== '' && { knowledge: { 'the conversation so far': told } }),
    current: `You are ${speaker}, in a conversation${partners}. Say what you want to say next, and nothing for others.`,
  }
  const instruction = order === 'mention' ? { instruction: 'Name who is to speak next as @NAME.' } : {}
  return team.ask(speaker, { key: `turn-${turn}/${speaker}`, packet, scope, ...instruction })
}

async function conclude(team: TeamContext, agent: string, conversation: Conversation) {
  const { lines, steps } = conversation
  const packet = {
    task: team.task,
    knowledge: { 'the conversation': inWords(lines) },
    current: 'Say what came out of this conversation.',
  }
  const moment = { turn: lines.length, speaker: lines.at(-1)?.speaker ?? '' }
  const scope = scopeOf(team, conversation, moment)
  const output = await team.ask(agent, { key: `conclusion/${agent}`, packet, scope })
  return { output, steps: { ...steps, [agent]: { output } } }
}

function goesRound(repetition: string): CrewError {
  return new CrewError('limit-loop', `the conversation goes round in circles: ${repetition}`, {
    hint: 'say in the roles what ends the conversation, and look for that in "until"',
  })
}

function turnsUsedUp(until: string, lines: readonly Line[]): CrewError {
  const { speaker = '', text = '' } = lines.at(-1) ?? {}
  const said = `${speaker} said last: ${quoted(text)}`
  return new CrewError('limit-rounds', `in ${lines.length} turns this did not come true: ${until}; ${said}`, {
    hint: 'allow as many again: crew resume RUN, or give the pattern more turns',
  })
}

/** Who may speak after whom, and what the others do for them. */
function edgesOf({ members, speaker, summarizer, conclude }: Spec, selector: string | undefined): Edge[] {
  const edges: Edge[] = []
  for (const [index, from] of members.entries()) {
    const next = members[(index + 1) % members.length] ?? from
    if (selector !== undefined) edges.push({ from: selector, to: from, label: 'selects' })
    else if (speaker !== 'mention') edges.push({ from, to: next })
    else for (const to of members) if (to !== from) edges.push({ from, to, label: `@${to}` })
    if (summarizer !== undefined) edges.push({ from: summarizer, to: from, label: 'what was before' })
    if (conclude !== undefined) edges.push({ from, to: conclude, label: 'what was said' })
  }
  return edges
}
