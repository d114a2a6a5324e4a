import { z } from 'zod'
import { timeout } from '../deadlines.ts'
import { duration } from '../duration.ts'
import type { Context } from '../engine/context.ts'
import { CrewError, toCrewError } from '../errors.ts'
import { renderText } from '../expressions/template.ts'
import { asText, type Json } from '../json.ts'
import type { Message, ToolCall } from '../models/model.ts'
import { toldOf } from '../policies/memory.ts'
import { EXCHANGE_TOOLS, exchangeTools } from '../tools/exchange/index.ts'
import { type Tool, useTool } from '../tools/tool.ts'
import { type AgentKind, acting, askedOf, spending, text, type Work } from './agent.ts'
import { unfoundedClaims } from './claims.ts'
import { type Deed, inWords, PATIENCE, type Patience, Progress } from './progress.ts'
import { converse } from './turn.ts'

const schema = z.strictObject({
  kind: z.literal('llm').optional(),
  ...acting,
  ...spending,
  role: text.optional().describe('Who the agent is: the system prompt'),
  prompt: text.optional().describe('What it is asked; by default what the pattern hands it'),
  model: z.string().optional().describe('Name of one of the models of this file; "default" by default'),
  tools: z.array(z.string()).optional().describe('Names of the tools that it may call'),
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
  isCacheable: ({ tools = [] }) => !tools.some(tool => EXCHANGE_TOOLS.includes(tool)),
} satisfies AgentKind<LlmSpec>

async function perform(work: Work<LlmSpec>, ctx: Context): Promise<Json> {
  const { services } = work
  const tools = toolsOf(work)
  const output = work.output && { output: { name: work.agent, schema: work.output } }
  const messages = opening(work)
  const used = new Set<string>()
  const progress = new Progress(work.agent, patienceWith(services.limits, ctx))
  for (let turn = 1; turn <= services.limits.turns; turn += 1) {
    const reply = await converse(work, ctx, { messages: [...messages], tools, ...output }, turn)
    if (reply.toolCalls.length === 0) {
      pointOutClaims(work, ctx, reply.text, tools, used)
      return reply.text
    }
    messages.push({ role: 'assistant', content: reply.text, toolCalls: reply.toolCalls })
    const uses = reply.toolCalls.map((call, index) =>
      callTool(work, tools, ctx, call, `turn-${turn}/tool-${index + 1}`),
    )
    const deeds = await Promise.all(uses)
    for (const deed of deeds) {
      work.note(inWords(deed))
      used.add(deed.tool)
    }
    const remarks = progress.observe(turn, deeds, reply.spent.input + reply.spent.output)
    for (const [index, deed] of deeds.entries()) {
      const remark = remarks[index]
      if (remark !== undefined) pointOutRepetition(work.agent, ctx, turn, deed)
      messages.push(told(deed, remark))
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

/** Those that its team file gives to it, and those by which it does what the pattern lets it do. */
function toolsOf({ agent, spec, services, colleagues, grants }: Work<LlmSpec>): Tool[] {
  const { tools: listed = [] } = spec
  const own = listed.flatMap(name => services.tool(name) ?? [])
  return [...own, ...exchangeTools({ agent, exchange: services.exchange, ...colleagues }, listed, grants)]
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

interface Use extends Deed {
  readonly id: string
}

/** At most so long, in milliseconds, unless the agent declares it. */
const TOOL_DEADLINE = 60_000

/** Whatever goes wrong in a tool is told to the model, which may know better next turn. */
async function callTool(
  { root, spec, services: { clock } }: Work<LlmSpec>,
  tools: readonly Tool[],
  ctx: Context,
  { id, name, arguments: args }: ToolCall,
  key: string,
): Promise<Use> {
  const use = (result: string): Use => ({ id, tool: name, args, result })
  const tool = tools.find(tool => tool.name === name)
  if (!tool) return use(`There is no tool ${name}.`)
  const request = {
    kind: 'tool',
    ...(tool.effects && { effects: tool.effects }),
    input: { tool: name, arguments: args },
  }
  const deadline = spec.timeout?.tool ?? TOOL_DEADLINE
  try {
    return use(
      asText(
        await ctx.step(key, request, inner => useTool(tool, args, { root, ctx: inner, clock, deadline })),
      ),
    )
  } catch (thrown) {
    const error = toCrewError(thrown)
    if (error.code !== 'tool-failed' && error.code !== 'timeout') throw error
    return use(`The tool failed: ${error.message}`)
  }
}

function told({ id, result }: Use, remark: string | undefined): Message {
  return { role: 'tool', toolCallId: id, content: remark === undefined ? result : `${result}\n\n${remark}` }
}
