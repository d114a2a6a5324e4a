/**
 * What crew is given to do: how many steps (calls of the model), how many of them at once, how long the model thinks
 * (milliseconds), how many turns an agent takes, and the aims: times the floor, megabytes, bytes a step. `create` gives,
 * for a number of steps, the team and the input that a user would write, other files beside them, and a check of what
 * the run printed, which throws when it is not what it should be. A `big` one takes minutes, and is run when it is asked
 * for.
 */
export const WORKLOADS = [
  ...[100, 1_000].map(steps => ({
    name: named('pipeline', steps, 100),
    title: `pipeline, ${steps} steps, 0 ms`,
    steps,
    concurrency: 1,
    latency: 0,
    aims: { ...(steps === 100 && { ratio: 1.3 }), store: 1024 },
    runs: steps === 100 ? 7 : 3,
    create: pipeline,
  })),
  ...[1_000, 10_000].map(steps => ({
    name: named('fan-out', steps, 1_000),
    title: `fan-out, ${steps} agents, 100 at once, 50 ms`,
    steps,
    concurrency: 100,
    latency: 50,
    aims: { ...(steps === 1_000 && { ratio: 1.15, memory: 150 }), store: 1024 },
    runs: steps === 1_000 ? 5 : 1,
    big: steps > 1_000,
    create: fanOut,
  })),
  {
    name: 'graph',
    title: 'tasks, 20 layers of 10, 5 ms',
    steps: 200,
    concurrency: 10,
    latency: 5,
    aims: { ratio: 1.25, store: 1024 },
    runs: 5,
    create: layers,
  },
  ...[20, 200].map(agents => ({
    name: named('tools', agents, 20),
    title: `${agents} agents, 20 turns with a tool, ${Math.min(agents, 100)} at once`,
    steps: agents * 20,
    concurrency: Math.min(agents, 100),
    latency: 0,
    turns: 20,
    aims: { store: 1024 },
    runs: agents === 20 ? 3 : 1,
    big: agents > 20,
    create: withTools,
  })),
  {
    name: 'steps-100000',
    title: 'fan-out, 100000 agents, 10 at once, 0 ms',
    steps: 100_000,
    concurrency: 10,
    latency: 0,
    aims: { flat: 1.2, store: 1024 },
    runs: 1,
    big: true,
    create: fanOut,
  },
]

/** The usual size of a workload has its name alone. */
function named(name, size, usual) {
  return size === usual ? name : `${name}-${size}`
}

function pipeline({ steps }) {
  const stages = Array.from({ length: steps }, (_, index) => ({ agent: 'worker', name: `step-${index + 1}` }))
  return {
    team: {
      name: 'bench-pipeline',
      agents: { worker: { role: 'You do one step.' } },
      pattern: { kind: 'pipeline', stages },
      limits: { invocations: 2 * steps },
    },
    input: { task: 'Do what is to be done.' },
    check: ({ output }) => expect(output, `This is answer ${steps} of a model that does not think.`),
  }
}

/** Also what waiting.mjs and resume.mjs have done. */
export function fanOut({ steps, concurrency }) {
  return {
    team: {
      name: 'bench-fan-out',
      input: { items: { type: 'array' } },
      agents: { worker: { role: 'You work on one item.', prompt: 'Work on ${item}.' } },
      pattern: { kind: 'parallel', each: '${input.items}', agent: 'worker' },
      limits: { concurrency, invocations: 2 * steps },
    },
    input: { items: Array.from({ length: steps }, (_, index) => `item ${index + 1}`) },
    check({ output }) {
      expect(output.length, steps)
      // Every request has an answer of its own: so none is missing and none is there twice.
      const numbers = output.map(answer => Number(/answer (\d+) of/.exec(answer)?.[1]))
      expect(new Set(numbers).size, steps)
      expect(
        numbers.reduce((most, number) => Math.max(most, number)),
        steps,
      )
    },
  }
}

/** Each task is handed what all tasks of the layer before it gave. */
function layers({ steps, concurrency: width }) {
  const idOf = (layer, place) => `task-${layer}-${place}`
  const places = Array.from({ length: Math.min(steps, width) }, (_, place) => place)
  const tasks = Array.from({ length: steps }, (_, index) => {
    const [layer, place] = [Math.floor(index / width), index % width]
    const before = layer > 0 && { dependsOn: places.map(other => idOf(layer - 1, other)) }
    return [idOf(layer, place), { agent: 'worker', task: 'Do one part.', ...before }]
  })
  return {
    team: {
      name: 'bench-layers',
      agents: { worker: { role: 'You do one task.' } },
      pattern: { kind: 'tasks', tasks: Object.fromEntries(tasks) },
      limits: { concurrency: width, invocations: 2 * steps },
    },
    input: { task: 'Do what is to be done.' },
    check: ({ output }) => expect(Object.keys(output).length, steps),
  }
}

/** Every turn of an agent but its last is a call of a tool. With a single step, an agent that is answered at once. */
function withTools({ steps, turns, concurrency }) {
  const agents = Math.max(1, steps / turns)
  const { team, input } = fanOut({ steps: agents, concurrency })
  const worker = { ...team.agents.worker, tools: ['read_file'] }
  return {
    team: { ...team, name: 'bench-tools', agents: { worker } },
    input,
    files: { 'lines.txt': Array.from({ length: 30 }, (_, index) => `line ${index + 1}`).join('\n') },
    check: ({ output }) => expect(output.length, agents),
  }
}

function expect(actual, expected) {
  if (actual !== expected) throw new Error(`expected ${expected}, got ${actual}`)
}
