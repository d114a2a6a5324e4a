import type { Peek } from '../../store/peek.ts'
import type { RunState } from '../../store/states.ts'
import type { Candidate } from './candidates.ts'
import type { Line } from './line.ts'

/** What a source may look at: the line, and the beginning of the word. */
export interface Seen {
  readonly line: Line
  readonly word: string
  /** Of the runs with which the command can do something. */
  readonly states: readonly RunState[] | undefined
}

/** No more than a person looks through; a shell asks before it lists a hundred. */
const MOST = 50

/** Runs that fit, the newest first. */
export function runs({ line, word, states }: Seen): Promise<Candidate[]> {
  return looking(line, async store => {
    const { systemClock: clock } = await import('../../clock.ts')
    const { formatAge } = await import('../../ui/format.ts')
    const isMeant = ({ state }: { readonly state: RunState }) => states?.includes(state) ?? true
    const describe = ({ team, state, createdAt }: { team: string; state: RunState; createdAt: number }) =>
      `${team}, ${state}, ${formatAge(clock.now() - createdAt)}`
    const [newest] = store.runs({ limit: 1, clock })
    const last = newest && isMeant(newest) ? [{ value: 'last', about: describe(newest) }] : []
    const limit = states ? 20 * MOST : MOST
    const found = store.runs({ idPrefix: word, limit, clock }).filter(isMeant).slice(0, MOST)
    return [...last, ...found.map(run => ({ value: run.id, about: describe(run) }))]
  })
}

/** What the run on the line asks, and nobody has answered. */
export function gates({ line }: Seen): Promise<Candidate[]> {
  return looking(line, async store => {
    const run = await runOn(line, store)
    if (run === undefined) return []
    const [{ openQuestions }, { viewOf }] = await Promise.all([
      import('../../store/questions.ts'),
      import('../../store/view.ts'),
    ])
    const answered = store.answered(run)
    return openQuestions(viewOf(store.events(run)))
      .filter(({ key }) => !answered.has(key))
      .map(({ key, number, question }) => ({ value: key, about: `${number}: ${question}` }))
  })
}

/** The agents of the run on the line, and of the teams inside of its team; only models can be told something. */
export function agents({ line }: Seen): Promise<Candidate[]> {
  return looking(line, async store => {
    const run = await runOn(line, store)
    const [first] = run === undefined ? [] : store.events(run, 1)
    if (first?.type !== 'run.started') return []
    const { agentsIn } = await import('../../team/agents.ts')
    const isMeant = line.command.name() === 'tell' ? (kind: string) => kind === 'llm' : () => true
    const found = new Map<string, string>()
    for (const { name, kind, role = kind } of agentsIn(first.definition))
      if (isMeant(kind) && !found.has(name)) found.set(name, role)
    return [...found].map(([value, about]) => ({ value, about }))
  })
}

/** Steps in which an agent worked, in the run on the line. */
export function steps({ line, word }: Seen): Promise<Candidate[]> {
  return looking(line, async store => {
    const run = await runOn(line, store)
    const found = run === undefined ? [] : store.steps(run, word, MOST)
    return found.map(({ key, agent }) => ({ value: key, about: agent }))
  })
}

/** Names of the teams that have run. */
export function teams({ line }: Seen): Promise<Candidate[]> {
  return looking(line, async store => store.teams().map(value => ({ value, about: '' })))
}

export async function settings(): Promise<Candidate[]> {
  const { listSettings } = await import('../../config.ts')
  return (await listSettings()).map(({ name, about }) => ({ value: name, about }))
}

/** The values of a setting that has only a few. */
export async function valuesOfSetting({ line }: Seen): Promise<Candidate[]> {
  const { choicesOf } = await import('../../config.ts')
  return choicesOf(line.operands[0] ?? '').map(value => ({ value, about: '' }))
}

/** Looks into the store that the line names. */
async function looking(line: Line, look: (store: Peek) => Promise<Candidate[]>): Promise<Candidate[]> {
  const [{ defaultStore }, { peek }] = await Promise.all([
    import('../../home.ts'),
    import('../../store/peek.ts'),
  ])
  const store = peek(line.options.get('db') ?? defaultStore())
  if (!store) return []
  try {
    return await look(store)
  } finally {
    store.close()
  }
}

/** The run that the line names; the last one where it may be left out. */
async function runOn({ command, operands }: Line, store: Peek): Promise<string | undefined> {
  const place = command.registeredArguments.findIndex(argument => argument.name() === 'run')
  if (place < 0) return undefined
  const word = operands[place] ?? 'last'
  const { systemClock: clock } = await import('../../clock.ts')
  const back = word === 'last' ? 1 : Number(/^-(\d+)$/.exec(word)?.[1] ?? 0)
  if (back > 0) return store.runs({ limit: back, clock })[back - 1]?.id
  const found = store.runs({ idPrefix: word, limit: 2, clock })
  return found.find(({ id }) => id === word)?.id ?? (found.length === 1 ? found[0]?.id : undefined)
}
