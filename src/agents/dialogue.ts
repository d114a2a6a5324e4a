import * as z from 'zod'
import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import type { Grants } from '../exchange/grants.ts'
import type { Draft } from '../exchange/mailbox.ts'
import { asJson, asText, type Json, type JsonObject, parseJson } from '../json.ts'
import { firstOf, validator } from '../json-schema.ts'
import { boardName } from '../tools/exchange/board.ts'
import { handover } from '../tools/exchange/hand-off.ts'
import { EVERYBODY, receiverOf, TYPES } from '../tools/exchange/send-message.ts'
import type { Work } from './agent.ts'

export const exchange = z
  .boolean()
  .optional()
  .describe(
    'It also reads {agent, grants, board, messages}, and answers {output, handoff, publish, send, write}',
  )

/** What a program is told of the others. */
type Situation = ReturnType<typeof situationOf>

type Dialogue = Work<{ readonly exchange?: boolean | undefined }>

/**
 * Has a program answer. One that takes part in the exchange is told how things stand, and what it wants done is done
 * once its whole answer was found right.
 */
export async function dialogue(
  work: Dialogue,
  ctx: Context,
  ask: (situation: JsonObject) => Promise<string>,
): Promise<Json> {
  if (!work.spec.exchange) return ask({})
  const { agent } = work
  const grants = grantsOf(work)
  const known = await ctx.step('situation', { kind: 'exchange' }, async inner => situationOf(work, inner))
  const told = { agent, grants: { ...grants, write: grants.write ?? ANY }, ...known }
  const said = await ask(asJson(told) as JsonObject)
  const { output, ...acts } = await readAnswer(work, grants, said)
  const input = asJson(acts)
  await ctx.step('acts', { kind: 'exchange', input }, async inner => act(work, inner, { acts, known, said }))
  return output
}

/** Said of names in the place of a list. */
const ANY = 'any'

/** Where the pattern grants nothing in particular, everybody can be written to, and everything on the board. */
function grantsOf({ grants, colleagues }: Dialogue): Grants {
  return grants ? { write: [], ...grants } : { send: colleagues.others }
}

function situationOf({ agent, services: { exchange } }: Dialogue, ctx: Context) {
  const { board, mailbox } = exchange
  const { entries } = board.at(board.version)
  const shown = Object.values(entries).map(({ name, value, version, by }) => {
    return [name, { value, version, by }] as const
  })
  return { board: Object.fromEntries(shown), messages: mailbox.receive(ctx, agent) }
}

function granted(names: readonly string[]) {
  const error = names.length === 0 ? 'nothing of that is granted' : `granted are only: ${names.join(', ')}`
  return z.string().refine(name => names.includes(name), { error })
}

function shapeOf({ handOff = [], publish = [], send = [], write }: Grants) {
  return z.strictObject({
    output: z.json(),
    handoff: z.strictObject({ to: granted(handOff), ...handover }).optional(),
    publish: z.array(z.strictObject({ topic: granted(publish), payload: z.json() })).default([]),
    send: z
      .array(
        z.strictObject({
          to: granted(send.length > 0 ? [...send, EVERYBODY] : []),
          payload: z.json(),
          type: z.enum(TYPES).default('status'),
          replyTo: z.string().optional(),
        }),
      )
      .default([]),
    write: z.record(write ? granted(write) : boardName, z.json()).default({}),
  })
}

type Acts = Omit<z.infer<ReturnType<typeof shapeOf>>, 'output'>

async function readAnswer(work: Dialogue, grants: Grants, said: string) {
  const answer = parseJson(said)
  if (answer === undefined) throw rejected(work, said, 'it is not JSON')
  const { data, error } = shapeOf(grants).safeParse(answer)
  if (data) {
    // Found out before anything is done that would be done again with the next answer.
    const problem = work.output && (await validator(work.output))(data.output)
    if (problem) throw rejected(work, said, `output: ${problem}`)
    return data
  }
  const problems = error.issues.map(issue => {
    // What is wrong with the name of a property is said one level below.
    const { message } = issue.code === 'invalid_key' ? (issue.issues[0] ?? issue) : issue
    return `${issue.path.join('.') || 'the answer'}: ${message}`
  })
  throw rejected(work, said, firstOf(problems))
}

function rejected({ agent }: Dialogue, answer: string, problem: string): CrewError {
  return new CrewError('output-invalid', `${agent} gave an answer that does not fit its part: ${problem}`, {
    answer,
    hint: `see what it said with: crew logs RUN --agent ${agent}`,
  })
}

/** Does it all, or nothing when the program did not know what another one wrote in the meantime. */
function act(
  work: Dialogue,
  ctx: Context,
  { acts, known, said }: { readonly acts: Acts; readonly known: Situation; readonly said: string },
): null {
  const { agent: from, services } = work
  const { board, mailbox } = services.exchange
  const { write } = acts
  const id = (name: string) => `${ctx.key}/${name}`
  for (const name of Object.keys(write)) {
    const found = board.get(name)
    // What it wrote itself, before its process died, is no surprise.
    if (!found || found.id === id(name) || found.version === known.board[name]?.version) continue
    const now = `It has version ${found.version} and is now: ${asText(found.value)}`
    throw rejected(work, said, `${found.by} wrote ${name} on the board in the meantime. ${now}`)
  }
  for (const [name, value] of Object.entries(write)) board.write(ctx, { id: id(name), name, value, by: from })
  for (const draft of messagesOf(acts, from, ctx.key)) mailbox.send(ctx, draft)
  for (const message of known.messages) mailbox.acknowledge(ctx, message.id, from)
  return null
}

function messagesOf({ handoff, publish, send }: Acts, from: string, key: string): Draft[] {
  const { to, ...payload } = handoff ?? {}
  const handed =
    to === undefined ? [] : [{ id: `${key}/handoff`, type: 'handoff' as const, from, to, payload }]
  const published = publish.map(({ topic, payload }, index) => ({
    id: `${key}/publish-${index + 1}`,
    type: 'event' as const,
    from,
    topic,
    payload,
  }))
  const sent = send.map(({ to, type, payload, replyTo }, index) => ({
    id: `${key}/send-${index + 1}`,
    type,
    from,
    ...receiverOf(to),
    ...(replyTo !== undefined && { replyTo }),
    payload,
  }))
  return [...handed, ...published, ...sent]
}
