/**
 * What crew is given to do: how many steps, how many of them at once, how long the model thinks (milliseconds), and the
 * aims: times the floor, megabytes. `create` gives, for a number of steps, the team and the input that a user would
 * write, and a check of what the run printed, which throws when it is not what it should be.
 */
export const WORKLOADS = [
  {
    name: 'pipeline',
    title: 'pipeline, 100 steps, 0 ms',
    steps: 100,
    concurrency: 1,
    latency: 0,
    aims: { ratio: 1.8 },
    runs: 11,
    create: pipeline,
  },
  {
    name: 'fan-out',
    title: 'fan-out, 1000 agents, 100 at once, 50 ms',
    steps: 1_000,
    concurrency: 100,
    latency: 50,
    aims: { ratio: 1.5, memory: 150 },
    runs: 7,
    create: fanOut,
  },
]

function pipeline({ steps }) {
  const stages = Array.from({ length: steps }, (_, index) => ({ agent: 'worker', name: `step-${index + 1}` }))
  return {
    team: {
      name: 'bench-pipeline',
      agents: { worker: { role: 'You do one step.' } },
      pattern: { kind: 'pipeline', stages },
    },
    input: { task: 'Do what is to be done.' },
    check: ({ output }) => expect(output, `This is answer ${steps} of a model that does not think.`),
  }
}

function fanOut({ steps, concurrency }) {
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
      expect(Math.max(...numbers), steps)
    },
  }
}

function expect(actual, expected) {
  if (actual !== expected) throw new Error(`expected ${expected}, got ${actual}`)
}
