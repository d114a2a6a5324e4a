import { sleep } from '../clock.ts'
import type { Context } from '../engine/context.ts'
import type { Program } from '../engine/execute.ts'
import type { Subscriber } from '../engine/journal.ts'
import { CrewError, toCrewError } from '../errors.ts'
import type { Answer, Fetch } from '../fetch/fetch.ts'
import { codeOfStatus, quote } from '../fetch/status.ts'
import { hash, isObject, type Json, parseJson } from '../json.ts'
import type { Event } from '../store/events.ts'
import { leaveAnswer, openQuestions, type Question, readAnswer } from '../store/questions.ts'
import type { TimedFact } from '../store/store.ts'
import { apply, copyOf, emptyView, type RunView } from '../store/view.ts'
import type { Definition } from '../team/schema.ts'
import type { Observed } from './observed.ts'
import { type Webhook, webhookOf } from './webhook.ts'

/** How long one request may take: whoever is asked may keep it open until a person has decided. */
const DEADLINES = { total: 60_000 }
/** Milliseconds until it is asked again, when it does not say; and the most that it can ask for. */
const PAUSE = 15_000
const LONGEST_PAUSE = 600_000
/** How long the end of a run waits for requests that are under way, in milliseconds. */
const PATIENCE = 5_000
/** Characters of a name that somebody gives as the one who answered. */
const LONGEST_NAME = 100

interface Hook extends Webhook {
  readonly fetch: Fetch
}

/** What watches over the questions of a run, and does nothing to it but answer them. */
export interface GateHook {
  over<T extends { readonly program: Program }>(prepared: T): T
  beside(subscriber: Subscriber): Subscriber
  recall(past: RunView): void
  during<T>(work: Promise<T>): Promise<T>
}

/** Gets the webhook of a team's gates ready. Throws when its templates give no address. */
export async function openGateHook(
  { name: team, gates }: Pick<Definition, 'name' | 'gates'>,
  surroundings: Observed,
): Promise<GateHook> {
  const { webhook } = gates ?? {}
  if (webhook === undefined || surroundings.rehearsal) return NOBODY
  const { scope, clock } = surroundings
  const declared = typeof webhook === 'string' ? { url: webhook } : webhook
  const means = webhookOf(declared, scope, {
    trouble: 'gates cannot be asked at',
    hint: 'correct gates.webhook in the team file, or the variable that it names',
  })
  const { createFetch } = await import('../fetch/fetch.ts')
  const hook = { ...means, fetch: createFetch(clock) }
  return watchGates(team, hook, surroundings)
}

const NOBODY: GateHook = {
  over: prepared => prepared,
  beside: subscriber => subscriber,
  recall: () => {},
  during: work => work,
}

/** Asks the webhook every question that is open while the run is alive, each until it is answered in one way or another. */
function watchGates(team: string, hook: Hook, surroundings: Observed): GateHook {
  const { run, clock, warn } = surroundings
  const view: RunView = emptyView()
  const asking = new Map<string, AbortController>()
  /** From then on nothing is asked again. */
  const last = new AbortController()
  const underWay = new Set<Promise<void>>()
  let emit: Context['emit'] | undefined

  const say = (key: string, reason: string) => {
    if (emit) emit({ type: 'decision', key, what: 'gate-webhook', reason })
    else warn(`crew: ${reason}`)
  }
  const begin = (question: Question) => {
    const stop = new AbortController()
    asking.set(question.key, stop)
    const asked = askUntilAnswered({
      ...surroundings,
      team,
      hook,
      question,
      say,
      signal: stop.signal,
      last: last.signal,
    })
      .catch(thrown => {
        if (!stop.signal.aborted)
          say(question.key, `${hook.host} is not asked any more: ${toCrewError(thrown).message}`)
      })
      .finally(() => underWay.delete(asked))
    underWay.add(asked)
  }
  /** Begins what has come to be open, and ends what is not any more. */
  const compare = () => {
    const open = new Map(openQuestions(view).map(question => [question.key, question]))
    for (const [key, stop] of asking) if (!open.has(key)) stop.abort(answered(key))
    if (last.signal.aborted) return
    for (const [key, question] of open) if (!asking.has(key)) begin(question)
  }
  const see = (event: Event | TimedFact) => {
    // What streams is not kept, and has no place in the journal.
    if (!('seq' in event) || event.seq <= view.seq) return
    apply(view, event)
    if (event.type.startsWith('wait.') || (view.waits.size > 0 && event.type.startsWith('step.'))) compare()
  }
  return {
    over: prepared => ({
      ...prepared,
      program: ctx => {
        emit = fact => ctx.emit(fact)
        compare()
        return prepared.program(ctx)
      },
    }),
    beside: subscriber => event => {
      subscriber(event)
      try {
        see(event)
      } catch (thrown) {
        last.abort()
        warn(`crew: no webhook is asked any more (${toCrewError(thrown).message}); the run goes on`)
      }
    },
    recall: past => void Object.assign(view, copyOf(past)),
    async during(work) {
      try {
        return await work
      } finally {
        last.abort()
        emit = undefined
        const over = new CrewError('cancelled', `run ${run} is over`)
        const cancel = clock.after(PATIENCE, () => {
          for (const stop of asking.values()) stop.abort(over)
        })
        await Promise.all(underWay)
        cancel()
      }
    },
  }
}

