import * as z from 'zod'
import type { TeamContext } from '../coordination/ask.ts'
import { pathOf, schemaOf } from '../coordination/ask-for.ts'
import { quoted } from '../coordination/sameness.ts'
import { CrewError } from '../errors.ts'
import { ExpressionError, parseExpression } from '../expressions/cel.ts'
import { holds, type Scope } from '../expressions/template.ts'
import { asText, brief, isObject, type Json } from '../json.ts'
import type { Pattern } from './pattern.ts'

/** What the conditions of a refine see of it. */
const VARIABLES = ['draft', 'critique', 'attempt']

const schema = z
  .strictObject({
    kind: z.literal('refine'),
    generator: z.string().describe('The agent that writes, and mends what is criticised'),
    critic: z
      .string()
      .describe('The agent that judges; without an output of its own: score 0 to 10, problems, verdict'),
    until: z
      .string()
      .describe('CEL condition over draft, critique and attempt; when it holds the draft is done'),
    attempts: z.int().min(1).default(4).describe('How many drafts there may be'),
    score: z
      .string()
      .optional()
      .describe(
        'CEL number by which the best draft is found; default: critique.score, where that is a number',
      ),
    onLimit: z
      .enum(['best', 'fail'])
      .default('best')
      .describe('When no draft was good enough: end with the best one, or fail'),
  })
  .superRefine(({ generator, critic, score }, context) => {
    const problem = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (generator === critic) problem('critic', 'who writes does not judge it: name another agent')
    const mistake = score === undefined ? undefined : mistakeIn(score)
    if (mistake) problem('score', mistake)
  })

type Spec = z.infer<typeof schema>

function mistakeIn(score: string): string | undefined {
  try {
    const { problem, references, type } = parseExpression(score)
    const known = [...VARIABLES, 'input', 'steps', 'env', 'run']
    const unknown = references.find(({ path }) => !known.includes(path[0]))
    if (unknown) return `there is no "${unknown.path[0]}"; there is: ${known.join(', ')}`
    if (!['int', 'double', 'dyn'].includes(type)) return `a score is a number; this is of type ${type}`
    return problem?.message
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return thrown.message
    throw thrown
  }
}

/** What a critic answers that does not say itself what it answers. */
const answer = z.strictObject({
  score: z.number().min(0).max(10).describe('How good the draft is: 0 is useless, 10 cannot be better'),
  problems: z
    .array(z.string())
    .describe('What has to be mended, each as one instruction; none if all is well'),
  verdict: z.string().describe('The judgement in one sentence'),
})

/** A draft that was judged and not found good enough. */
interface Attempt {
  readonly attempt: number
  readonly draft: Json
  readonly critique: Json
  /** Null where the critique has none. */
  readonly score: number | null
}

/** One agent writes, another judges, until the draft passes or there may be no more. */
export const refine = {
  kind: 'refine',
  schema,

  async run(team, spec) {
    const failed: Attempt[] = []
    for (let attempt = 1; attempt <= spec.attempts; attempt += 1) {
      const key = `attempt-${attempt}`
      const { draft, critique } = await team.group(key, group => draftAndJudge(group, spec, attempt, failed))
      const again = failed.find(former => isSame(former.draft, draft))
      if (again) return repeated(team, spec, failed, { attempt, again })
      const scope = scopeOf(team, spec, { attempt, draft, critique })
      const passed = holds(spec.until, scope)
      const score = scoreOf(spec, critique, scope)
      const reason = `attempt ${attempt} ${passed ? 'is good enough' : 'is not good enough'}: ${spec.until}`
      const values = { attempt, passed, score, critique }
      team.ctx.emit({ type: 'decision', key: pathOf(team, key), what: 'judged', reason, values })
      if (passed) return resultOf(spec, { draft, critique })
      failed.push({ attempt, draft, critique, score })
    }
    return spent(team, spec, failed)
  },

  graph({ generator, critic }) {
    return {
      nodes: [
        { step: generator, agent: generator, path: ['generator'], after: [], variables: VARIABLES },
        {
          step: critic,
          agent: critic,
          path: ['critic'],
          after: [generator],
          output: {},
          variables: VARIABLES,
        },
      ],
      edges: [
        { from: generator, to: critic, label: 'draft' },
        { from: critic, to: generator, label: 'critique' },
      ],
      variables: VARIABLES,
    }
  },
} satisfies Pattern<Spec>

