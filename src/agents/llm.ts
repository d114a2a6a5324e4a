import * as z from 'zod'
import { timeout } from '../deadlines.ts'
import { duration } from '../duration.ts'
import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import { renderText } from '../expressions/template.ts'
import type { Json } from '../json.ts'
import type { Message } from '../models/model.ts'
import { toldOf } from '../policies/memory.ts'
import type { Guidance } from '../store/events.ts'
import { exchangeTools } from '../tools/exchange/index.ts'
import { joined, openPermissions, permissions } from '../tools/permissions.ts'
import { readResult } from '../tools/read-result.ts'
import type { Tool } from '../tools/tool.ts'
import { type AgentKind, acting, askedOf, spending, text, type Work } from './agent.ts'
import { unfoundedClaims } from './claims.ts'
import { type Deed, inWords, PATIENCE, type Patience, Progress } from './progress.ts'
import { callTools, type Desk, excerpt, type Use } from './tool-call.ts'
import { converse } from './turn.ts'

const schema = z.strictObject({
  kind: z.literal('llm').optional(),
  role: text.optional().describe('Who the agent is: the system prompt'),
  prompt: text.optional().describe('What it is asked; by default what the pattern hands it'),
  model: z.string().optional().describe('Name of one of the models of this file; "default" by default'),
  tools: z.array(z.string()).optional().describe('Names of the tools that it may call'),
  permissions: permissions
    .pick({ allow: true, ask: true, deny: true })
    .optional()
    .describe('What it may do with them, besides what the team says; the strictest word counts'),
  ...acting,
  ...spending,
  timeout: timeout
    .extend({ tool: duration.optional().describe('For each call of a tool that acts on the world') })
    .optional()
    .describe('Deadlines of each call that the agent makes'),
})

type LlmSpec = z.infer<typeof schema>

/** A model in a loop: it is asked, uses tools, is told what they gave, until it answers. Every turn is journaled. */
export const llm = {
  kind: 'llm',
  schema,
  perform,
  mayRepeat: () => true,
  isCacheable: ({ tools = [] }) => tools.every(tool => READING.has(tool)),
} satisfies AgentKind<LlmSpec>

/** Tools that do nothing but look at the files of the team. */
const READING: ReadonlySet<string> = new Set(['read_file', 'list_files', 'search_files'])

async function perform(work: Work<LlmSpec>, ctx: Context): Promise<Json> {
  const { services } = work
  const results = new Map<string, string>()
  const tools = toolsOf(work, results)
  const desk = await openDesk(work, tools)
  const output = work.output && { output: { name: work.agent, schema: work.output } }
  const messages = opening(work)
  const used = new Set<string>()
  const progress = new Progress(work.agent, patienceWith(services.limits, ctx))
  for (let turn = 1; turn <= services.limits.turns; turn += 1) {
    messages.push(...guidance(ctx.hear(`turn-${turn}`, work.agent)))
    const reply = await converse(work, ctx, { messages: [...messages], tools, ...output }, turn)
    if (reply.toolCalls.length === 0) {
      pointOutClaims(work, ctx, reply.text, tools, used)
      return reply.text
    }
    messages.push({ role: 'assistant', content: reply.text, toolCalls: reply.toolCalls })
    const deeds = await callTools(desk, ctx, reply.toolCalls, turn)
    for (const [index, deed] of deeds.entries()) {
      results.set(nameOf(turn, index), deed.result)
      work.note(inWords(deed))
      used.add(deed.tool)
    }
    const remarks = progress.observe(turn, deeds, reply.spent.input + reply.spent.output)
    for (const [index, deed] of deeds.entries()) {
      const remark = remarks[index]
      if (remark !== undefined) pointOutRepetition(work.agent, ctx, turn, deed)
      messages.push(told(deed, nameOf(turn, index), tools, remark))
    }
  }
  throw new CrewError('limit-turns', `${work.agent} did not finish in ${services.limits.turns} turns`, {
    hint: `allow more: crew resume RUN --limit turns=${services.limits.turns * 2}`,
  })
}

