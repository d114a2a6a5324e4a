import type { Context } from '../engine/context.ts'
import { toCrewError } from '../errors.ts'
import { asText, canonical, isObject, type Json, type JsonObject } from '../json.ts'
import type { ToolCall } from '../models/model.ts'
import { askLeave, type Decision } from '../policies/gate.ts'
import type { Permissions, Verdict } from '../tools/permissions.ts'
import { type Ground, type Plan, runTool, type Tool, toolFailed } from '../tools/tool.ts'
import type { Work } from './agent.ts'
import type { Deed } from './progress.ts'

/** What the calls of one invocation go through. */
export interface Desk {
  readonly work: Pick<Work<unknown>, 'agent' | 'root' | 'services' | 'aside'>
  readonly tools: readonly Tool[]
  readonly permissions: Permissions
  /** Milliseconds that a call may take, where the agent declares it. */
  readonly deadline?: number | undefined
}

export interface Use extends Deed {
  readonly id: string
}

/**
 * All calls of one turn. They go on at the same time, but one that may happen only once waits until those before it are
 * over, and those after it wait for it. Whatever goes wrong in a tool is told to the model, which may know better next turn.
 */
export function callTools(
  desk: Desk,
  ctx: Context,
  calls: readonly ToolCall[],
  turn: number,
): Promise<readonly Use[]> {
  let before: Promise<unknown> = Promise.resolve()
  let together: Promise<unknown>[] = []
  const uses = calls.map((call, index) => {
    const tool = desk.tools.find(({ name }) => name === call.name)
    const isOnce = tool?.effects === 'once'
    if (isOnce) {
      before = Promise.all([before, ...together])
      together = []
    }
    const use = callTool(desk, ctx, { call, tool, key: `turn-${turn}/tool-${index + 1}`, turn: before })
    const over = use.catch(() => {})
    if (isOnce) before = over
    else together.push(over)
    return use
  })
  return Promise.all(uses)
}

interface Called {
  readonly call: ToolCall
  /** Absent when there is none of that name. */
  readonly tool: Tool | undefined
  readonly key: string
  /** Resolves when it may act. */
  readonly turn: Promise<unknown>
}

async function callTool(desk: Desk, ctx: Context, called: Called): Promise<Use> {
  const { call, tool } = called
  const { id, name, arguments: args } = call
  const use = (result: string): Use => ({ id, tool: name, args, result })
  if (!tool) return use(`There is no tool ${name}.`)
  try {
    return use(told(await perform(desk, ctx, { ...called, tool }), tool))
  } catch (thrown) {
    const error = toCrewError(thrown)
    if (error.code !== 'tool-failed' && error.code !== 'timeout') throw error
    return use(`The tool failed: ${error.message}`)
  }
}

/** What a call gave, in words; nothing at all is what a person leaves who says to skip one that may have happened. */
function told(given: Json, { name, effects }: Tool): string {
  if (given !== null || effects !== 'once') return asText(given) || '[It gave nothing.]'
  return `[Nobody knows whether ${name} was done: crew was stopped in the middle of it. A person said to go on without its result.]`
}

type Known = Called & { readonly tool: Tool }

function perform(desk: Desk, ctx: Context, { call, tool, key, turn }: Known): Promise<Json> {
  const { name, arguments: args } = call
  const { rehearsal } = desk.work.services
  const request = { kind: 'tool', input: { tool: name, arguments: args } }
  if (rehearsal && actsOutside(tool)) {
    return ctx.step(key, request, async () => `[A rehearsal: ${name} would have been called, and was not.]`)
  }
  if (desk.permissions.allowsAll(tool) && !tool.change) {
    const effects = tool.effects && { effects: tool.effects }
    return turn.then(() =>
      ctx.step(key, { ...request, ...effects }, step => act(desk, tool, { args, touches: [] }, step)),
    )
  }
  return ctx.step(key, request, async inner => {
    const leave = await obtainLeave(desk, tool, args, inner)
    await turn
    const accepted = await acceptChange(desk, tool, inner)
    const effects = tool.effects && { effects: tool.effects }
    // Whoever is asked later whether it happened has to be told what.
    const input = { tool: name, arguments: leave.args }
    const result = await inner.step('act', { kind: 'act', ...effects, input }, async step => {
      const now = await planOf(tool, leave.args, desk)
      if (canonical(now.touches) === canonical(leave.touches)) return act(desk, accepted, leave, step)
      throw toolFailed(`${name} was not called: since that was allowed, its arguments mean something else.`)
    })
    if (leave.args === args || result === null) return result
    // A model that does not know would go on as if its own words had counted.
    return `[A person changed the arguments to ${canonical(leave.args)}]\n${asText(result)}`
  })
}

/** A rehearsal looks at files, and changes nothing anywhere. */
function actsOutside({ reach, effects = 'pure' }: Tool): boolean {
  return reach === undefined ? effects !== 'pure' : reach !== 'reads'
}

/** Milliseconds that a call may take, unless the agent or the tool says so. */
const DEADLINE = 60_000

function act(desk: Desk, tool: Tool, { args, touches }: Leave, ctx: Context) {
  const { aside, services } = desk.work
  const { deadline = tool.deadline ?? DEADLINE } = desk
  return runTool(tool, args, { ...groundOf(desk, touches), ctx, aside, clock: services.clock, deadline })
}