interface Asking extends Observed {
  readonly team: string
  readonly hook: Hook
  readonly question: Question
  readonly say: (key: string, reason: string) => void
  /** Aborts when the question is not open any more. */
  readonly signal: AbortSignal
  /** Aborts when the run is over: what is under way is waited for, and nothing is asked again. */
  readonly last: AbortSignal
}

/** Asks again and again, until there is an answer that counts, or `signal` aborts. Rejects when that makes no sense. */
async function askUntilAnswered(asking: Asking): Promise<void> {
  const { hook, question, clock, signal, last, say } = asking
  let complaint = ''
  for (;;) {
    let pause = PAUSE
    try {
      const reply = await post(asking)
      pause = pauseIn(reply) ?? PAUSE
      if (await takeAnswer(asking, reply)) return
    } catch (thrown) {
      const error = toCrewError(thrown)
      if (signal.aborted || !(error.retryable || error.code === 'usage')) throw thrown
      pause = Math.min(LONGEST_PAUSE, error.details.retryAfter ?? PAUSE)
      // The same trouble is told once.
      if (error.message !== complaint)
        say(question.key, `the webhook at ${hook.host} did not answer: ${error.message}`)
      complaint = error.message
    }
    if (last.aborted) return
    await sleep(clock, pause, AbortSignal.any([signal, last])).catch(() => {})
    if (last.aborted || signal.aborted) return
  }
}

async function post({ run, team, hook, question, signal }: Asking): Promise<Answer> {
  const { key, saw, openedAt, until, ...asked } = question
  const times = {
    askedAt: new Date(openedAt).toISOString(),
    ...(until && { until: new Date(until).toISOString() }),
  }
  const answer = await hook.fetch(hook.address, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      // The same for every time that it is asked this: whoever gets it need not ask a person twice.
      'idempotency-key': hash(`${run}/${key}`),
      ...hook.headers,
    },
    body: JSON.stringify({ run, team, key, ...asked, ...times }),
    deadlines: DEADLINES,
    signal,
  })
  if (answer.ok) return answer
  const retryAfter = pauseIn(answer)
  throw new CrewError(codeOfStatus(answer.status), `${answer.status} ${quote(await answer.text())}`, {
    ...(retryAfter !== undefined && { retryAfter }),
  })
}

/** Leaves the answer in a reply for the run, like that of anybody else. False when there is none yet. */
async function takeAnswer(asking: Asking, reply: Answer): Promise<boolean> {
  const { run, store, clock, hook, question, say } = asking
  const text = await reply.text()
  if (reply.status !== 200 || text.trim() === '') return false
  const body: Json | undefined = parseJson(text)
  if (!isObject(body)) throw new CrewError('usage', `it says ${quote(text)}, which is no JSON object`)
  if (body.answer === undefined || body.answer === null) return false
  const words = typeof body.answer === 'string' ? body.answer : JSON.stringify(body.answer)
  const value = await readAnswer(question, words)
  const via = `webhook ${hook.host}`
  const by = typeof body.by === 'string' && body.by.trim() !== '' ? body.by.slice(0, LONGEST_NAME) : via
  try {
    await leaveAnswer(store, run, question, { value, by, via, at: clock.now() })
  } catch (thrown) {
    const { code, message } = toCrewError(thrown)
    if (code !== 'usage') throw thrown
    say(question.key, `what the webhook at ${hook.host} answered came too late: ${message}`)
  }
  return true
}

/** Milliseconds until it wants to be asked again. */
function pauseIn(reply: Answer): number | undefined {
  const seconds = Number(reply.header('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) ? Math.min(LONGEST_PAUSE, Math.max(100, seconds * 1000)) : undefined
}

function answered(key: string): CrewError {
  return new CrewError('cancelled', `${key} is not asked any more`)
}