/** Whoever resumes a run that ended here has as much patience again. */
function patienceWith({ stagnation }: Work<LlmSpec>['services']['limits'], { reopened }: Context): Patience {
  const times = 1 + reopened
  return { repeats: PATIENCE.repeats * times, turns: PATIENCE.turns * times, tokens: stagnation * times }
}

function pointOutRepetition(agent: string, ctx: Context, turn: number, deed: Deed): void {
  const reason = `${agent} is told that it did this before: ${inWords(deed)}`
  ctx.emit({ type: 'decision', key: ctx.key, what: 'repetition', reason, values: { turn, tool: deed.tool } })
}

/** What it says of tools that it never called is pointed out. Words are no proof, so that the answer stands. */
function pointOutClaims(
  { agent, past }: Work<LlmSpec>,
  ctx: Context,
  answer: string,
  tools: readonly Tool[],
  used: ReadonlySet<string>,
): void {
  const wasUsed = (name: string) => used.has(name) || past.some(line => line.includes(` used ${name} `))
  const unused = tools.map(({ name }) => name).filter(name => !wasUsed(name))
  for (const { tool, said } of unfoundedClaims(answer, unused)) {
    const reason = `${agent} says that it used ${tool}, and never did: "${said}"`
    ctx.emit({ type: 'decision', key: ctx.key, what: 'unfounded-claim', reason, values: { tool, said } })
  }
}

/**
 * Those that its team file gives to it, and those by which it does what the pattern lets it do. Whose results can be long
 * gets one to read on in `results`.
 */
function toolsOf(
  { agent, spec, services, colleagues, grants }: Work<LlmSpec>,
  results: ReadonlyMap<string, string>,
): Tool[] {
  const { tools: listed = [] } = spec
  const own = services.tools(agent, listed)
  return [
    ...own,
    ...exchangeTools({ agent, exchange: services.exchange, ...colleagues }, listed, grants),
    ...(own.some(isLong) ? [readResult(results)] : []),
  ]
}

/** What looks at the files of the team gives them in parts by itself. */
function isLong({ reach }: Tool): boolean {
  return reach !== undefined && reach !== 'reads'
}

async function openDesk(work: Work<LlmSpec>, tools: readonly Tool[]): Promise<Desk> {
  const { spec, services } = work
  const permissions = await openPermissions(joined(services.permissions, spec.permissions))
  return { work, tools, permissions, deadline: spec.timeout?.tool }
}

/** What people told the agent while it was at work. */
function guidance(words: readonly Guidance[]): Message[] {
  return words.map(({ text }) => ({
    role: 'user',
    content: `While you work, the person you work for tells you:\n${text}`,
  }))
}

function opening(work: Work<LlmSpec>): Message[] {
  const { spec, scope, instruction, rejections } = work
  const system: Message[] =
    spec.role === undefined ? [] : [{ role: 'system', content: renderText(spec.role, scope) }]
  const task = spec.prompt === undefined ? work.task : renderText(spec.prompt, scope)
  const feedback = rejections.flatMap(({ answer, problem }): Message[] => [
    { role: 'assistant', content: answer },
    {
      role: 'user',
      content: `That answer was not accepted: ${problem}\nAnswer again, and mend exactly that.`,
    },
  ])
  const asked = askedOf({ task, ...(instruction && { instruction }) })
  const content = [asked, toldOf(work.past)].filter(Boolean).join('\n\n')
  return [...system, { role: 'user', content }, ...feedback]
}

/** What a result is called, should the model have to read on in it. */
function nameOf(turn: number, index: number): string {
  return `turn-${turn}/tool-${index + 1}`
}

function told(
  { id, tool: name, result }: Use,
  key: string,
  tools: readonly Tool[],
  remark: string | undefined,
): Message {
  const tool = tools.find(tool => tool.name === name)
  const content = tool && isLong(tool) ? excerpt({ key, text: result }) : result
  return {
    role: 'tool',
    toolCallId: id,
    content: remark === undefined ? content : `${content}\n\n${remark}`,
  }
}
