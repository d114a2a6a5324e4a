import { z } from 'zod'
import { withDefaults } from '../deadlines.ts'
import type { Context, StepRequest } from '../engine/context.ts'
import { CrewError, toCrewError } from '../errors.ts'
import { renderText } from '../expressions/template.ts'
import { asText, type Json } from '../json.ts'
import type { Message, Model, ModelReply, ModelRequest, ToolCall } from '../models/model.ts'
import { retrySettings, tryRepeatedly } from '../policies/retry.ts'
import type { Spend } from '../spend.ts'
import { exchangeTools } from '../tools/exchange/index.ts'
import type { Tool } from '../tools/tool.ts'
import { type AgentKind, askedOf, shared, text, type Work } from './agent.ts'

const schema = z.strictObject({
  kind: z.literal('llm').optional(),
  ...shared,
  role: text.optional().describe('Who the agent is: the system prompt'),
  prompt: text.optional().describe('What it is asked; by default what the pattern hands it'),
  model: z.string().optional().describe('Name of one of the models of this file; "default" by default'),
  tools: z.array(z.string()).optional().describe('Names of the tools that it may call'),
})

type LlmSpec = z.infer<typeof schema>

/** A model in a loop: it is asked, uses tools, is told what they gave, until it answers. Every turn is journaled. */
export const llm = { kind: 'llm', schema, perform, mayRepeat: () => true } satisfies AgentKind<LlmSpec>

async function perform(work: Work<LlmSpec>, ctx: Context): Promise<Json> {
  const { services } = work
  const tools = toolsOf(work)
  const output = work.output && { output: { name: work.agent, schema: work.output } }
  const messages = opening(work)
  for (let turn = 1; turn <= services.limits.turns; turn += 1) {
    const reply = await converse(work, ctx, { messages: [...messages], tools, ...output }, turn)
    if (reply.toolCalls.length === 0) return reply.text
    messages.push({ role: 'assistant', content: reply.text, toolCalls: reply.toolCalls })
    const results = reply.toolCalls.map((call, index) =>
      useTool(work, tools, ctx, call, `turn-${turn}/tool-${index + 1}`),
    )
    messages.push(...(await Promise.all(results)))
  }
  throw new CrewError('limit-turns', `${work.agent} did not finish in ${services.limits.turns} turns`, {
    hint: `allow more: crew resume RUN --limit turns=${services.limits.turns * 2}`,
  })
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
  return [
    ...system,
    { role: 'user', content: askedOf({ task, ...(instruction && { instruction }) }) },
    ...feedback,
  ]
}

/** One turn: a call to the model, made again when its failure may heal. */
function converse(
  work: Work<LlmSpec>,
  ctx: Context,
  request: ModelRequest,
  turn: number,
): Promise<ModelReply> {
  const { spec, services } = work
  const model = services.model(spec.model ?? 'default')
  const name = `turn-${turn}`
  // What later turns are asked follows from the first and from what is journaled in between.
  const asked = turn === 1 && { input: promptIn(request), identity: { model: model.id, request } }
  const reserved = { ...model.worstCase(request), agent: work.agent, model: model.id }
  const within: StepRequest['within'] = (act, step) => work.guard(act, step, { model, reserved })
  const step = { kind: 'model', effects: 'idempotent', reserved, within, ...asked } as const
  return tryRepeatedly(ctx, name, retrySettings(spec.retry), attempt =>
    ctx.step(attempt === 1 ? name : `${name}/attempt-${attempt}`, step, inner =>
      reply(work, inner, model, request, turn),
    ),
  )
}

/** The call itself. What it took and cost is journaled together with its result. */
async function reply(
  { agent, spec, services, idempotencyKey }: Work<LlmSpec>,
  ctx: Context,
  model: Model,
  request: ModelRequest,
  turn: number,
): Promise<ModelReply> {
  const { key, signal } = ctx
  const began = services.clock.now()
  const facts = () => ({ key, model: model.id, milliseconds: services.clock.now() - began })
  const ofAgent = (spent: Spend) => ({ ...spent, agent, model: model.id })
  try {
    const reply = await model.reply(request, {
      signal,
      timeout: withDefaults(spec.timeout, model.timeout),
      idempotencyKey: `${idempotencyKey}-${turn}`,
      onText: text => ctx.emit({ type: 'model.delta', key, text }),
    })
    ctx.emit({ type: 'model.replied', ...facts(), spent: ofAgent(reply.spent) })
    return reply
  } catch (thrown) {
    if (signal.aborted) throw thrown
    const error = toCrewError(thrown).toFailure()
    const { spent } = error
    ctx.emit({ type: 'model.failed', ...facts(), error, ...(spent && { spent: ofAgent(spent) }) })
    throw thrown
  }
}

function promptIn({ messages }: ModelRequest): string {
  return messages.find(({ role }) => role === 'user')?.content ?? ''
}

/** Whatever goes wrong in a tool is told to the model, which may know better next turn. */
async function useTool(
  { root }: Work<LlmSpec>,
  tools: readonly Tool[],
  ctx: Context,
  call: ToolCall,
  key: string,
): Promise<Message> {
  const answer = (content: string): Message => ({ role: 'tool', toolCallId: call.id, content })
  const tool = tools.find(({ name }) => name === call.name)
  if (!tool) return answer(`There is no tool ${call.name}.`)
  const request = {
    kind: 'tool',
    ...(tool.effects && { effects: tool.effects }),
    input: { tool: call.name, arguments: call.arguments },
  }
  try {
    return answer(
      asText(await ctx.step(key, request, inner => tool.call(call.arguments, { root, ctx: inner }))),
    )
  } catch (thrown) {
    const error = toCrewError(thrown)
    if (error.code !== 'tool-failed') throw error
    return answer(`The tool failed: ${error.message}`)
  }
}
