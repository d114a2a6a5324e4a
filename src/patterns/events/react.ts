import type { AskRequest, TeamContext } from '../../coordination/ask.ts'
import { pathOf } from '../../coordination/ask-for.ts'
import { attempt } from '../../coordination/attempt.ts'
import type { CrewError } from '../../errors.ts'
import { DELIVERIES } from '../../exchange/mailbox.ts'
import { holds, type Scope } from '../../expressions/template.ts'
import type { Json } from '../../json.ts'
import type { Message } from '../../store/events.ts'

export interface Reaction {
  readonly message: Message
  readonly agent: string
  readonly request: Omit<AskRequest, 'key'> & { readonly scope: Scope }
  readonly publish: readonly Publication[]
}

/** A topic under which an output is published, when a condition that also sees that `output` holds. */
export interface Publication {
  readonly topic: string
  readonly when?: string | undefined
}

/**
 * Delivers a message to an agent and has it react, again and again until it does: three times at the most; only once where crew
 * itself has tried again already, or where that may do harm. What it publishes is sent together with the acknowledgement. When it never
 * reacts, the message is a dead letter and its last failure is thrown.
 */
export async function react(
  team: TeamContext,
  { message, agent, request, publish }: Reaction,
): Promise<Json> {
  const { ctx, exchange } = team
  const { id } = message
  const inMailbox = (key: string, use: (inner: typeof ctx) => unknown) =>
    ctx.step(key, { kind: 'mailbox' }, async inner => {
      use(inner)
      return null
    })
  for (let delivery = 1; ; delivery += 1) {
    const nth = delivery === 1 ? '' : `-again-${delivery}`
    await inMailbox(`deliver${nth}`, inner => exchange.mailbox.deliver(inner, message, agent))
    const ended = await attempt(team, team.ask(agent, { ...request, key: `reaction${nth}` }))
    if ('output' in ended) {
      const { output } = ended
      const topics = choose(team, publish, { ...request.scope, output })
      await inMailbox('acknowledge', inner => {
        exchange.mailbox.acknowledge(inner, id, agent)
        for (const topic of topics)
          exchange.mailbox.send(inner, { type: 'event', from: agent, topic, replyTo: id, payload: output })
      })
      return output
    }
    const { error } = ended
    const isSpent = error.details.attempts !== undefined || team.agents[agent]?.isOnce === true
    const isDead = delivery === DELIVERIES || isSpent
    note(team, `reaction${nth}`, { agent, error, delivery, isDead })
    if (!isDead) continue
    await inMailbox('bury', inner => exchange.mailbox.bury(inner, id, agent, error.message))
    throw error
  }
}

function choose({ ctx }: TeamContext, publish: readonly Publication[], scope: Scope): string[] {
  const topics = publish
    .filter(({ when }) => when === undefined || holds(when, scope))
    .map(each => each.topic)
  if (publish.some(({ when }) => when !== undefined)) {
    const reason =
      topics.length > 0 ? `publishes ${topics.join(', ')}` : 'publishes nothing: no condition holds'
    const values = { conditions: publish.map(({ topic, when = 'always' }) => `${topic}: ${when}`) }
    ctx.emit({ type: 'decision', key: ctx.key, what: 'publish', reason, values })
  }
  return topics
}

function note(
  team: TeamContext,
  step: string,
  failed: {
    readonly agent: string
    readonly error: CrewError
    readonly delivery: number
    readonly isDead: boolean
  },
): void {
  const { agent, error, delivery, isDead } = failed
  const reason = `${agent} failed: ${error.message}`
  const values = { error: error.code, delivery, of: DELIVERIES }
  const what = isDead ? 'dead-letter' : 'redeliver'
  team.ctx.emit({ type: 'decision', key: pathOf(team, step), what, reason, values })
}
