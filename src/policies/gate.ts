import * as z from 'zod'
import { duration } from '../duration.ts'
import type { Context } from '../engine/context.ts'
import { CrewError, toCrewError } from '../errors.ts'
import { parseExpression } from '../expressions/cel.ts'
import { holds, renderText, type Scope } from '../expressions/template.ts'
import { asText, type Json, type JsonObject, parseJson } from '../json.ts'
import { validator } from '../json-schema.ts'
import type { WaitRequest } from '../store/events.ts'

/** What a person decides about. */
export interface GateRequest extends Pick<WaitRequest, 'question' | 'detail' | 'editable' | 'schema'> {
  readonly gate: NonNullable<WaitRequest['gate']>
  /** Whether the person may answer for all that is like it in this run. */
  readonly lasting?: boolean
}

/** How long a person is waited for, and what counts when none answers. */
export interface Patience {
  /** Milliseconds; without end by default. */
  readonly timeout?: number | undefined
  readonly otherwise?: 'approve' | 'reject' | undefined
}

export type Decision =
  | {
      readonly approved: true
      /** What the person made of what was editable. */
      readonly edited?: Json
      /** It holds for all that is like it in this run. */
      readonly lasting?: true
    }
  | { readonly approved: false; readonly reason: string }

const patienceOfGates = {
  timeout: duration.optional().describe('How long an answer is waited for; by default without end'),
  otherwise: z
    .enum(['approve', 'reject'])
    .optional()
    .describe('What counts when nobody answers in time; by default "reject"'),
}

