import type { TeamContext } from '../../coordination/ask.ts'
import type { Context } from '../../engine/context.ts'
import type { Json } from '../../json.ts'

/** Something that one peer asks others for. */
export interface Asking {
  /** From 1, among all that it asks for. */
  readonly number: number
  readonly what: string
  /** The same for all letters about it. */
  readonly correlationId: string
}

export interface Addressed {
  readonly each: Asking
  readonly peer: string
}

interface Choice {
  /** Who does what is asked for, by its number. */
  readonly chosen: Readonly<Record<string, string>>
  /** Who would, but has no capacity left, as NUMBER/PEER. */
  readonly full: readonly string[]
}

export type Letters = ReturnType<typeof lettersOf>

/**
 * What the last one on `path` and those whom it asks for help write to each other. Each call is a step. How much a peer
 * has taken on is read from the letters in the step `root`, so that all who ask count the same.
 */
export function lettersOf(
  { ctx, exchange: { mailbox } }: TeamContext,
  { root, capacity }: { readonly root: string; readonly capacity: number },
  path: readonly string[],
) {
  const asker = path.at(-1) ?? ''
  const idOf = ({ each, peer }: Addressed) => `${each.correlationId}/${peer}`
  const step = <T>(key: string, write: (inner: Context) => T) =>
    ctx.step(key, { kind: 'mailbox' }, async inner => write(inner))

  /** Whoever gets a letter reads it at once. A step that runs again writes nothing twice. */
  const post = (
    inner: Context,
    about: Addressed,
    type: 'help.request' | 'task.request' | 'help.decline' | 'task.response' | 'error',
    payload: Json,
  ) => {
    const isAnswer = !type.endsWith('.request')
    const [from, to] = isAnswer ? [about.peer, asker] : [asker, about.peer]
    const isAboutWork = type !== 'help.request' && type !== 'help.decline'
    const conversation = `${idOf(about)}/${isAboutWork ? 'task' : 'help'}`
    const id = isAnswer ? `${conversation}/answer` : conversation
    const { correlationId } = about.each
    mailbox.send(inner, {
      id,
      type,
      from,
      to,
      correlationId,
      payload,
      ...(isAnswer && { replyTo: conversation }),
    })
    mailbox.deliver(inner, { id }, to)
    mailbox.acknowledge(inner, id, to)
  }
  const decline = (inner: Context, about: Addressed, why: string) =>
    post(inner, about, 'help.decline', { why })
  const requestTo = ({ each, peer }: Addressed) => ({ what: each.what, path: [...path, peer] })

  /** Whether a peer has taken on all that it may; letters of `own` do not count. */
  const isFull = (peer: string, own: readonly string[] = [], more = 0) => {
    const isTaken = ({ id, type, to }: { id: string; type: string; to?: string | undefined }) =>
      type === 'task.request' && to === peer && !own.includes(id)
    return mailbox.sentIn(root).filter(isTaken).length + more >= capacity
  }
  const atCapacity = `it is at capacity, ${capacity} in a run`

  return {
    atCapacity,

    /** Asks for help. Gives those who decline by themselves, having no capacity left, as NUMBER/PEER. */
    request: (key: string, wanted: readonly Addressed[]): Promise<string[]> =>
      step(key, inner =>
        wanted.flatMap(about => {
          post(inner, about, 'help.request', requestTo(about))
          if (!isFull(about.peer)) return []
          decline(inner, about, atCapacity)
          return `${about.each.number}/${about.peer}`
        }),
      ),

    /** Takes the declines, and gives each task to the first of `peers`, best first, that has capacity left. */
    choose: (
      key: string,
      declined: readonly (Addressed & { readonly why: string })[],
      ranked: readonly { readonly each: Asking; readonly peers: readonly string[] }[],
    ): Promise<Choice> =>
      step(key, inner => {
        for (const { why, ...about } of declined) decline(inner, about, why)
        // This step may have run before, in part: what it gave then is given anew.
        const own = ranked.flatMap(({ each, peers }) => peers.map(peer => `${idOf({ each, peer })}/task`))
        const chosen: Record<string, string> = {}
        const full: string[] = []
        for (const { each, peers } of ranked) {
          for (const peer of peers) {
            const given = Object.values(chosen).filter(name => name === peer).length
            if (isFull(peer, own, given)) {
              decline(inner, { each, peer }, atCapacity)
              full.push(`${each.number}/${peer}`)
              continue
            }
            chosen[each.number] = peer
            post(inner, { each, peer }, 'task.request', requestTo({ each, peer }))
            break
          }
        }
        return { chosen, full }
      }),

    /** Those who were given something say what came of it. */
    reply: (
      key: string,
      answers: readonly (Addressed & { readonly result: { output: Json } | { error: string } })[],
    ): Promise<void> =>
      step(key, inner => {
        for (const { result, ...about } of answers)
          post(inner, about, 'error' in result ? 'error' : 'task.response', result)
      }),
  }
}
