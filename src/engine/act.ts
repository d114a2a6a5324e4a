import { type CrewError, toCrewError } from '../errors.ts'
import { asText, type Json } from '../json.ts'
import type { StepView } from '../store/view.ts'
import type { Context, StepRequest } from './context.ts'
import { crashPoint } from './crash.ts'
import type { Execution } from './execution.ts'
import { isInDoubt } from './recorded.ts'

/** The scope of a step that acts. */
interface ActScope extends Context {
  readonly aborted: CrewError | undefined
  finish<T>(request: StepRequest, body: () => Promise<T>): Promise<T>
  refused(reason: CrewError, start: () => void): CrewError
  broken(reason: CrewError, request: StepRequest, how: { readonly untried: true }): CrewError
}

interface Act<T> {
  readonly execution: Execution
  readonly scope: ActScope
  readonly request: StepRequest
  /** The same step as this run left it, or else the one that this run was forked from, when it may have happened there. */
  readonly before: StepView | undefined
  /** This run knows nothing of it yet. */
  readonly isNew: boolean
  readonly start: () => void
  readonly perform: (ctx: Context) => Promise<T>
}

/** Has a step act on the world: with its intent durable before, and not twice where that may do harm. */
export async function act<T>(asked: Act<T>): Promise<T> {
  const { execution, scope, request, before, isNew, start, perform } = asked
  if (before && request.effects === 'once' && (isNew || isInDoubt(before))) {
    const settled = await askWhatHappened(asked, before)
    if (settled) return settled.output as T
  }
  let begun = false
  const begin = async () => {
    begun = true
    start()
    await execution.journal.durable()
    if (scope.aborted) throw scope.broken(scope.aborted, request, { untried: true })
    return scope.finish(request, async () => {
      crashPoint('act:before')
      const output = await perform(scope)
      crashPoint('act:after')
      return output
    })
  }
  const { within = act => act() } = request
  return execution.waits.during(() =>
    within(() => execution.act(scope.signal, begin), scope).catch(thrown => {
      if (begun) throw thrown
      throw scope.refused(toCrewError(thrown), start)
    }),
  )
}

/** Nobody knows whether this step happened, and doing it twice may do harm: a person decides. */
async function askWhatHappened(
  { execution: { journal }, scope, isNew, start }: Act<unknown>,
  { key, input, starts }: StepView,
): Promise<{ output: Json } | undefined> {
  const answer = await scope.waitFor(`outcome-${starts}`, {
    question: `crew was stopped while ${key} was under way, and it may not be safe to do it twice. What now?`,
    choices: ['retry', 'skip', 'done', 'done=OUTPUT'],
    ...(input !== undefined && { detail: input }),
  })
  const [, choice, output = ''] = /^(retry|skip|done)(?:=(.*))?$/s.exec(asText(answer)) ?? []
  if (choice === 'retry') return undefined
  if (isNew) start()
  if (choice === 'done') journal.append({ type: 'step.succeeded', key, output })
  else journal.append({ type: 'step.skipped', key, reason: `a person said: ${asText(answer)}` })
  return { output: choice === 'done' ? output : null }
}