/** The draft of one attempt, and what the critic says to it; nothing when it was given before. */
async function draftAndJudge(
  team: TeamContext,
  spec: Spec,
  attempt: number,
  failed: readonly Attempt[],
): Promise<Pick<Attempt, 'draft' | 'critique'>> {
  const { generator, critic } = spec
  const { task } = team
  const { draft: last = null, critique: lastCritique = null } = failed.at(-1) ?? {}
  const draft = await team.ask(generator, {
    key: generator,
    scope: scopeOf(team, spec, { attempt, draft: last, critique: lastCritique }),
    ...(failed.length > 0 && { instruction: mend(critic, last, lastCritique) }),
  })
  if (failed.some(former => isSame(former.draft, draft))) return { draft, critique: null }
  const critique = await team.ask(critic, {
    key: critic,
    packet: {
      task,
      knowledge: { [generator]: draft },
      current: `Judge the draft of ${generator} by the task. Name every problem, and what would mend it.`,
    },
    scope: scopeOf(team, spec, { attempt, draft, critique: lastCritique }),
    ...(!team.agents[critic]?.output && { output: schemaOf(answer) }),
  })
  return { draft, critique }
}

/** Told as an instruction, which reaches an agent that has a prompt of its own as well. */
function mend(critic: string, draft: Json, critique: Json): string {
  return [
    `Your last draft:\n${asText(draft)}`,
    `What ${critic} says to it:\n${asText(critique)}`,
    'Write it anew: mend everything that is criticised, and keep what is good. Answer with the new draft alone.',
  ].join('\n\n')
}

function scopeOf(
  { scope }: TeamContext,
  { generator, critic }: Spec,
  { attempt, draft, critique }: Pick<Attempt, 'attempt' | 'draft' | 'critique'>,
): Scope {
  const steps = { [generator]: { output: draft }, [critic]: { output: critique } }
  return { ...scope, attempt, draft, critique, steps }
}

/** Space does not make another draft; anything else may be just what was criticised. */
function isSame(one: Json, other: Json): boolean {
  const [a, b] = [one, other].map(draft => asText(draft).replace(/\s+/g, ' ').trim())
  return a === b
}

function scoreOf({ score: expression }: Spec, critique: Json, scope: Scope): number | null {
  const score = expression
    ? parseExpression(expression).evaluate(scope)
    : isObject(critique) && critique.score
  if (typeof score === 'number') return score
  if (expression === undefined) return null
  throw new CrewError(
    'template-failed',
    `the score "${expression}" is no number but ${brief(score ?? null)}`,
    {
      hint: 'name a number in the critique',
    },
  )
}

function resultOf({ generator, critic }: Spec, { draft, critique }: Pick<Attempt, 'draft' | 'critique'>) {
  return { output: draft, steps: { [generator]: { output: draft }, [critic]: { output: critique } } }
}

/** The generator has nothing new to say: more attempts would only repeat it. */
function repeated(
  team: TeamContext,
  spec: Spec,
  failed: readonly Attempt[],
  { attempt, again }: { readonly attempt: number; readonly again: Attempt },
) {
  const { generator, critic } = spec
  const what = `${generator} gave in attempt ${attempt} the draft of attempt ${again.attempt} again, which ${critic} had criticised`
  if (spec.onLimit === 'best') return best(team, spec, failed, what)
  throw new CrewError('limit-loop', `${what}: ${quoted(asText(again.critique))}\n  ${scoresIn(failed)}`, {
    hint: `see what they said with: crew logs RUN --agent ${generator}`,
  })
}

function spent(team: TeamContext, spec: Spec, failed: readonly Attempt[]) {
  const { until, attempts, critic } = spec
  const what = `none of ${attempts} ${attempts === 1 ? 'draft' : 'drafts'} was good enough: ${until}`
  if (spec.onLimit === 'best') return best(team, spec, failed, what)
  const last = quoted(asText(failed.at(-1)?.critique ?? ''))
  throw new CrewError('limit-rounds', `${what}\n  ${scoresIn(failed)}\n  ${critic} said last: ${last}`, {
    hint: 'raise "attempts", ask for less in "until", or take the best with onLimit: best',
  })
}

/** Ends with the draft that has the highest score, of equals the first; where there are no scores, with the last. */
function best(team: TeamContext, spec: Spec, failed: readonly Attempt[], why: string) {
  const scored = failed.filter(({ score }) => score !== null)
  const [highest] = scored.toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0))
  const chosen = highest ?? failed.at(-1)
  if (!chosen) throw new Error('there is no draft to choose from')
  const { attempt, score } = chosen
  const reason = `${why}; ${highest ? `the best is that of attempt ${attempt}, with ${score}` : 'nothing has a score, so the last is taken'}`
  const values = { attempt, scores: Object.fromEntries(failed.map(one => [one.attempt, one.score])) }
  team.ctx.emit({ type: 'decision', key: pathOf(team, `attempt-${attempt}`), what: 'best', reason, values })
  return resultOf(spec, chosen)
}

function scoresIn(failed: readonly Attempt[]): string {
  const scores = failed.map(({ attempt, score }) => `attempt ${attempt}: ${score ?? 'none'}`)
  return `scores: ${scores.join(', ')}`
}