const address = z
  .string()
  .regex(/^(https?:\/\/|\$\{)/, 'an address starts with http:// or https://')
  .describe('Gets every question as a POST of JSON, and may answer it; a template')

/** What all gates of a team have in common. */
export const gates = z
  .strictObject({
    ...patienceOfGates,
    webhook: z
      .union([
        address,
        z.strictObject({
          url: address,
          headers: z.record(z.string(), z.string()).optional().describe('Templates: "Bearer ${env.NAME}"'),
        }),
      ])
      .optional()
      .describe('Who is asked while the process is alive, besides whoever answers with crew'),
  })
  .describe('How people are waited for')

/** When a gate opens: the two words, a condition, or all of its terms. */
export function gateWith(sees: string) {
  const when = z
    .union([z.enum(['never', 'always']), z.string()])
    .describe(`never, always, or a CEL condition over ${sees}`)
  const terms = z.strictObject({
    when: when.optional(),
    question: z.string().optional().describe('What the person is asked; a template'),
    ...patienceOfGates,
  })
  return z.union([when, terms])
}

export type Terms = z.infer<ReturnType<typeof gateWith>>

/** What the gates of a team need from around them. */
export interface Gates {
  /** For those that say nothing of their own. */
  readonly patience: Patience
  /** Nobody is waited for. */
  readonly rehearsal: boolean
  /** What the run has spent, as far as that is durable. */
  spent(): Promise<Spent>
}

type Spent = { readonly usd: number; readonly tokens: number }

/** One gate: when it opens, what its condition and its question see, and what it asks. */
export interface Gate {
  readonly key: string
  readonly terms: Terms
  readonly scope: Scope
  readonly request: GateRequest
}

/**
 * Asks a person to let something happen, as the durable wait `key` of `ctx`: the process may end, and the answer counts
 * whenever it comes. Nobody who answers in time counts as a refusal, unless `patience` says otherwise.
 */
export async function askLeave(
  ctx: Context,
  key: string,
  { lasting, ...request }: GateRequest,
  { timeout, otherwise = 'reject' }: Patience,
): Promise<Decision> {
  const { editable } = request
  const choices = [
    'approve',
    ...(lasting ? ['always'] : []),
    ...(editable === undefined ? [] : [`edit=${typeof editable === 'string' ? 'TEXT' : 'JSON'}`]),
    'reject',
    'reject=REASON',
  ]
  try {
    return readDecision(asText(await ctx.waitFor(key, { ...request, choices }, timeout)), editable)
  } catch (thrown) {
    const { code, message } = toCrewError(thrown)
    if (code !== 'timeout' || ctx.signal.aborted) throw thrown
    const reason = `${message}: it counts as "${otherwise}"`
    ctx.emit({ type: 'decision', key: ctx.key, what: 'gate', reason, values: { answer: otherwise } })
    return otherwise === 'approve'
      ? { approved: true }
      : { approved: false, reason: 'nobody answered in time' }
  }
}

/** An answer to a gate. What is none refuses: nothing happens by mistake. */
function readDecision(answer: string, editable: Json | undefined): Decision {
  const [, word = '', rest = ''] = /^(approve|always|edit|reject)(?:=(.*))?$/s.exec(answer) ?? []
  if (word === 'approve') return { approved: true }
  if (word === 'always') return { approved: true, lasting: true }
  if (word === 'edit' && editable !== undefined) {
    const edited = typeof editable === 'string' ? rest : parseJson(rest)
    if (edited !== undefined) return { approved: true, edited }
    return { approved: false, reason: 'what a person made of it is no JSON' }
  }
  return { approved: false, reason: word === 'reject' && rest !== '' ? rest : 'a person said no' }
}

/** Whether the team file asks for a gate at all. */
export function isGated(terms: Terms | undefined): terms is Terms {
  return terms !== undefined && inFull(terms).when !== 'never'
}

/** What a person decides at a gate that the team file declares; approved where it does not open. */
export async function passGate(ctx: Context, gates: Gates, gate: Gate): Promise<Decision> {
  const { when, question: own } = inFull(gate.terms)
  const opened = await opening(ctx, gates, gate, when)
  if (!opened) return { approved: true }
  const question = own === undefined ? gate.request.question : renderText(own, gate.scope)
  if (gates.rehearsal) {
    const reason = `nobody is waited for in a rehearsal: "${question}" counts as approved`
    ctx.emit({ type: 'decision', key: ctx.key, what: 'gate', reason, values: { gate: gate.key, when } })
    return { approved: true }
  }
  return ask(ctx, gates, gate, opened)
}

/**
 * Lets pass what a person approves; gives what the person made of it, if anything. Throws `rejected`. Whoever resumes
 * a run that a refusal brought down has the person asked once more.
 */
export async function passOrThrow(
  ctx: Context,
  gates: Gates,
  gate: Gate,
  what: string,
): Promise<Json | undefined> {
  let decision = await passGate(ctx, gates, gate)
  for (let again = 2; !decision.approved && again <= ctx.reopened + 1; again += 1)
    decision = await ask(ctx, gates, { ...gate, key: `${gate.key}-${again}` }, {})
  if (decision.approved) return decision.edited
  throw new CrewError('rejected', `${what} was not approved: ${decision.reason}`)
}

/** Asks until the answer fits: what does not is refused when it is given, but it may come by other ways. */
async function ask(
  ctx: Context,
  gates: Gates,
  { key, terms, scope, request }: Gate,
  because: JsonObject,
): Promise<Decision> {
  const { question, timeout, otherwise } = inFull(terms)
  const { schema, detail } = request
  const asked = {
    ...request,
    ...(question !== undefined && { question: renderText(question, scope) }),
    ...(Object.keys(because).length > 0 && { detail: { ...(detail as JsonObject), ...because } }),
  }
  const patience = {
    timeout: timeout ?? gates.patience.timeout,
    otherwise: otherwise ?? gates.patience.otherwise,
  }
  let problem: string | undefined
  for (let time = 1; time <= PATIENCE; time += 1) {
    const words = problem === undefined ? asked : { ...asked, question: misfit(asked.question, problem) }
    const decision = await askLeave(ctx, time === 1 ? key : `${key}-again-${time}`, words, patience)
    if (!schema || !decision.approved || decision.edited === undefined) return decision
    problem = (await validator(schema))(decision.edited)
    if (problem === undefined) return decision
  }
  return { approved: false, reason: `what a person made of it does not fit: ${problem}` }
}

/** How often a person is asked who answers with what does not fit. */
const PATIENCE = 5

function misfit(question: string, problem: string): string {
  return `${question}\nThe last answer does not fit: ${problem}`
}

/**
 * Why a gate opens; undefined when it does not. What it depends on changes as the run goes on, so that it is decided
 * once, in a step. A condition that cannot be evaluated opens it.
 */
async function opening(
  ctx: Context,
  gates: Gates,
  { key, scope }: Gate,
  when: string,
): Promise<JsonObject | undefined> {
  if (when === 'never') return undefined
  if (when === 'always') return {}
  const isAboutMoney = readsSpent(when)
  // As an act it has everything before it durable, and so in what the store knows to be spent.
  const step = { kind: 'condition', input: when, ...(isAboutMoney && ({ effects: 'pure' } as const)) }
  const { opens, ...why } = await ctx.step(`${key}-when`, step, async () => {
    const spent = isAboutMoney ? { spent: await gates.spent() } : {}
    return { ...verdict(when, { ...scope, ...spent }), ...spent }
  })
  if (!opens) return undefined
  const values = { gate: key, ...why }
  ctx.emit({ type: 'decision', key: ctx.key, what: 'gate', reason: `a person is asked: ${when}`, values })
  return { when, ...why }
}

function verdict(when: string, scope: Scope): { opens: boolean; problem?: string } {
  try {
    return { opens: holds(when, scope) }
  } catch (thrown) {
    const { code, message } = toCrewError(thrown)
    if (code !== 'template-failed') throw thrown
    return { opens: true, problem: message }
  }
}

function readsSpent(when: string): boolean {
  return parseExpression(when).references.some(({ path }) => path[0] === 'spent')
}

function inFull(terms: Terms): Exclude<Terms, string> & { readonly when: string } {
  return typeof terms === 'string' ? { when: terms } : { ...terms, when: terms.when ?? 'always' }
}