/** @param approved what a person, or a rule, has let it touch */
function groundOf({ work, permissions }: Desk, approved: Plan['touches'] = []): Ground {
  const mayTouch = (name: string, parts: readonly string[]) => permissions.spares(name, parts, approved)
  return { root: work.root, roots: work.services.roots, mayTouch }
}

/** The tool as it may be called: one that has changed since the run began needs a person's word. */
async function acceptChange({ work }: Desk, tool: Tool, ctx: Context): Promise<Tool> {
  const step = { kind: 'plan', effects: 'pure' } as const
  const change =
    tool.change &&
    (await ctx.step('change', step, async ({ signal }) => (await tool.change?.(signal)) ?? null))
  if (!change) return tool
  const { question, detail } = change
  const { gates } = work.services
  const decision = await work.aside(() =>
    askLeave(ctx, 'change-accepted', { gate: 'tool', question, detail }, gates.patience),
  )
  if (!decision.approved)
    throw toolFailed(`${tool.name} is not what it was, and was not accepted: ${decision.reason}`)
  return tool.after?.(change) ?? tool
}

interface Leave {
  readonly args: JsonObject
  readonly touches: Plan['touches']
}

/** The call as it may be made, as the rules say or a person. Rejects with `tool-failed` when it may not. */
async function obtainLeave(desk: Desk, tool: Tool, args: JsonObject, ctx: Context): Promise<Leave> {
  // What was shown to a person is what counts, whatever the disk says when the run is resumed.
  const look = (name: string, args: JsonObject) =>
    ctx.step(name, { kind: 'plan' }, () => planOf(tool, args, desk))
  const plan = await look('plan', args)
  const verdict = judge(desk, tool, plan, ctx)
  if (verdict.answer === 'allow') return { args, touches: plan.touches }
  const decision = await askPerson(desk, tool, { args, plan, verdict }, ctx)
  if (!decision.approved) throw toolFailed(`${tool.name} was not allowed: ${decision.reason}`)
  if (decision.lasting) desk.work.services.allowed.add(lasting(desk, tool))
  if (decision.edited === undefined) return { args, touches: plan.touches }
  if (!isObject(decision.edited))
    throw toolFailed(`${tool.name} was not called: arguments are a JSON object.`)
  const edited = await look('plan-edited', decision.edited)
  judge(desk, tool, edited, ctx)
  return { args: decision.edited, touches: edited.touches }
}

/** What the rules say. Throws `tool-failed` where they forbid it. */
function judge(desk: Desk, tool: Tool, { touches }: Plan, ctx: Context): Verdict {
  const verdict = desk.permissions.decide(tool, touches)
  if (verdict.answer === 'ask' && desk.work.services.allowed.has(lasting(desk, tool)))
    return { answer: 'allow' }
  if (verdict.answer !== 'deny') return verdict
  const { rule = '' } = verdict
  const reason = `${desk.work.agent} may not call ${tool.name} like this: the rule deny: ${rule}`
  ctx.emit({ type: 'decision', key: ctx.key, what: 'denied', reason, values: { tool: tool.name, rule } })
  throw toolFailed(
    `The team does not allow this: deny ${rule}. Do it in another way, or say that you cannot.`,
  )
}

interface Doubt {
  readonly args: JsonObject
  readonly plan: Plan
  readonly verdict: Verdict
}

function askPerson(desk: Desk, tool: Tool, doubt: Doubt, ctx: Context): Promise<Decision> {
  const { agent, services, aside } = desk.work
  const { args, plan, verdict } = doubt
  const { preview } = plan
  const detail = {
    agent,
    tool: tool.name,
    arguments: args,
    ...(preview !== undefined && { preview }),
    ...(verdict.rule !== undefined && { rule: verdict.rule }),
  }
  const question = `${agent} wants to ${VERBS[tool.reach ?? 'reads']} with ${tool.name}`
  const request = {
    gate: 'tool',
    question,
    detail,
    editable: args,
    schema: tool.parameters,
    lasting: true,
  } as const
  return aside(() => askLeave(ctx, 'permission', request, services.gates.patience))
}

const VERBS = {
  reads: 'read',
  writes: 'change files',
  executes: 'run a program',
  connects: 'talk to another machine',
} as const

/** What a person who says "always" means: this tool of this agent, in this run. */
function lasting({ work }: Desk, { name }: Tool): string {
  return `${work.agent} ${name}`
}

/** What the call touches; without a plan of the tool's own, its arguments, each as `name=value`. */
function planOf(tool: Tool, args: JsonObject, desk: Desk): Promise<Plan> {
  if (tool.plan) return tool.plan(args, groundOf(desk))
  const touches = Object.entries(args).map(([name, value]) => `${name}=${asText(value)}`.split('/'))
  return Promise.resolve({ touches })
}

/** What a tool gives at once; longer results are kept, and given in parts. */
const MOST = 16_000
const HEAD = 12_000
const TAIL = 2_000

export interface Kept {
  readonly key: string
  readonly text: string
}

/** A result as the model is told it: whole, or its beginning and its end, and where the rest is. */
export function excerpt({ key, text }: Kept): string {
  if (text.length <= MOST) return text
  const left = text.length - HEAD - TAIL
  return [
    text.slice(0, HEAD),
    `[… ${left} characters are left out here, of ${text.length}. All of it is kept: use read_result with result: "${key}".]`,
    text.slice(-TAIL),
  ].join('\n')
}
